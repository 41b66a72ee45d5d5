// What is written is read back by libraries that others wrote, or by the rules of the format's owner.
import { createReadStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import { convertDataset } from '@simgan/node';
import { extract } from 'tar-stream';
import { expect, onTestFinished, test } from 'vitest';
import { writeCocoPictures } from '../../node/test/labeled-pictures.ts';
import { decodeMask } from '../src/objects/run-length.ts';
import { readRecords } from '../src/tfrecord/records.ts';

async function converted(to: string): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'simgan-formats-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  await writeCocoPictures(join(dir, 'in'));
  await convertDataset({ cwd: dir, input: 'in', to: [to], out: 'out' });
  return join(dir, 'out');
}

test('COCO: ids are unique and lead to each other, areas and boxes fit, masks decode', async () => {
  const file = join(await converted('coco'), 'annotations/instances.json');
  const { images, annotations, categories } = JSON.parse(await readFile(file, 'utf8'));
  for (const list of [images, annotations, categories]) {
    expect(new Set(list.map(({ id }: { id: number }) => id)).size).toBe(list.length);
  }
  const byId = new Map(images.map((image: { id: number }) => [image.id, image]));
  for (const { image_id, category_id, bbox, area, iscrowd, segmentation } of annotations) {
    const { width, height } = byId.get(image_id) as { width: number; height: number };
    expect(categories.some(({ id }: { id: number }) => id === category_id)).toBe(true);
    expect([0, 1]).toContain(iscrowd);
    if (Array.isArray(segmentation)) {
      if (segmentation.length === 0) expect(area).toBeCloseTo(bbox[2] * bbox[3], 9);
      else for (const flat of segmentation) expect(flat.length % 2).toBe(0);
    } else {
      expect(segmentation.size).toEqual([height, width]);
      expect(decodeMask(segmentation).reduce((sum, value) => sum + value, 0)).toBe(area);
    }
  }
});

test('WebDataset: tar-stream finds a picture and its JSON beside it', async () => {
  const dir = await converted('webdataset');
  const files = new Map<string, Buffer>();
  const tar = createReadStream(join(dir, 'shard-000000.tar')).pipe(extract());
  for await (const entry of tar) {
    const parts: Buffer[] = [];
    for await (const part of entry) parts.push(part as Buffer);
    files.set(entry.header.name, Buffer.concat(parts));
  }
  expect([...files.keys()]).toEqual([
    ...[
      '000000000.png',
      '000000000.json',
      '000000001.jpg',
      '000000001.json',
      '000000002.png',
      '000000002.json',
    ],
  ]);
  expect(JSON.parse(files.get('000000000.json')!.toString()).objects[0]).toMatchObject({
    class: 'cup',
    box: [2.5, 3.25, 10, 8.5],
  });
});

/** The fields of a message by their numbers, as protobuf's wire has them. */
function fieldsOf(bytes: Uint8Array): Map<number, Uint8Array[]> {
  const reader = new BinaryReader(bytes);
  const fields = new Map<number, Uint8Array[]>();
  while (reader.pos < reader.len) {
    const [number] = reader.tag();
    fields.set(number, [...(fields.get(number) ?? []), reader.bytes()]);
  }
  return fields;
}

test('TFRecord: records with checksums, examples with relative boxes', async () => {
  const dir = await converted('tfrecord');
  const records = [...readRecords(await readFile(join(dir, 'train-00000.tfrecord')))];
  expect(records.length).toBe(3);
  const features = new Map(
    fieldsOf(fieldsOf(records[0]!.data).get(1)![0]!)
      .get(1)!
      .map((entry) => {
        const fields = fieldsOf(entry);
        return [Buffer.from(fields.get(1)![0]!).toString(), fieldsOf(fields.get(2)![0]!)] as const;
      }),
  );
  const floats = (key: string) => {
    const packed = fieldsOf(features.get(key)!.get(2)![0]!).get(1)![0]!;
    return [...new Float32Array(new Uint8Array(packed).buffer)];
  };
  expect(floats('image/object/bbox/xmin')).toEqual([2.5 / 32, 1 / 32]);
  const texts = fieldsOf(features.get('image/object/class/text')!.get(1)![0]!).get(1)!;
  expect(texts.map((text) => Buffer.from(text).toString())).toEqual(['cup', 'person']);
  expect(await readFile(join(dir, 'label_map.pbtxt'), 'utf8')).toContain('item {\n  id: 1\n  name: "cup"\n}');
});
