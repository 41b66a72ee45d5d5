import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { type Image, imageOf, type Sample, type SizedForm, simulate } from '@simgan/core';
import { expect, onTestFinished, test } from 'vitest';
import { readPicture } from '../pictures/decode-picture.ts';
import { fileNameOf } from './dataset-format.ts';
import { type WriteDatasetOptions, writeDataset } from './write-dataset.ts';

const image: SizedForm = { width: 6, height: 4, channels: 1, bits: 8 };
const plugin = { name: 'dots', image };
const black = imageOf(new Uint8Array(24), image);
const samples = (length: number, seed = 1) =>
  simulate(
    (rng) => ({
      image: imageOf(
        Uint8Array.from({ length: 24 }, () => rng.int(256)),
        image,
      ),
      annotation: { x: rng.next() },
    }),
    { seed, length },
  );

async function temporaryFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'simgan-write-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** Every file of a folder by its path, so that folders compare as values. */
async function contents(dir: string): Promise<Record<string, string>> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const files: Record<string, string> = {};
  for (const entry of entries.filter((entry) => entry.isFile())) {
    const file = join(entry.parentPath, entry.name);
    files[file.slice(dir.length + 1)] = (await readFile(file)).toString('latin1');
  }
  return files;
}

/** A source that fails after so many samples. */
async function* breaksOff<S>(source: AsyncIterable<S>, after: number): AsyncGenerator<S> {
  let count = 0;
  for await (const sample of source) {
    if (count++ === after) throw new Error('the power went');
    yield sample;
  }
}

test('a dataset is pictures, lines and a manifest, and nothing else', async () => {
  const dir = join(await temporaryFolder(), 'new', 'out');
  const progress: number[] = [];
  const result = await writeDataset(dir, samples(2), {
    plugin,
    provenance: { seed: 1 },
    sampleProvenance: ({ id }) => ({ index: Number(id) }),
    rejects: [{ file: 'a.jpg', reason: 'It is empty.' }],
    onProgress: (written) => progress.push(written),
  });
  expect(result).toEqual({ count: 2, resumed: 0 });
  expect(progress).toEqual([1, 2]);
  expect((await readdir(dir, { recursive: true })).sort()).toEqual([
    'dataset.json',
    'images',
    'images/0000000.png',
    'images/0000001.png',
    'metadata.jsonl',
    'rejects.jsonl',
  ]);
  expect(await readFile(join(dir, 'metadata.jsonl'), 'utf8')).toMatchInlineSnapshot(`
    "{"file_name":"images/0000000.png","x":0.3022076079334378,"simgan":{"seed":1,"index":0,"id":"0000000","sha256":"afb1375abbb31734db496a4f5195897646684d03a235f81fd6dc345053755570"}}
    {"file_name":"images/0000001.png","x":0.19434826470863686,"simgan":{"seed":1,"index":1,"id":"0000001","sha256":"8c5d7db87dff5ccbd5c2211ad4e5df4b03f57f4b80fa98a7cf082af40cabf975"}}
    "
  `);
  expect(await readFile(join(dir, 'rejects.jsonl'), 'utf8')).toBe(
    '{"file":"a.jpg","reason":"It is empty."}\n',
  );
  expect(JSON.parse(await readFile(join(dir, 'dataset.json'), 'utf8'))).toMatchInlineSnapshot(`
    {
      "annotations": "plugin",
      "count": 2,
      "format": "simgan-dataset",
      "image": {
        "bits": 8,
        "channels": 1,
        "height": 4,
        "width": 6,
      },
      "metadataSha256": "6485bfcd5dda8a15b428b01c0afd10158b2638670095540a41b28b3e110a68bd",
      "plugin": "dots",
      "provenance": {
        "seed": 1,
      },
      "rejects": 1,
      "version": 1,
    }
  `);
  const { image: written } = await readPicture(join(dir, 'images/0000001.png'), image);
  expect(written).toEqual((await samples(2).at(1)).image);
});

test('images of a plugin without a size round-trip at their own size', async () => {
  const dir = await temporaryFolder();
  const anySize = { name: 'dots', image: { channels: 1, bits: 8 } as const };
  const images = [2, 5, 3].map((width) =>
    imageOf(new Uint8Array(width * 4).fill(width), { ...image, width }),
  );
  const source = async function* () {
    for (const [index, image] of images.entries()) yield { id: `${index}`, image, annotation: null };
  };
  await writeDataset(dir, source(), { plugin: anySize });
  const read = images.map((_, index) =>
    readPicture(join(dir, fileNameOf(index, anySize.image)), anySize.image),
  );
  expect((await Promise.all(read)).map(({ image }) => image)).toEqual(images);
  expect(JSON.parse(await readFile(join(dir, 'dataset.json'), 'utf8')).image).toEqual(anySize.image);
});

