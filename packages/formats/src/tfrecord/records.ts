/**
 * @file Records of a TFRecord file, as TensorFlow's `record_writer.h` defines them, all numbers little-endian:
 * 8 bytes of length, 4 of the length's masked CRC-32C, the data, 4 of the data's masked CRC-32C.
 */
import { maskedCrc32c } from './crc32c.ts';

const LENGTH = 8;
const CHECKSUM = 4;
/** What comes before the data. */
const HEADER = LENGTH + CHECKSUM;

/** A record as it stands in a file. */
export function encodeRecord(data: Uint8Array): Uint8Array {
  const record = new Uint8Array(HEADER + data.length + CHECKSUM);
  const view = new DataView(record.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(LENGTH, maskedCrc32c(record.subarray(0, LENGTH)), true);
  record.set(data, HEADER);
  view.setUint32(HEADER + data.length, maskedCrc32c(data), true);
  return record;
}

/** A record that was read. */
export interface ReadRecord {
  readonly data: Uint8Array;
  /** The offset in bytes at which the next record begins. */
  readonly end: number;
}

/** The records of a file, up to the first that is cut off or whose checksums do not fit. */
export function* readRecords(bytes: Uint8Array): Generator<ReadRecord, void, void> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let start = 0; start + HEADER <= bytes.length; ) {
    if (view.getUint32(start + LENGTH, true) !== maskedCrc32c(bytes.subarray(start, start + LENGTH))) return;
    const length = Number(view.getBigUint64(start, true));
    const dataEnd = start + HEADER + length;
    const end = dataEnd + CHECKSUM;
    if (end > bytes.length) return;
    const data = bytes.subarray(start + HEADER, dataEnd);
    if (view.getUint32(dataEnd, true) !== maskedCrc32c(data)) return;
    yield { data, end };
    start = end;
  }
}
