import { imageOf } from '@simgan/core';
import { zipSync } from 'fflate';
import { expect, test } from 'vitest';
import { temporaryFolder, writeFiles } from '../../test/folders.ts';
import { encodePng } from '../pictures/encode-picture.ts';
import { readFormatSamples } from './format-samples.ts';

const form = { width: 8, height: 8, channels: 1, bits: 8 } as const;

/** Pictures of 16 bits with values up to `highest`. */
const deep = (highest: number) =>
  imageOf(
    Uint16Array.from({ length: 64 }, (_, i) => Math.round((i / 63) * highest)),
    { ...form, bits: 16 },
  );

/** An array of 16-bit whole numbers as NumPy stores it. */
function npy({ data }: { readonly data: ArrayBufferView }): Uint8Array {
  const text = "{'descr': '<u2', 'fortran_order': False, 'shape': (1, 8, 8), }".padEnd(117).concat('\n');
  const header = Uint8Array.of(0x93, ...Buffer.from('NUMPY'), 1, 0, 118, 0);
  return Buffer.concat([
    header,
    Buffer.from(text),
    Buffer.from(data.buffer, data.byteOffset, data.byteLength),
  ]);
}

test.each([
  ['pictures', async (highest: number) => ({ 'cup/0.png': await encodePng(deep(highest)) }), 'imagefolder'],
  ['arrays', async (highest: number) => ({ 'a.npz': zipSync({ 'images.npy': npy(deep(highest)) }) }), 'npz'],
] as const)(
  'what the values of %s of a format mean is looked at, told, or asked for',
  async (_, make, format) => {
    const dir = await temporaryFolder();
    await writeFiles(dir, { ...(await make(1000)), 'none.txt': '' });
    const sample = await (await readFormatSamples(dir, { format, image: form })).samples.at(0);
    expect(Math.max(...sample.image.data)).toBe(Math.round((1000 / 1023) * 255));
    expect(sample.source?.values).toBe('10 bits in 16 (0 to 1023)');
    const given = await readFormatSamples(dir, { format, image: form, valueRange: [0, 2000] });
    expect(Math.max(...(await given.samples.at(0)).image.data)).toBe(Math.round(255 / 2));

    await writeFiles(dir, await make(1300));
    await expect(readFormatSamples(dir, { format, image: form })).rejects.toThrow(
      'hold values up to 1300, and which value is white cannot be known from that. Say so with `valueRange`',
    );
  },
);