test('pictures have names that no consumer takes for a split or a class; ids and sources stand in the lines', async () => {
  const dir = await temporaryFolder();
  const ids = ['train/2', 'test/eval', 'validation'];
  const source = async function* () {
    for (const id of ids) {
      yield { id, image: black, annotation: null, source: { file: `${id}.jpg`, width: 12, height: 8 } };
    }
  };
  await writeDataset(dir, source(), { plugin });
  const lines = (await readFile(join(dir, 'metadata.jsonl'), 'utf8')).trim().split('\n');
  for (const [index, line] of lines.entries()) {
    const { file_name, simgan } = JSON.parse(line);
    expect(file_name).toMatch(/^images\/\d{7}\.png$/);
    expect(simgan).toMatchObject({
      id: ids[index],
      source: { file: `${ids[index]}.jpg`, width: 12, height: 8 },
    });
  }
  expect(Object.keys(await contents(dir)).join()).not.toMatch(/train|test|val|dev/);
});

test('a dataset whose pictures were named otherwise by an earlier version is not resumed', async () => {
  const dir = await temporaryFolder();
  await expect(writeDataset(dir, breaksOff(samples(3), 2), { plugin })).rejects.toThrow();
  const file = join(dir, 'metadata.jsonl.partial');
  await writeFile(file, (await readFile(file, 'utf8')).replaceAll(/"id":"\d+",/g, ''));
  await expect(writeDataset(dir, samples(3), { plugin, existing: 'resume' })).rejects.toMatchObject({
    code: 'OUTPUT_EXISTS',
    message: expect.stringContaining('was begun by an earlier version'),
  });
});

test('a run that breaks off anywhere is resumed to the same bytes', async () => {
  const whole = await temporaryFolder();
  const options: WriteDatasetOptions<{ x: number }> = { plugin, provenance: { seed: 1 } };
  await writeDataset(whole, samples(12), options);
  const expected = await contents(whole);
  for (const after of [0, 1, 7, 11]) {
    const dir = await temporaryFolder();
    await expect(writeDataset(dir, breaksOff(samples(12), after), options)).rejects.toThrow('the power went');
    expect(Object.keys(await contents(dir))).not.toContain('dataset.json');
    const made: string[] = [];
    const remaining = async function* (isWritten: (id: string) => boolean) {
      for await (const sample of samples(12)) {
        if (isWritten(sample.id)) continue;
        made.push(sample.id);
        yield sample;
      }
    };
    const result = await writeDataset(dir, remaining, { ...options, existing: 'resume' });
    expect(result).toEqual({ count: 12, resumed: after });
    expect(made).toHaveLength(12 - after);
    expect(await contents(dir)).toEqual(expected);
  }
});

test('a run that was killed is resumed to the same bytes, at whatever byte of its files', async () => {
  const whole = await temporaryFolder();
  await writeDataset(whole, samples(5), { plugin });
  const expected = await contents(whole);
  const begun = await temporaryFolder();
  await expect(writeDataset(begun, breaksOff(samples(5), 4), { plugin })).rejects.toThrow();
  const atKill = await contents(begun);
  const metadata = atKill['metadata.jsonl.partial']!;
  expect(metadata.split('\n')).toHaveLength(5);

  const kills: Record<string, string>[] = [];
  for (let bytes = 0; bytes <= metadata.length; bytes += 7) {
    kills.push({ ...atKill, 'metadata.jsonl.partial': metadata.slice(0, bytes) });
  }
  // The last line lacks only its end; the file was lengthened before its bytes came.
  kills.push({ ...atKill, 'metadata.jsonl.partial': metadata.slice(0, -1) });
  kills.push({ ...atKill, 'metadata.jsonl.partial': metadata + '\0'.repeat(1000) });
  // Before the first line; a picture without its line, one cut off by a power cut, one not yet renamed.
  kills.push(
    { 'dataset.json.partial': atKill['dataset.json.partial']! },
    { '.dataset.json.partial.tmp': '{' },
  );
  kills.push({ ...atKill, 'images/0000004.png': expected['images/0000004.png']! });
  kills.push({ ...atKill, 'images/0000001.png': '' });
  kills.push({ ...atKill, 'images/.0000004.png.tmp': '\x89PNG' });
  // While finishing: the metadata has its name, the rejects, then the manifest has.
  const { 'metadata.jsonl.partial': _, ...rest } = atKill;
  const { 'dataset.json': manifest, 'rejects.jsonl': rejects, ...pictures } = expected;
  kills.push({ ...rest, ...pictures });
  kills.push({ ...rest, ...pictures, 'rejects.jsonl': rejects! });
  kills.push({ ...rest, ...pictures, 'rejects.jsonl': rejects!, 'dataset.json': manifest! });

  for (const kill of kills) {
    const dir = await temporaryFolder();
    if (Object.keys(kill).length > 1) await mkdir(join(dir, 'images'));
    for (const [file, text] of Object.entries(kill)) await writeFile(join(dir, file), text, 'latin1');
    await writeDataset(dir, samples(5), { plugin, existing: 'resume' });
    expect(await contents(dir)).toEqual(expected);
  }
});

