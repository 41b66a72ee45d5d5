/** @file `tf.train.Example` of `tensorflow/core/example/example.proto` in protobuf: named lists of bytes, floats or integers. */
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** The values of a feature. */
export type Feature =
  | { readonly bytes: readonly (Uint8Array | string)[] }
  | { readonly floats: readonly number[] }
  | { readonly integers: readonly number[] };

/** The numbers of the fields: `Example.features`, `Features.feature` with its `key` and `value`, and the lists of `Feature`. */
const field = {
  features: 1,
  feature: 1,
  key: 1,
  value: 2,
  bytes: 1,
  floats: 2,
  integers: 3,
  list: 1,
} as const;

/** An example of named features. */
export function encodeExample(features: Readonly<Record<string, Feature>>): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(field.features, WireType.LengthDelimited).fork();
  for (const [key, feature] of Object.entries(features)) {
    writer.tag(field.feature, WireType.LengthDelimited).fork();
    writer.tag(field.key, WireType.LengthDelimited).string(key);
    writer.tag(field.value, WireType.LengthDelimited).fork();
    writeFeature(writer, feature);
    writer.join().join();
  }
  return writer.join().finish();
}

function writeFeature(writer: BinaryWriter, feature: Feature): void {
  if ('bytes' in feature) {
    writer.tag(field.bytes, WireType.LengthDelimited).fork();
    for (const one of feature.bytes) {
      writer
        .tag(field.list, WireType.LengthDelimited)
        .bytes(typeof one === 'string' ? new TextEncoder().encode(one) : one);
    }
  } else {
    const isFloats = 'floats' in feature;
    writer.tag(isFloats ? field.floats : field.integers, WireType.LengthDelimited).fork();
    writer.tag(field.list, WireType.LengthDelimited).fork();
    if (isFloats) for (const one of feature.floats) writer.float(one);
    else for (const one of feature.integers) writer.int64(one);
    writer.join();
  }
  writer.join();
}
