/** @file Labels that are damaged or made to do harm: rejects, and the rest is read. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openFolder } from '@simgan/node';
import h5wasm from 'h5wasm/node';
import { expect, test } from 'vitest';
import { writeMatFile } from '../../../../test/write-mat-file.ts';
import { form, png, readAll, temporaryFolder, writeHdf5 } from '../../test/reading.ts';
import { eyeGazeH5 } from './eye-gaze-h5.ts';
import { mpiiGaze } from './mpii-gaze.ts';
import { mpiiGazeH5 } from './mpii-gaze-h5.ts';
import { unityEyes } from './unity-eyes.ts';

const deep = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;

test('labels of UnityEyes that are no numbers, no text or no end of either are rejects', async () => {
  const look = (value: string) => `{"eye_details":{"look_vec":${value}}}`;
  const fine = look('"(0, 0, -1)"');
  const labels: Record<string, [string | Uint8Array, string?]> = {
    good: [`\uFEFF{\r\n${fine.slice(1)}\r\n`],
    nested: [look(deep(20_000)), 'holds "a list", which is not a finite number.'],
    nestedOnce: [look(`["0", ${deep(20_000)}, "-1"]`), 'holds "a list", which is not a finite number.'],
    impostor: [look('[{"toString":1},0,-1]'), 'holds "a value of type object"'],
    nothing: [look('[null,0,-1]'), 'holds "null"'],
    huge: [look('["1e400","0","-1"]'), 'holds "1e400", which is not a finite number.'],
    large: [look('["1e300","0","-1"]'), 'has the length 1e+300'],
    long: [look(`"${'1'.repeat(1_000_000)}x, 0, -1"`), 'which is not a finite number.'],
    number: [look('5'), 'look_vec has 1 numbers, not 3.'],
    python: ['{"eye_details":{"look_vec":[NaN,0,1]}}', 'It is not JSON'],
    utf16: [Buffer.from(`\uFEFF${fine}`, 'utf16le'), 'It is not UTF-8 text.'],
    latin: [Buffer.from(fine.replace('{', '{"ö":1,'), 'latin1'), 'It is not UTF-8 text.'],
    binary: [Uint8Array.from({ length: 3000 }, (_, i) => (i * 91) % 256), 'It is not UTF-8 text.'],
    list: ['[1]', 'It is not a JSON object.'],
    inherited: [
      '{"__proto__":{"eye_details":{"look_vec":"(0,0,-1)"}}}',
      'It has neither eye_details.look_vec',
    ],
    cut: [fine.slice(0, 20), 'It is not JSON'],
    empty: ['', 'It is not JSON'],
    sparse: [new Uint8Array(2 ** 24 + 1), 'has 16777217 bytes, and at most 16777216 are read'],
  };
  const picture = await png(64, 48, (x, y) => x + y);
  const dir = await temporaryFolder(
    Object.fromEntries(
      Object.entries(labels).flatMap(([name, [text]]) => [
        [`${name}.png`, picture],
        [`${name}.json`, text],
      ]),
    ),
  );
  const { samples, rejects } = await readAll(dir, unityEyes());
  expect(samples.map(({ id }) => id)).toEqual(['good']);
  const reasons = Object.fromEntries(rejects.map(({ file, reason }) => [file.split('.')[0]!, reason]));
  for (const [name, [, reason]] of Object.entries(labels)) {
    if (reason) expect(reasons[name], name).toContain(reason);
  }
});

const eyes = (count: number, value: number) => ({
  image: {
    shape: [count, 36, 60],
    data: Float64Array.from({ length: count * 2160 }, (_, i) => (i < 2160 ? value : 7)),
  },
  gaze: { shape: [count, 2], data: new Float64Array(count * 2) },
  pose: { shape: [count, 2], data: new Float64Array(count * 2) },
});

test('pictures in arrays whose values are no pixels, and angles that are none, are rejects', async () => {
  const dir = await temporaryFolder();
  await writeHdf5(join(dir, 'a.h5'), {
    p00: eyes(2, 0.5),
    p01: eyes(2, 300),
    p02: { ...eyes(3, 7), gaze: { shape: [3, 2], data: Float64Array.of(1e300, 0, 0, 9, 0, 0) } },
    p03: { ...eyes(1, 7), pose: { shape: [1, 2], data: Float64Array.of(0, -4) } },
  });
  const { samples, rejects } = await readAll(dir, mpiiGazeH5());
  expect(samples.map(({ id }) => id)).toEqual(['a/p00/0001', 'a/p01/0001', 'a/p02/0002']);
  expect(rejects).toEqual([
    {
      file: 'a.h5:p00/image[0]',
      reason: 'It holds the value 0.5; pixels are whole numbers from 0 to 255.',
    },
    {
      file: 'a.h5:p01/image[0]',
      reason: 'It holds the value 300; pixels are whole numbers from 0 to 255.',
    },
    { file: 'a.h5:p02/gaze[0]', reason: 'Its gaze is no pitch and yaw in radians.' },
    { file: 'a.h5:p02/gaze[1]', reason: 'Its gaze is no pitch and yaw in radians.' },
    { file: 'a.h5:p03/pose[0]', reason: 'Its pose is no pitch and yaw in radians.' },
  ]);

  const array = (shape: number[], numbers: number[]) => ({ shape, numbers, as: 'double' }) as const;
  const day = (gaze: number[], pose: number[], pixel = 9) => ({
    struct: {
      image: array([1, 36, 60], Array(2160).fill(pixel)),
      gaze: array([1, 3], gaze),
      pose: array([1, 3], pose),
    },
  });
  const sides = (left: ReturnType<typeof day>, right: ReturnType<typeof day>) =>
    writeMatFile({ data: { struct: { left, right } } });
  const mat = await temporaryFolder({
    'p00/day01.mat': sides(day([0, 0, -1], [0, 0, 0]), day([0, 0, -1], [1e200, 1e200, 0])),
    'p00/day02.mat': sides(day([1e308, 1e308, 1e308], [0, 0, 0]), day([0, 0, -1], [0, 0, 0], -1)),
  });
  const read = await readAll(mat, mpiiGaze());
  expect(read.samples.map(({ id }) => id)).toEqual(['p00/day01/0001-left']);
  expect(read.rejects).toEqual([
    { file: 'p00/day01.mat:data.right.pose(1)', reason: 'Its pose is more than a full turn.' },
    { file: 'p00/day02.mat:data.left.gaze(1)', reason: 'Its gaze has no direction.' },
    {
      file: 'p00/day02.mat:data.right',
      reason: expect.stringContaining('Its pixels are float64 from -1 to -1;'),
    },
  ]);
});

test('a damaged picture within a sound file is a reject from the start, and claims of any size are refused', async () => {
  const dir = await temporaryFolder();
  const file = join(dir, 'gaze.h5');
  await h5wasm.ready;
  const out = new h5wasm.File(file, 'w');
  const group = out.create_group('image');
  const noise = (seed: number) => Uint8Array.from({ length: 35 * 55 }, (_, i) => (i * i * 31 + seed) % 251);
  for (const name of ['a', 'b']) {
    const chunks = [35, 55];
    group.create_dataset({
      name,
      data: noise(name.charCodeAt(0)),
      shape: chunks,
      chunks,
      compression: 'gzip',
    });
  }
  // Chunks that were never written take no space.
  const most = [100_000, 100_000];
  group.create_dataset({
    name: 'wide',
    data: new Uint8Array(1),
    shape: [1, 1],
    maxshape: most,
    chunks: [1, 1],
  });
  (group.get('wide') as InstanceType<typeof h5wasm.Dataset>).resize(most);
  out.close();
  const bytes = await readFile(file);
  // zlib's header and a few bytes of the first picture.
  const start = bytes.indexOf(Buffer.from('785e', 'hex'));
  bytes.fill(0xff, start + 2, start + 12);
  await writeFile(file, bytes);
  const { samples, rejects } = await readAll(dir, eyeGazeH5());
  expect(samples.map(({ id }) => id)).toEqual(['gaze/b']);
  expect(rejects).toEqual([
    { file: 'gaze.h5:image/a', reason: expect.stringContaining('gaze.h5 cannot be read at /image/a') },
    {
      file: 'gaze.h5:image/wide',
      reason: 'Its pictures are 100000 x 100000; pictures of more than 4194304 pixels are not read.',
    },
  ]);
});

test('a sample that can no longer be read is named', async () => {
  const dir = await temporaryFolder();
  const file = join(dir, 'real.h5');
  const data = new Uint8Array(35 * 55);
  await writeHdf5(file, { image: { a: { shape: [35, 55], data } } });
  const { samples } = await eyeGazeH5()(await openFolder(dir), { image: form });
  await new Promise((resolve) => setTimeout(resolve, 1100));
  await writeFile(file, 'gone');
  await expect(samples.at(0)).rejects.toMatchObject({
    code: 'INVALID_FILE',
    message: expect.stringContaining('The sample real/a was usable at the start and no longer is: real.h5'),
  });
});