test('a complete dataset is resumed by doing nothing, and to more samples by adding them', async () => {
  const dir = await temporaryFolder();
  await writeDataset(dir, samples(3), { plugin });
  const before = await contents(dir);
  expect(await writeDataset(dir, samples(3), { plugin, existing: 'resume' })).toEqual({
    count: 3,
    resumed: 3,
  });
  expect(await contents(dir)).toEqual(before);
  expect(await writeDataset(dir, samples(5), { plugin, existing: 'resume' })).toEqual({
    count: 5,
    resumed: 3,
  });
  const longer = await temporaryFolder();
  await writeDataset(longer, samples(5), { plugin });
  expect(await contents(dir)).toEqual(await contents(longer));
});

test('other settings are not mixed into a begun dataset', async () => {
  const dir = await temporaryFolder();
  await expect(
    writeDataset(dir, breaksOff(samples(5), 2), { plugin, provenance: { seed: 1, by: { steps: 5 } } }),
  ).rejects.toThrow();
  const before = await contents(dir);
  await expect(
    writeDataset(dir, samples(5), {
      plugin,
      provenance: { seed: 2, by: { steps: 6 } },
      existing: 'resume',
    }),
  ).rejects.toMatchObject({
    code: 'OUTPUT_EXISTS',
    message: expect.stringContaining(
      'provenance.seed is 1 there and 2 now; provenance.by.steps is 5 there and 6 now',
    ),
  });
  expect(await contents(dir)).toEqual(before);
});

test('a folder that is not free is refused and left as it is', async () => {
  const dir = await temporaryFolder();
  await writeDataset(dir, samples(1), { plugin });
  const before = await contents(dir);
  await expect(writeDataset(dir, samples(1), { plugin })).rejects.toMatchObject({
    code: 'OUTPUT_EXISTS',
    message: `${dir} holds a dataset already. Choose another folder, or allow it to be replaced.`,
  });
  expect(await contents(dir)).toEqual(before);

  const photos = await temporaryFolder();
  await writeFile(join(photos, 'holiday.jpg'), '');
  for (const existing of ['refuse', 'resume', 'replace'] as const) {
    await expect(writeDataset(photos, samples(1), { plugin, existing })).rejects.toMatchObject({
      code: 'OUTPUT_EXISTS',
      message: expect.stringContaining('holiday.jpg'),
    });
  }
  expect(await readdir(photos)).toEqual(['holiday.jpg']);
  await expect(writeDataset(join(photos, 'holiday.jpg'), samples(1), { plugin })).rejects.toMatchObject({
    code: 'OUTPUT_EXISTS',
    message: expect.stringContaining('is a file'),
  });
});

