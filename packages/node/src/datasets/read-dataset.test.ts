import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AnnotationSchema, annotationSchema, imageOf, type Sample, type SizedForm } from '@simgan/core';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { encodePng } from '../pictures/encode-picture.ts';
import { readDataset } from './read-dataset.ts';
import { writeDataset } from './write-dataset.ts';

interface Gaze {
  readonly gaze: readonly [number, number];
}

const schema: StandardSchemaV1<unknown, Gaze> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) => {
      const { gaze } = value as Partial<Gaze>;
      if (!Array.isArray(gaze) || gaze.length !== 2) {
        return { issues: [{ message: 'expected two numbers', path: ['gaze'] }] };
      }
      // A new object without unknown keys, as validators make it.
      return { value: { gaze: [gaze[0], gaze[1]] } };
    },
  },
};

const gaze = annotationSchema(schema, { gaze: 'invariant' });

const image: SizedForm = { width: 6, height: 4, channels: 1, bits: 8 };
const plugin = { name: 'eyes', image, annotation: gaze };
const picture = (value: number) => imageOf(new Uint8Array(24).fill(value), image);

async function folder(files: Record<string, string | number> = {}): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'simgan-dataset-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  for (const [file, content] of Object.entries(files)) {
    await mkdir(join(dir, file, '..'), { recursive: true });
    await writeFile(
      join(dir, file),
      typeof content === 'number' ? await encodePng(picture(content)) : content,
    );
  }
  return dir;
}

async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const all: Item[] = [];
  for await (const item of items) all.push(item);
  return all;
}

async function* stream<Item>(items: readonly Item[]): AsyncGenerator<Item> {
  yield* items;
}

test('what was written is read back: images, ids, annotations, order', async () => {
  const dir = await folder();
  const samples: Sample<Gaze>[] = ['b', 'a', 'deep/c.1'].map((id, index) => ({
    id,
    image: picture(index),
    annotation: { gaze: [index / 3, -1e-9] },
  }));
  await writeDataset(dir, stream(samples), { plugin, provenance: { seed: 3 } });
  const read = await readDataset(dir, plugin);
  expect(read).toMatchObject({ annotations: 'plugin', rejects: [], resized: 0 });
  expect(read.manifest).toMatchObject({ count: 3, plugin: 'eyes', provenance: { seed: 3 } });
  expect(await collect<unknown>(read.samples)).toMatchObject(samples);
  expect(await read.samples.at(2)).toEqual({
    ...samples[2],
    source: { file: 'images/0000002.png', width: 6, height: 4, scale: [1, 1], shift: [0, 0] },
  });
});

test('a form without a size reads images of any size unscaled', async () => {
  const anySize = { ...plugin, image: { channels: 1, bits: 8 } as const };
  const images = [3, 6, 2].map((width) => imageOf(new Uint8Array(width * 4).fill(9), { ...image, width }));
  const samples = images.map(
    (image, i): Sample<Gaze> => ({ id: `${i}`, image, annotation: { gaze: [i, 0] } }),
  );
  const dir = await folder();
  await writeDataset(dir, stream(samples), { plugin: anySize });
  const read = await readDataset(dir, anySize);
  expect(read).toMatchObject({ annotations: 'plugin', rejects: [], resized: 0 });
  expect(await collect<unknown>(read.samples)).toMatchObject(samples);
  // The same folder for a plugin with a size: what is too small is a reject, the rest is scaled.
  const sized = await readDataset(dir, plugin);
  expect(sized.resized).toBe(1);
  expect(sized.rejects.map(({ file }) => file)).toEqual(['images/0000002.png']);
  const widths = (await collect<Sample<unknown>>(sized.samples as never)).map(({ image }) => image.width);
  expect(widths).toEqual([6, 6]);
});

test('ids are known without reading images', async () => {
  const dir = await folder({ 'b.png': 1, 'metadata.jsonl': '{"file_name":"b.png"}\n' });
  const { samples } = await readDataset(dir, plugin, { memoryBudget: 0 });
  await rm(dir, { recursive: true });
  expect(samples.id(0)).toBe('b');
});

