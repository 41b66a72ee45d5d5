import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import h5wasm from 'h5wasm/node';

/** The pixels of `p00/image`: 0 to 23. */
export const pixels = Array.from({ length: 24 }, (_, i) => i);

/** Versions of the format: `old` has no checksums, and all programs write it unless told otherwise. */
const versions = { old: ['earliest', 'v108'], new: 'latest' } as const;

/** A small HDF5 file with arrays of several types, texts and a compressed array. */
export function writeHdf5(version: keyof typeof versions = 'old'): Promise<Buffer> {
  return write(version, writeContent);
}

function writeContent(out: InstanceType<typeof h5wasm.File>): void {
  const group = out.create_group('p00');
  group.create_dataset({ name: 'image', data: Uint8Array.from(pixels), shape: [2, 3, 4] });
  group.create_dataset({ name: 'gaze', data: Float64Array.of(0.1, Number.NaN), shape: [1, 2] });
  group.create_dataset({ name: 'count', data: BigInt64Array.of(7n), shape: [1] });
  group.create_dataset({ name: 'offset', data: Int8Array.of(-1, 127) });
  out.create_dataset({
    name: 'packed',
    data: Float32Array.from({ length: 100 }, (_, i) => i / 2),
    shape: [10, 10],
    chunks: [5, 5],
    compression: 'gzip',
  });
  out.create_dataset({ name: 'path', data: ['imgs/1.jpg', 'ä.jpg', ''] });
  out.create_dataset({ name: 'fixed', data: ['ab', 'cde'], dtype: 'S4' });
  out.create_dataset({ name: 'scalar', data: 5 });
}

async function write(
  version: keyof typeof versions,
  fill: (out: InstanceType<typeof h5wasm.File>) => void,
): Promise<Buffer> {
  await h5wasm.ready;
  const path = join(tmpdir(), `simgan-${crypto.randomUUID()}.h5`);
  const libver = versions[version] as 'latest' | ['earliest', 'v108'];
  const out = new h5wasm.File(path, 'w', { libver });
  fill(out);
  out.close();
  try {
    return await readFile(path);
  } finally {
    await rm(path);
  }
}

/**
 * A file with an array `half` of 16-bit floats, which h5wasm does not write: an array of as many 32-bit floats whose
 * datatype and lengths are written over (HDF5's file format specification, IV.A.2.b and d).
 */
export async function writeFloat16(bits: Uint16Array): Promise<Buffer> {
  const file = await write('old', (out) => {
    const data = new Float32Array(bits.buffer, bits.byteOffset, bits.length / 2);
    out.create_dataset({ name: 'half', data });
  });
  const float32 = Buffer.from('11201f000400000000002000170800177f000000', 'hex');
  const float16 = Buffer.from('11200f0002000000000010000a05000a0f000000', 'hex');
  float16.copy(file, file.indexOf(float32));
  const length = (count: number) => {
    const bytes = Buffer.alloc(16);
    bytes.writeBigUInt64LE(BigInt(count), 0);
    bytes.writeBigUInt64LE(BigInt(count), 8);
    return bytes;
  };
  length(bits.length).copy(file, file.indexOf(length(bits.length / 2)));
  return file;
}