test('replacing deletes the dataset, and only the dataset', async () => {
  const dir = await temporaryFolder();
  await writeDataset(dir, samples(4, 7), { plugin });
  await writeFile(join(dir, 'preview.png'), 'mine');
  const options: WriteDatasetOptions<{ x: number }> = {
    plugin,
    existing: 'replace',
    companions: ['preview.png'],
  };
  for (const foreign of ['notes.txt', 'images/mine.png', 'images/old/mine.txt']) {
    await mkdir(join(dir, foreign, '..'), { recursive: true });
    await writeFile(join(dir, foreign), 'mine');
    const before = await contents(dir);
    await expect(writeDataset(dir, samples(2), options)).rejects.toMatchObject({
      code: 'OUTPUT_EXISTS',
      message: expect.stringContaining(foreign),
    });
    expect(await contents(dir)).toEqual(before);
    await rm(join(dir, foreign));
  }
  await rm(join(dir, 'images/old'), { recursive: true });
  await writeDataset(dir, samples(2), options);
  const fresh = await temporaryFolder();
  await writeDataset(fresh, samples(2), { plugin });
  expect(await contents(dir)).toEqual({ ...(await contents(fresh)), 'preview.png': 'mine' });

  // However the folder is written.
  await rm(join(dir, 'preview.png'));
  await writeDataset(`${relative(process.cwd(), dir)}/./`, samples(2), { plugin, existing: 'replace' });
  expect(await contents(dir)).toEqual(await contents(fresh));

  // An interrupted dataset may have a picture that no line names yet.
  const begun = await temporaryFolder();
  await expect(writeDataset(begun, breaksOff(samples(3), 2), { plugin })).rejects.toThrow();
  await writeFile(join(begun, 'images', '0000002.png'), 'half');
  await writeFile(join(begun, 'images', '.0000003.png.tmp'), 'half');
  // More of them than a run writes ahead are someone else's.
  const others = Array.from({ length: 8 }, (_, n) => join(begun, 'images', `holiday${n}.png`));
  for (const file of others) await writeFile(file, 'mine');
  await expect(writeDataset(begun, samples(2), { plugin, existing: 'replace' })).rejects.toThrow(
    'holiday0.png',
  );
  for (const file of others) await rm(file);
  await writeDataset(begun, samples(2), { plugin, existing: 'replace' });
  expect(await contents(begun)).toEqual(await contents(fresh));
});

test('an id cannot leave the folder', async () => {
  const parent = await temporaryFolder();
  const ids = [
    '../x',
    'a/../../x',
    '/x',
    'C:x',
    'a\\b',
    'a\0b',
    '',
    '.',
    '.hidden',
    'a//b',
    'con',
    'x.',
    'x'.repeat(300),
    'a\nb',
    '\ud800',
  ];
  for (const id of ids) {
    const dir = join(parent, 'out');
    const one = async function* () {
      yield { id, image: black, annotation: {} };
    };
    await expect(writeDataset(dir, one(), { plugin }), JSON.stringify(id)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('cannot name a file'),
    });
    expect(await readdir(parent)).toEqual([]);
  }
});

test('samples that cannot be written as they are stop the run with their id', async () => {
  const endless: { self?: object } = {};
  endless.self = { again: [endless, endless] };
  const bad: [Partial<Sample<unknown>>, string][] = [
    [
      { image: { ...black, data: new Uint8Array(23) } },
      'The image of sample b cannot be written: it has 23 values',
    ],
    [{ image: { ...black, width: 4, height: 6 } }, 'it is 4 x 6, not 6 x 4'],
    [{ image: { ...black, data: new Uint16Array(24) } }, 'its data is not a Uint8Array'],
    [{ image: new Uint8Array(24) as unknown as Image }, 'it is not an image'],
    [{ annotation: { gaze: [1, Number.NaN] } }, 'sample b is not plain JSON: gaze[1] is NaN'],
    [{ annotation: { at: new Date(0) } }, 'at is a Date'],
    [{ annotation: { tree: endless } }, 'sample b is not plain JSON: it is nested more than 200 levels deep'],
    [{ annotation: { file_name: 'x' } }, 'has a field "file_name"'],
    [{ id: 'A' }, 'Two samples have the id "A"'],
  ];
  for (const [part, message] of bad) {
    const dir = await temporaryFolder();
    const two = async function* () {
      yield { id: 'a', image: black, annotation: {} as unknown };
      yield { id: 'b', image: black, annotation: {} as unknown, ...part };
    };
    await expect(writeDataset(dir, two(), { plugin })).rejects.toThrow(message);
    // What came before stays and can be resumed.
    expect(await readFile(join(dir, 'metadata.jsonl.partial'), 'utf8')).toMatch(
      /^\{"file_name":"images\/0000000.png","simgan":\{"id":"a","sha256":"[\da-f]{64}"\}\}\n$/,
    );
  }
});