test('annotations of any kind of JSON survive', async () => {
  const anything = { ...plugin, annotation: accept };
  for (const annotation of [
    5,
    'left',
    true,
    [1, 2],
    { annotation: 4 },
    { nested: { a: [null, ''] }, b: 'ü"\\\n' },
  ]) {
    const dir = await folder();
    await writeDataset(dir, stream([{ id: 'x', image: picture(1), annotation: annotation as unknown }]), {
      plugin: anything,
    });
    const { samples } = await readDataset(dir, { ...anything, annotation: only(annotation) });
    expect((await samples.at(0)).annotation).toEqual(annotation);
  }
});

const accept: AnnotationSchema<unknown> = {
  geometry: {},
  '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) },
};

/** A schema of values of the same type as one value. */
function only(example: unknown): AnnotationSchema<unknown> {
  const kind = (value: unknown) => (Array.isArray(value) ? 'array' : typeof value);
  return {
    geometry: {},
    '~standard': {
      version: 1,
      vendor: 'test',
      validate: (value) =>
        kind(value) === kind(example) ? { value } : { issues: [{ message: `expected ${kind(example)}` }] },
    },
  };
}

test('annotations go from a foreign file through a dataset byte for byte', async () => {
  const fields = [
    '"gaze": [1.0, 1e-7 , 0.10000000000000000001]',
    '"z": {"b":1,  "a": "\\u00e9\\"},{"}, "10": 1, "2": -0.0, "big": 12345678901234567890',
    '"empty": {}, "list": [ [], "[" ]',
  ];
  const lines = fields.map((text, index) => `{ ${text}, "file_name": "${index}.png" }`);
  lines[1] = `\t{"file_name" :"1.png" ,${fields[1]}}  \r`;
  const source = await folder({
    '0.png': 0,
    '1.png': 1,
    '2.png': 2,
    'metadata.jsonl': `\uFEFF${lines.join('\n')}`,
  });
  const { samples, annotations } = await readDataset(source, plugin);
  const first = await folder();
  await writeDataset(first, samples as AsyncIterable<Sample<unknown>>, {
    plugin,
    annotations,
    provenance: { run: 1 },
  });
  const texts = withoutOrigin(await readFile(join(first, 'metadata.jsonl'), 'utf8'))
    .trimEnd()
    .split('\n');
  expect(texts).toEqual(
    fields.map((text, index) => {
      const members = index === 0 ? text : text.replaceAll(/, (?="(10|2|big|list)")/g, ',');
      return `{"file_name":"images/000000${index}.png",${members},"simgan":{"run":1}}`;
    }),
  );
  // And again, with the image and provenance replaced, as refinement does.
  const second = await folder();
  const again = await readDataset(first, plugin);
  expect(again.annotations).toBe('foreign');
  const refined = async function* () {
    for await (const sample of again.samples as AsyncIterable<Sample<unknown>>) {
      yield { ...sample, image: picture(99) };
    }
  };
  await writeDataset(second, refined(), { plugin, annotations: 'foreign', provenance: { run: 2 } });
  const before = withoutOrigin(await readFile(join(first, 'metadata.jsonl'), 'utf8'));
  const after = withoutOrigin(await readFile(join(second, 'metadata.jsonl'), 'utf8'));
  expect(after.replaceAll('"run":2', '"run":1')).toBe(before);
});

test('any JSON object comes through with its bytes', async () => {
  const source = await folder({ 'x.png': 1 });
  const out = await folder();
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(
        fc.string().filter((key) => !['file_name', 'simgan', '__proto__'].includes(key)),
        fc.jsonValue(),
      ),
      async (fields) => {
        const text = JSON.stringify(fields).slice(1, -1);
        await writeFile(join(source, 'metadata.jsonl'), `{"file_name":"x.png"${text && `,${text}`}}\n`);
        const { samples } = await readDataset(source, plugin);
        const options = { plugin, existing: 'replace' } as const;
        await writeDataset(out, samples as AsyncIterable<Sample<unknown>>, options);
        expect(withoutOrigin(await readFile(join(out, 'metadata.jsonl'), 'utf8'))).toBe(
          `{"file_name":"images/0000000.png"${text && `,${text}`}}\n`,
        );
      },
    ),
    { numRuns: 40, seed: 7 },
  );
});

