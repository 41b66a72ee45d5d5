import { boxOf } from '../objects/outline.ts';
import { numberClasses } from '../registry/class-names.ts';
import type {
  DatasetFormat,
  FormatOutput,
  FormatSample,
  FormatWriter,
  GrowingFile,
} from '../registry/dataset-format.ts';
import { encodeExample } from './example.ts';
import { encodeRecord } from './records.ts';

/** Shards of so many bytes, as TensorFlow's guide advises (100 MB and more). */
const SHARD_BYTES = 200 * 2 ** 20;

/**
 * Writes `train-00000.tfrecord` and on: examples with the keys of TensorFlow's Object Detection API (boxes relative to the
 * picture's size) and all labels as JSON under `labels/json`; `label_map.pbtxt` numbers the classes from 1.
 */
async function writeTfRecord(output: FormatOutput): Promise<FormatWriter> {
  const classes = numberClasses(1);
  let shard: GrowingFile | undefined;
  let [shards, bytes] = [0, 0];
  const begin = () => output.append(`train-${String(shards++).padStart(5, '0')}.tfrecord`);
  return {
    async write(sample) {
      const record = encodeRecord(await exampleOf(sample, classes.numberOf));
      shard ??= await begin();
      await shard.write(record);
      bytes += record.length;
      if (bytes < SHARD_BYTES) return;
      await shard.close();
      shard = undefined;
      bytes = 0;
    },
    async finish() {
      if (shards === 0) shard = await begin();
      await shard?.close();
      const items = classes.names.map(
        (name, index) => `item {\n  id: ${index + 1}\n  name: ${JSON.stringify(name)}\n}\n`,
      );
      await output.write('label_map.pbtxt', items.join(''));
    },
  };
}

async function exampleOf(sample: FormatSample, numberOf: (name: string) => number): Promise<Uint8Array> {
  const { width, height, extension, columns, objects } = sample;
  const boxed = objects.objects.flatMap((object) => {
    const box = boxOf(object);
    return box ? [{ name: object.class, box, isCrowd: object.isCrowd ? 1 : 0 }] : [];
  });
  return encodeExample({
    'image/encoded': { bytes: [await sample.bytes()] },
    'image/format': { bytes: [extension === 'jpg' ? 'jpeg' : extension] },
    'image/height': { integers: [height] },
    'image/width': { integers: [width] },
    'image/source_id': { bytes: [sample.id] },
    'image/filename': { bytes: [`${sample.id}.${extension}`] },
    'image/object/bbox/xmin': { floats: boxed.map(({ box }) => box[0] / width) },
    'image/object/bbox/xmax': { floats: boxed.map(({ box }) => (box[0] + box[2]) / width) },
    'image/object/bbox/ymin': { floats: boxed.map(({ box }) => box[1] / height) },
    'image/object/bbox/ymax': { floats: boxed.map(({ box }) => (box[1] + box[3]) / height) },
    'image/object/class/text': { bytes: boxed.map(({ name }) => name) },
    'image/object/class/label': { integers: boxed.map(({ name }) => numberOf(name)) },
    'image/object/is_crowd': { integers: boxed.map(({ isCrowd }) => isCrowd) },
    'labels/json': { bytes: [JSON.stringify(columns)] },
  });
}

/** TFRecord: examples of TensorFlow. */
export const tfRecord: DatasetFormat = {
  name: 'tfrecord',
  description:
    "TFRecord: tf.train.Example with the keys of TensorFlow's Object Detection API, all labels as JSON",
  coordinates: 'boxes relative to width and height: 0 is the left edge of the picture, 1 the right edge',
  write: writeTfRecord,
};
