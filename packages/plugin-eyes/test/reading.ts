import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { DatasetReader, ImageSpec, Reject, Sample } from '@simgan/core';
import { encodePng, openFolder } from '@simgan/core/node';
import h5wasm from 'h5wasm/node';
import { expect, onTestFinished } from 'vitest';
import { type EyeAnnotation, eyeAnnotation } from '../src/annotation.ts';

/** The paper's form. */
export const form: ImageSpec = { width: 55, height: 35, channels: 1, bits: 8 };

/** A folder that goes when the test ends. */
export async function temporaryFolder(files: Record<string, Uint8Array | string> = {}): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'simgan-eyes-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  for (const [file, content] of Object.entries(files)) {
    await mkdir(dirname(join(dir, file)), { recursive: true });
    await writeFile(join(dir, file), content);
  }
  return dir;
}

/** All that a reader makes of a folder; every annotation is held to the schema. */
export async function readAll(
  dir: string,
  reader: DatasetReader<EyeAnnotation>,
  image: ImageSpec = form,
): Promise<{ samples: Sample<EyeAnnotation>[]; rejects: readonly Reject[] }> {
  const folder = await openFolder(dir);
  onTestFinished(() => folder.close());
  const read = await reader(folder, { image });
  const samples: Sample<EyeAnnotation>[] = [];
  for await (const sample of read.samples) {
    expect(eyeAnnotation.parse(JSON.parse(JSON.stringify(sample.annotation)))).toEqual(
      JSON.parse(JSON.stringify(sample.annotation)),
    );
    expect(sample.image.length).toBe(image.width * image.height * image.channels);
    samples.push(sample);
  }
  return { samples, rejects: read.rejects };
}

/** A grey picture of a value at each place, as a PNG file. */
export function png(
  width: number,
  height: number,
  at: (x: number, y: number) => number,
): Promise<Uint8Array> {
  const image = Uint8Array.from({ length: width * height }, (_, i) => at(i % width, Math.floor(i / width)));
  return encodePng(image, { width, height, channels: 1, bits: 8 });
}

/** What an HDF5 file holds: groups of groups and arrays. */
export type Hdf5Content =
  | { readonly shape: number[]; readonly data: Uint8Array | Float64Array }
  | readonly string[]
  | { readonly [name: string]: Hdf5Content };

export async function writeHdf5(
  file: string,
  content: { readonly [name: string]: Hdf5Content },
): Promise<void> {
  await h5wasm.ready;
  const out = new h5wasm.File(file, 'w');
  const fill = (
    group: InstanceType<typeof h5wasm.Group>,
    members: { readonly [name: string]: Hdf5Content },
  ) => {
    for (const [name, member] of Object.entries(members)) {
      if (Array.isArray(member)) group.create_dataset({ name, data: [...member] as string[] });
      else if ('data' in member && 'shape' in member) {
        const { data, shape } = member as { data: Uint8Array; shape: number[] };
        group.create_dataset({ name, data, shape });
      } else fill(group.create_group(name), member as { readonly [name: string]: Hdf5Content });
    }
  };
  fill(out, content);
  out.close();
}