test('an annotation that was read cannot be changed behind its text', async () => {
  const dir = await folder({ 'x.png': 1, 'metadata.jsonl': '{"file_name":"x.png","gaze":[1.0,2]}' });
  const { samples } = await readDataset(dir, plugin, { annotations: 'plugin' });
  const sample = (await samples.at(0)) as Sample<{ gaze: number[] }>;
  expect(() => {
    sample.annotation.gaze[0] = 5;
  }).toThrow(TypeError);
  const out = await folder();
  const changed = { ...sample, annotation: { gaze: [5, 2] } };
  await writeDataset(out, stream([changed]), { plugin: { name: 'eyes', image } });
  expect(withoutOrigin(await readFile(join(out, 'metadata.jsonl'), 'utf8'))).toBe(
    '{"file_name":"images/0000000.png","gaze":[5,2]}\n',
  );
});

test('a folder without metadata is samples without labels, with ids that can name files', async () => {
  const dir = await folder({
    'left/1.png': 1,
    'left/1.jpg': 2,
    'a:b?.png': 3,
    'con.png': 4,
    'UP.png': 5,
    'up.png': 6,
    'notes.txt': 'x',
    'bad.png': 'x',
  });
  const read = await readDataset(dir, plugin);
  expect(read.annotations).toBe('foreign');
  const samples = await collect(read.samples as AsyncIterable<Sample<unknown>>);
  expect(samples.map(({ id }) => id)).toEqual(['UP', 'a_b_', '_con', 'left/1', 'left/1-png', 'up-png']);
  expect(samples.every(({ annotation }) => annotation === null)).toBe(true);
  expect(read.rejects.map(({ file }) => file)).toEqual(['bad.png']);
  const out = await folder();
  await writeDataset(out, stream(samples), { plugin, annotations: 'foreign' });
  expect(withoutOrigin(await readFile(join(out, 'metadata.jsonl'), 'utf8')).split('\n')[0]).toBe(
    '{"file_name":"images/0000000.png"}',
  );
});

test('bad lines are listed with their place and reason, the others are read', async () => {
  const lines = [
    '{"file_name":"good.png","gaze":[1,2]}',
    '{"file_name":"nan.png","gaze":[NaN,2]}',
    '',
    '{"file_name":"missing.png","gaze":[1,2]}',
    '{"file_name":"good.png","gaze":[3,4]}',
    '{"file_name":"../outside.png","gaze":[1,2]}',
    '{"file_name":"/etc/passwd","gaze":[1,2]}',
    '{"file_name":"C:\\\\x.png","gaze":[1,2]}',
    '{"file_name":"nan.png","gaze":[1e999,2]}',
    '{"gaze":[1,2]}',
    '[1,2]',
    '{"file_name":"broken.png","gaze":[1,2]}',
    '{"file_name":"twice.png","gaze":[1,2],"gaze":[3,4]}',
    '{"file_name":"short.png","gaze":[1]}',
    '{"file_name":"sub","gaze":[1,2]}',
    '{"file_name":"./sub/ok.png","gaze":[5,6]}',
    '{"file_name":"cut.png","ga',
  ];
  const dir = await folder({
    'good.png': 1,
    'nan.png': 1,
    'twice.png': 1,
    'short.png': 1,
    'sub/ok.png': 2,
    'broken.png': 'x',
    'unnamed.png': 1,
    'metadata.jsonl': lines.join('\n'),
  });
  const { samples, rejects } = await readDataset(dir, plugin, { annotations: 'plugin' });
  expect(
    (await collect(samples as AsyncIterable<Sample<unknown>>)).map(({ id, annotation }) => [id, annotation]),
  ).toEqual([
    ['good', { gaze: [1, 2] }],
    ['sub/ok', { gaze: [5, 6] }],
  ]);
  // What JSON.parse says differs between versions of Node.
  const said = rejects.map(({ file, reason }) => `${file}: ${reason.replace(/JSON: .*/, 'JSON: …')}`);
  expect(said).toMatchInlineSnapshot(`
    [
      "metadata.jsonl:2: It holds NaN, which JSON cannot hold; leave the field out or write null.",
      "metadata.jsonl:4: Its picture missing.png does not exist.",
      "metadata.jsonl:5: Its picture good.png is that of line 1 already.",
      "metadata.jsonl:6: Its picture "../outside.png" is outside the folder.",
      "metadata.jsonl:7: Its picture "/etc/passwd" is outside the folder.",
      "metadata.jsonl:8: Its picture "C:\\\\x.png" is outside the folder.",
      "metadata.jsonl:9: It holds a number too large to read: gaze[0] is Infinity.",
      "metadata.jsonl:10: It has no "file_name" that names its picture.",
      "metadata.jsonl:11: It is not a JSON object.",
      "metadata.jsonl:13: It has the field "gaze" twice.",
      "metadata.jsonl:14: Its annotation is not the plugin's: gaze: expected two numbers.",
      "metadata.jsonl:15: Its picture sub is a folder.",
      "metadata.jsonl:17: It is not JSON: …",
      "nan.png: No usable line of metadata.jsonl names it.",
      "twice.png: No usable line of metadata.jsonl names it.",
      "unnamed.png: No usable line of metadata.jsonl names it.",
      "broken.png: The file is not a picture: its content is none of PNG, JPEG, WebP and TIFF.",
    ]
  `);
});

