import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  type DatasetReader,
  imageOf,
  imageProblem,
  type Reject,
  type Sample,
  type SizedForm,
} from '@simgan/core';
import { idKey, idProblem } from '@simgan/core/reading';
import { encodePng, openFolder } from '@simgan/node';
import { expect, onTestFinished } from 'vitest';
import { type EyeAnnotation, eyeAnnotation } from '../src/annotation.ts';

export { type Hdf5Content, writeHdf5 } from './write-hdf5.ts';

/** The paper's form. */
export const form: SizedForm = { width: 55, height: 35, channels: 1, bits: 8 };

/** A temporary folder that is removed when the test ends. */
export async function temporaryFolder(files: Record<string, Uint8Array | string> = {}): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'simgan-eyes-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  for (const [file, content] of Object.entries(files)) {
    await mkdir(dirname(join(dir, file)), { recursive: true });
    await writeFile(join(dir, file), content);
  }
  return dir;
}

/** Everything that a reader reads from a folder; ids are checked, and annotations are validated by the schema. */
export async function readAll(
  dir: string,
  reader: DatasetReader<EyeAnnotation>,
  image: SizedForm = form,
): Promise<{ samples: Sample<EyeAnnotation>[]; rejects: readonly Reject[] }> {
  const read = await reader(await openFolder(dir), { image });
  const samples: Sample<EyeAnnotation>[] = [];
  const ids = Array.from({ length: read.samples.length }, (_, index) => read.samples.id(index));
  for (const id of ids) expect(idProblem(id)).toBeUndefined();
  expect(new Set(ids.map(idKey)).size).toBe(ids.length);
  for await (const sample of read.samples) {
    expect(sample.id).toBe(ids[samples.length]);
    const copy: unknown = JSON.parse(JSON.stringify(sample.annotation));
    expect(await eyeAnnotation['~standard'].validate(copy)).toEqual({ value: copy });
    expect(imageProblem(sample.image, image)).toBeUndefined();
    samples.push(sample);
  }
  return { samples, rejects: read.rejects };
}

/** A gray picture with a given value at each pixel, as a PNG file. */
export function png(
  width: number,
  height: number,
  at: (x: number, y: number) => number,
): Promise<Uint8Array> {
  const data = Uint8Array.from({ length: width * height }, (_, i) => at(i % width, Math.floor(i / width)));
  return encodePng(imageOf(data, { width, height, channels: 1, bits: 8 }));
}
