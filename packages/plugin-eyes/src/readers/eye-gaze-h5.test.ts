import { join } from 'node:path';
import { expect, test } from 'vitest';
import { form, readAll, temporaryFolder, writeHdf5 } from '../../test/reading.ts';
import { eyeGazeH5 } from './eye-gaze-h5.ts';

const picture = (value: number) => ({
  shape: [35, 55],
  data: Uint8Array.from({ length: 1925 }, (_, i) => (i + value) % 256),
});

test("reads Kaggle's synthetic and real eyes, exact at their own size", async () => {
  const dir = await temporaryFolder();
  const vector = (...numbers: number[]) => ({ shape: [numbers.length], data: Float64Array.from(numbers) });
  await writeHdf5(join(dir, 'gaze.h5'), {
    image: {
      a: picture(1),
      b: picture(2),
      c: picture(3),
      d: picture(4),
      e: { shape: [0, 55], data: new Uint8Array() },
      f: picture(5),
    },
    look_vec: {
      a: vector(0, 0.6, -0.8, 0),
      b: ['(-0.6, 0.0, -0.8, 0.0)'],
      c: vector(Number.NaN, 0, -1),
      f: vector(3, 0, 0),
    },
    path: { a: ['1.jpg'], b: ['2.jpg'] },
  });
  await writeHdf5(join(dir, 'real_gaze.h5'), { image: { 'x:1.png': picture(7), 'x?1.png': picture(8) } });
  await writeHdf5(join(dir, 'zero.h5'), { other: picture(0) });
  const { samples, rejects } = await readAll(dir, eyeGazeH5());
  expect(samples.map(({ id, annotation }) => [id, annotation.gaze?.direction])).toEqual([
    ['gaze/a', [0, -0.6, -0.8]],
    ['gaze/b', [-0.6, 0, -0.8]],
    ['real_gaze/x_1.png', undefined],
    ['real_gaze/x_1.png-2', undefined],
  ]);
  expect(samples[2]!.annotation).toEqual({});
  expect(samples[1]!.image.data).toEqual(picture(2).data);
  expect(rejects.map(({ file, reason }) => [file, reason])).toEqual([
    ['gaze.h5:look_vec/c', 'look_vec/c holds "NaN", which is not a finite number.'],
    ['gaze.h5:look_vec/d', 'Its gaze is missing.'],
    ['gaze.h5:image/e', 'It is of the shape 0 x 55, not a picture of 35 x 55.'],
    ['gaze.h5:look_vec/f', 'Its gaze has the length 3.000; the length of a direction is 1.'],
    ['zero.h5', 'It has no group "image" with pictures.'],
  ]);
});

test('floats of 0 to 1 become gray values, which their sources say; other types are rejects that name them', async () => {
  const dir = await temporaryFolder();
  const bytes = picture(9).data;
  await writeHdf5(join(dir, 'real_gaze.h5'), {
    image: {
      a: { shape: [35, 55], data: Float32Array.from(bytes, (value) => value / 255) },
      b: { shape: [35, 55], data: Float64Array.from(bytes) },
      c: { shape: [35, 55], data: Int8Array.from(bytes) },
      d: { shape: [35, 55], data: Float32Array.from(bytes, (value) => value / 127.5 - 1) },
      e: { shape: [35, 55], data: Float32Array.from(bytes, (value) => Number(value > 99)) },
    },
  });
  const { samples, rejects } = await readAll(dir, eyeGazeH5());
  expect(samples.map(({ image }) => image.data)).toEqual([bytes, bytes]);
  expect(samples.map(({ source }) => source)).toMatchObject([
    { file: 'real_gaze.h5:image/a', width: 55, height: 35, values: 'float32, 0 to 1, times 255' },
    { file: 'real_gaze.h5:image/b' },
  ]);
  expect(samples[1]!.source).not.toHaveProperty('values');
  expect(rejects.map(({ file, reason }) => [file, reason.split(';')[0]])).toEqual([
    ['real_gaze.h5:image/c', 'Its pixels are int8 from -128 to 127'],
    ['real_gaze.h5:image/d', 'Its pixels are float32 from -1 to 1'],
    ['real_gaze.h5:image/e', 'Its pixels are float32 from 0 to 1'],
  ]);
});

test('repeats gray in every channel where color is asked for', async () => {
  const dir = await temporaryFolder();
  await writeHdf5(join(dir, 'real_gaze.h5'), { image: { a: picture(9) } });
  const { samples } = await readAll(dir, eyeGazeH5(), { ...form, channels: 3 });
  expect(Array.from(samples[0]!.image.data.slice(0, 6))).toEqual([9, 9, 9, 10, 10, 10]);
});