test('a dataset that is not whole, or not what its manifest says, is not read as one', async () => {
  const dir = await folder();
  const failing = async function* () {
    yield { id: 'a', image: picture(1), annotation: { gaze: [1, 2] } as Gaze };
    throw new Error('stop');
  };
  await expect(writeDataset(dir, failing(), { plugin })).rejects.toThrow('stop');
  await expect(readDataset(dir, plugin)).rejects.toMatchObject({
    code: 'INVALID_FILE',
    message: `The dataset in ${dir} is not complete: its writing was interrupted. Resume it first.`,
  });
  const whole = stream([{ id: 'a', image: picture(1), annotation: { gaze: [1, 2] } as Gaze }]);
  await writeDataset(dir, whole, { plugin, existing: 'resume' });
  await writeFile(join(dir, 'metadata.jsonl'), '{"file_name":"images/a.png","gaze":[9,9]}\n');
  await expect(readDataset(dir, plugin)).rejects.toThrow('is not what dataset.json was written for');
  await rm(join(dir, 'metadata.jsonl'));
  await expect(readDataset(dir, plugin)).rejects.toThrow('metadata.jsonl is missing');
  await writeFile(join(dir, 'dataset.json'), '{"format":"simgan-dataset","version":2}');
  await expect(readDataset(dir, plugin)).rejects.toThrow('is of version 2 and this program reads version 1');
});

test("another plugin's dataset is foreign; a foreign dataset.json is nothing special", async () => {
  const dir = await folder();
  await writeDataset(dir, stream([{ id: 'a', image: picture(1), annotation: { x: 1 } }]), {
    plugin: { name: 'hands', image },
  });
  const read = await readDataset(dir, plugin);
  expect(read.annotations).toBe('foreign');
  expect((await read.samples.at(0)).annotation).toEqual({ x: 1 });
  const foreign = await folder({ 'a.png': 1, 'dataset.json': '{"format":"coco"}' });
  expect((await readDataset(foreign, plugin)).samples.length).toBe(1);
});

test('a folder with nothing usable is an error; scaled pictures are counted', async () => {
  await expect(readDataset(await folder({ 'a.png': 'x' }), plugin)).rejects.toMatchObject({
    code: 'NOT_ENOUGH_DATA',
    message: expect.stringContaining('a.png: The file is not a picture'),
  });
  const dir = await folder({ 'a.png': 1 });
  expect((await readDataset(dir, { ...plugin, image: { ...image, width: 5 } })).resized).toBe(1);
});

test('deeply nested lines are rejects', async () => {
  const line = (depth: number) => `{"file_name":"${depth}.png","x":${'['.repeat(depth)}${']'.repeat(depth)}}`;
  const depths = [100, 50_000, 150];
  const dir = await folder({
    ...Object.fromEntries(depths.map((depth) => [`${depth}.png`, 1])),
    'metadata.jsonl': depths.map(line).join('\n'),
  });
  const { samples, rejects } = await readDataset(dir, plugin);
  expect([samples.id(0), samples.id(1), samples.length]).toEqual(['100', '150', 2]);
  expect((await samples.at(1)).annotation).toHaveProperty('x');
  expect(rejects[0]).toEqual({
    file: 'metadata.jsonl:2',
    reason: 'It is nested more than 200 levels deep.',
  });
});

/** Metadata without the hashes of pictures, which the writer adds. */
/** Lines without what the writer adds to the provenance of each sample. */
function withoutOrigin(text: string): string {
  return text.replace(/,"simgan":(\{.*\})\}$/gm, (_, provenance: string) => {
    const { id: _id, source: _source, sha256: _hash, ...rest } = JSON.parse(provenance);
    return Object.keys(rest).length > 0 ? `,"simgan":${JSON.stringify(rest)}}` : '}';
  });
}
