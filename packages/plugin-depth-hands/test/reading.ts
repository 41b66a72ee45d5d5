/** @file Writes files of other formats, without the code that reads them, and reads them back. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type DatasetReader, imageOf, type Reject, type Sample, type SizedForm } from '@simgan/core';
import { idProblem } from '@simgan/core/reading';
import { encodePng, openFolder } from '@simgan/node';
import { expect, onTestFinished } from 'vitest';
import { type HandAnnotation, handAnnotation } from '../src/annotation.ts';
import { handImage } from '../src/hand-image.ts';

/** A folder that is removed when the test ends. */
export async function temporaryFolder(files: Record<string, Uint8Array | string>): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'simgan-hands-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  for (const [file, content] of Object.entries(files)) {
    await mkdir(dirname(join(dir, file)), { recursive: true });
    await writeFile(join(dir, file), content);
  }
  return dir;
}

/** Reads all of a folder; every annotation must fit the schema and every id must be valid. */
export async function readAll(
  dir: string,
  reader: DatasetReader<HandAnnotation>,
  image: SizedForm = handImage(100, 300),
): Promise<{ samples: Sample<HandAnnotation>[]; rejects: readonly Reject[] }> {
  const folder = await openFolder(dir);
  const read = await reader(folder, { image });
  const samples: Sample<HandAnnotation>[] = [];
  for await (const sample of read.samples) {
    const copy: unknown = JSON.parse(JSON.stringify(sample.annotation));
    expect(await handAnnotation['~standard'].validate(copy)).toEqual({ value: copy });
    expect(sample.id).toBe(read.samples.id(samples.length));
    expect(idProblem(sample.id)).toBeUndefined();
    samples.push(sample);
  }
  return { samples, rejects: read.rejects };
}

/** What a camera sees at each pixel, in the units of the format. */
export type Scene = (u: number, v: number) => number;

/** 16-bit gray. */
export function grayPng(width: number, height: number, scene: Scene): Promise<Uint8Array> {
  const values = new Uint16Array(width * height);
  for (let i = 0; i < values.length; i++) values[i] = scene(i % width, Math.floor(i / width));
  return encodePng(imageOf(values, { width, height, channels: 1, bits: 16 }));
}

/** The NYU dataset's 640 x 480 RGB; red is noise. */
export function nyuPng(scene: Scene): Promise<Uint8Array> {
  const values = new Uint8Array(640 * 480 * 3);
  for (let v = 0; v < 480; v++) {
    for (let u = 0; u < 640; u++) {
      const depth = scene(u, v);
      values.set([(u * v) % 256, Math.floor(depth / 256), depth % 256], 3 * (v * 640 + u));
    }
  }
  return encodePng(imageOf(values, { width: 640, height: 480, channels: 3, bits: 8 }));
}

/** A MAT-file of level 5 with one array of doubles; indices of `at` count from 0. */
export function matFile(
  name: string,
  shape: readonly number[],
  at: (...index: number[]) => number,
): Uint8Array {
  const count = shape.reduce((a, b) => a * b);
  const data = Buffer.alloc(8 * count);
  for (let i = 0; i < count; i++) {
    let rest = i;
    const index = shape.map((length) => {
      const own = rest % length;
      rest = Math.floor(rest / length);
      return own;
    });
    data.writeDoubleLE(at(...index), 8 * i);
  }
  const element = (type: number, bytes: Buffer) => {
    const tag = Buffer.alloc(8);
    tag.writeUInt32LE(type, 0);
    tag.writeUInt32LE(bytes.length, 4);
    return Buffer.concat([tag, bytes, Buffer.alloc((8 - (bytes.length % 8)) % 8)]);
  };
  const ints = (values: readonly number[]) => Buffer.from(Int32Array.from(values).buffer);
  const matrix = element(
    14,
    Buffer.concat([
      element(6, ints([6, 0])),
      element(5, ints(shape)),
      element(1, Buffer.from(name)),
      element(9, data),
    ]),
  );
  const header = Buffer.alloc(128, ' ');
  header.write('MATLAB 5.0 MAT-file, written by a test');
  header.writeUInt16LE(0x0100, 124);
  header.write('IM', 126);
  return Buffer.concat([header, matrix]);
}