test('an aborted run says so and can be resumed', async () => {
  const dir = await temporaryFolder();
  const controller = new AbortController();
  const source = async function* () {
    for await (const sample of samples(6)) {
      if (sample.id === '0000003') controller.abort(new Error('Ctrl-C'));
      yield sample;
    }
  };
  await expect(writeDataset(dir, source(), { plugin, signal: controller.signal })).rejects.toThrow('Ctrl-C');
  const { resumed } = await writeDataset(dir, samples(6), { plugin, existing: 'resume' });
  expect(resumed).toBe(3);
});

test('a writing error names the file and leaves nothing half-written', async () => {
  const dir = await temporaryFolder();
  const source = async function* () {
    for await (const sample of samples(3)) {
      // A folder stands where the last picture's file has to go.
      if (sample.id === '0000002') await mkdir(join(dir, 'images', '0000002.png', 'x'), { recursive: true });
      yield sample;
    }
  };
  await expect(writeDataset(dir, source(), { plugin })).rejects.toMatchObject({
    code: 'OUTPUT_FAILED',
    message: expect.stringContaining(join('images', '0000002.png')),
  });
  expect((await readdir(join(dir, 'images'))).sort()).toEqual(['0000000.png', '0000001.png', '0000002.png']);
  await rm(join(dir, 'images', '0000002.png'), { recursive: true });
  expect(await writeDataset(dir, samples(3), { plugin, existing: 'resume' })).toEqual({
    count: 3,
    resumed: 2,
  });
});

test('two writers never share a folder: the second is refused, and what the first writes is whole', async () => {
  const dir = await temporaryFolder();
  let second: Promise<unknown> | undefined;
  const rival = async function* () {
    for await (const sample of samples(5)) {
      second ??= writeDataset(dir, samples(5, 2), { plugin, existing: 'resume' }).catch(
        (error: unknown) => error,
      );
      await second;
      yield sample;
    }
  };
  await writeDataset(dir, rival(), { plugin });
  expect(await second).toMatchObject({ code: 'OUTPUT_LOCKED' });
  const alone = await temporaryFolder();
  await writeDataset(alone, samples(5), { plugin });
  expect(await contents(dir)).toEqual(await contents(alone));
});

test.each([
  ['another picture under its name', 'images/0000002.png', 'images/0000004.png'],
  ['a picture of a rival', 'images/0000000.png', 'images/0000001.png'],
])('resuming verifies what it keeps: %s is written anew', async (_, damaged, by) => {
  const [dir, whole] = [await temporaryFolder(), await temporaryFolder()];
  await writeDataset(whole, samples(6), { plugin });
  await writeDataset(dir, samples(6), { plugin });
  await writeFile(join(dir, damaged), await readFile(join(dir, by)));
  await writeDataset(dir, samples(6), { plugin, existing: 'resume' });
  expect(await contents(dir)).toEqual(await contents(whole));
});

test.each([
  ['lines are missing', (lines: string[]) => lines.slice(0, 4)],
  ['a label was changed', (lines: string[]) => lines.map((line) => line.replace(/"x":0\.\d/, '"x":0.9'))],
])('resuming mends a complete dataset of which %s', async (_, change) => {
  const [dir, whole] = [await temporaryFolder(), await temporaryFolder()];
  await writeDataset(whole, samples(6), { plugin });
  await writeDataset(dir, samples(6), { plugin });
  const file = join(dir, 'metadata.jsonl');
  await writeFile(file, change((await readFile(file, 'utf8')).split('\n')).join('\n'));
  expect(await contents(dir)).not.toEqual(await contents(whole));
  await writeDataset(dir, samples(6), { plugin, existing: 'resume' });
  expect(await contents(dir)).toEqual(await contents(whole));
});

test('pictures that vanish while a dataset is written are noticed at its end, and come back when it is resumed', async () => {
  const [dir, whole] = [await temporaryFolder(), await temporaryFolder()];
  await writeDataset(whole, samples(20), { plugin });
  const thief = async function* () {
    let count = 0;
    for await (const sample of samples(20)) {
      yield sample;
      if (++count === 15) await rm(join(dir, 'images/0000001.png'));
    }
  };
  await expect(writeDataset(dir, thief(), { plugin })).rejects.toThrow(
    `1 files of the dataset in ${dir} have vanished while it was written (images/0000001.png)`,
  );
  expect(await readdir(dir)).not.toContain('dataset.json');
  await writeDataset(dir, samples(20), { plugin, existing: 'resume' });
  expect(await contents(dir)).toEqual(await contents(whole));
});
