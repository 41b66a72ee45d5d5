/** @file A check of HDF5's global heap (format specification, section III.E), which holds texts of variable length. */

/** `GCOL`, the signature of a collection of objects. */
const SIGNATURE: readonly number[] = [0x47, 0x43, 0x4f, 0x4c];
/** For each byte its place in the signature, or -1. */
const letters = Int8Array.from({ length: 256 }, (_, byte) => SIGNATURE.indexOf(byte));
const HEADER = 16;
const OBJECT_HEADER = 16;

type Read = (position: number, length: number) => Uint8Array;

/**
 * Whether a collection that begins within these bytes holds an object that takes no space. The HDF5 library (2.0.0)
 * steps from object to object and would stay at such a one for ever.
 *
 * @param part - bytes of the file, from `position` on.
 * @param read - gives bytes of the file.
 */
export function isHeapEndless(part: Uint8Array, position: number, read: Read): boolean {
  // All that is read passes here, pictures too: every fourth byte is enough to find four.
  for (let at = 3; at < part.length; at += 4) {
    const letter = letters[part[at]!]!;
    if (letter < 0) continue;
    const start = at - letter;
    if (SIGNATURE.every((byte, i) => part[start + i] === byte) && standsStill(position + start, read))
      return true;
  }
  return false;
}

function standsStill(start: number, read: Read): boolean {
  const header = read(start, HEADER);
  if (header.length < HEADER) return false;
  const end = start + Number(viewOf(header).getBigUint64(8, true));
  for (let at = start + HEADER; at + OBJECT_HEADER <= end; ) {
    const object = read(at, OBJECT_HEADER);
    if (object.length < OBJECT_HEADER) return false;
    const view = viewOf(object);
    const index = view.getUint16(0, true);
    // The upper half of a length is lost: the library computes with 32 bits.
    const length = view.getUint32(8, true);
    // Object 0 is the free space, whose length includes its header.
    const step = index === 0 ? length : (OBJECT_HEADER + Math.ceil(length / 8) * 8) % 2 ** 32;
    if (step === 0) return true;
    at += step;
  }
  return false;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
