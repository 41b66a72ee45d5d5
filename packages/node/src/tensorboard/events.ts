/**
 * @file The messages of TensorBoard's event files, in protobuf: `Event` of `tensorflow/core/util/event.proto` and
 * `Summary` of `tensorflow/core/framework/summary.proto`, as far as scalars and images need them.
 */
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

/** The numbers of the fields in the two files. */
const event = { wallTime: 1, step: 2, fileVersion: 3, summary: 5 } as const;
const summaryValue = 1;
const value = { tag: 1, simpleValue: 2, image: 4 } as const;
const image = { height: 1, width: 2, colorspace: 3, encoded: 4 } as const;

/** What every file begins with. */
const VERSION = 'brain.Event:2';

/** A picture for TensorBoard. */
export interface EventPicture {
  readonly width: number;
  readonly height: number;
  /** 1: gray. 3: RGB. */
  readonly channels: 1 | 3;
  readonly png: Uint8Array;
}

/** The first event of a file. */
export function versionEvent(): Uint8Array {
  return new BinaryWriter().tag(event.fileVersion, WireType.LengthDelimited).string(VERSION).finish();
}

/**
 * An event with the scalars and pictures of a step, by their tags.
 *
 * Its wall time is the step in seconds, so that a run's files depend on its options alone; TensorBoard's axis "step" is
 * the one to use.
 */
export function summaryEvent(
  step: number,
  {
    scalars = {},
    pictures = {},
  }: {
    readonly scalars?: Readonly<Record<string, number>>;
    readonly pictures?: Readonly<Record<string, EventPicture>>;
  },
): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(event.wallTime, WireType.Bit64).double(step);
  writer.tag(event.step, WireType.Varint).int64(step);
  writer.tag(event.summary, WireType.LengthDelimited).fork();
  const open = (tag: string) =>
    writer
      .tag(summaryValue, WireType.LengthDelimited)
      .fork()
      .tag(value.tag, WireType.LengthDelimited)
      .string(tag);
  for (const [tag, scalar] of Object.entries(scalars)) {
    open(tag).tag(value.simpleValue, WireType.Bit32).float(scalar).join();
  }
  for (const [tag, { width, height, channels, png }] of Object.entries(pictures)) {
    open(tag).tag(value.image, WireType.LengthDelimited).fork();
    writer.tag(image.height, WireType.Varint).int32(height);
    writer.tag(image.width, WireType.Varint).int32(width);
    writer.tag(image.colorspace, WireType.Varint).int32(channels);
    writer.tag(image.encoded, WireType.LengthDelimited).bytes(png);
    writer.join().join();
  }
  return writer.join().finish();
}

/** The step of an event; 0 of one that has none. */
export function stepOfEvent(bytes: Uint8Array): number {
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    if (field === event.step) return Number(reader.int64());
    reader.skip(type);
  }
  return 0;
}
