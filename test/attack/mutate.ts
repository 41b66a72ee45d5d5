/** @file Seeded damage: the same seed gives the same bytes. */
import type { Rng } from '@simgan/core';

/** One of a list. */
export function pick<Item>(items: readonly Item[], rng: Rng): Item {
  return items[rng.int(items.length)]!;
}

type ByteChange = (bytes: Uint8Array, rng: Rng) => Uint8Array;

const join = (...parts: readonly Uint8Array[]) => Uint8Array.from(Buffer.concat(parts));

/** A place and an end behind it. */
function range(length: number, rng: Rng, most = length): [start: number, end: number] {
  const start = rng.int(length + 1);
  return [start, Math.min(length, start + 1 + rng.int(Math.max(1, most)))];
}

/** Bytes that are not zero are changed more often: they carry the structure. */
function place(bytes: Uint8Array, rng: Rng): number {
  for (let attempt = 0; attempt < 4; attempt++) {
    const at = rng.int(bytes.length);
    if (bytes[at] !== 0) return at;
  }
  return rng.int(bytes.length);
}

const integers = [0, 1, -1, 2, 127, 128, 255, 256, 32767, 65535, 65536, 2 ** 31 - 1, -(2 ** 31), 2 ** 24];

const byteChanges: readonly ByteChange[] = [
  (bytes, rng) => {
    for (let i = 1 + rng.int(3); i > 0; i--) bytes[place(bytes, rng)] = rng.int(256);
    return bytes;
  },
  (bytes, rng) => {
    bytes[place(bytes, rng)]! ^= 1 << rng.int(8);
    return bytes;
  },
  (bytes, rng) => {
    bytes[place(bytes, rng)] = pick([0, 1, 0x7f, 0x80, 0xff], rng);
    return bytes;
  },
  // An integer of four or eight bytes, of either order.
  (bytes, rng) => {
    const width = pick([2, 4, 8], rng);
    if (bytes.length < width) return bytes;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const at = rng.int(bytes.length - width + 1);
    const isLittle = rng.next() < 0.5;
    const value = pick(integers, rng);
    if (width === 2) view.setInt16(at, value, isLittle);
    else if (width === 4) view.setInt32(at, value, isLittle);
    else view.setBigInt64(at, BigInt(value) << BigInt(rng.int(32)), isLittle);
    return bytes;
  },
  (bytes, rng) => bytes.subarray(0, rng.int(bytes.length + 1)),
  (bytes, rng) => {
    const [start, end] = range(bytes.length, rng, 64);
    return join(bytes.subarray(0, start), bytes.subarray(end));
  },
  (bytes, rng) => {
    const at = rng.int(bytes.length + 1);
    return join(bytes.subarray(0, at), noise(1 + rng.int(64), rng), bytes.subarray(at));
  },
  (bytes, rng) => {
    const [start, end] = range(bytes.length, rng, 256);
    return join(bytes.subarray(0, end), bytes.subarray(start, end), bytes.subarray(end));
  },
  (bytes, rng) => {
    const [start, end] = range(bytes.length, rng, 64);
    bytes.fill(pick([0, 0xff, 0x20], rng), start, end);
    return bytes;
  },
  (bytes, rng) => {
    const [start, end] = range(bytes.length, rng, 64);
    bytes.set(noise(end - start, rng), start);
    return bytes;
  },
  (bytes, rng) => {
    const [start, end] = range(bytes.length, rng, 32);
    bytes.copyWithin(rng.int(bytes.length), start, end);
    return bytes;
  },
];

const rareByteChanges: readonly ByteChange[] = [
  () => new Uint8Array(0),
  (bytes, rng) => noise(bytes.length, rng),
  (bytes, rng) => join(bytes, noise(rng.int(5000), rng)),
  (bytes) => join(bytes, bytes),
];

function noise(length: number, rng: Rng): Uint8Array {
  return Uint8Array.from({ length }, () => rng.int(256));
}

/** A copy of a file with one to four changes of its bytes. */
export function mutateBytes(original: Uint8Array, rng: Rng): Uint8Array {
  let bytes = Uint8Array.from(original);
  if (rng.next() < 0.03) return pick(rareByteChanges, rng)(bytes, rng);
  for (let i = 1 + rng.int(rng.next() < 0.5 ? 1 : 4); i > 0 && bytes.length > 0; i--) {
    bytes = Uint8Array.from(pick(byteChanges, rng)(bytes, rng));
  }
  return bytes;
}

const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;
const nestedObject = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;

/** Values that a number or text of a file may be replaced by. */
const values: readonly ((rng: Rng) => string)[] = [
  ...[
    '0',
    '-1',
    '-0',
    '1e308',
    '-1e308',
    '1e400',
    '1e-320',
    '9007199254740993',
    '1e9',
    '0.5',
    '0x10',
    '1_000',
  ],
  ...['NaN', 'Infinity', '-Infinity', 'null', 'true', '""', '"x"', '[]', '{}', '[1]', '{"length":1e9}'],
  ...['{"toString":1}', '{"__proto__":{"x":1}}', '"\\u0000"', '"\\ud800"', '1,5', '--1', '+1', '.', '-', ''],
].map((text) => () => text);

const longValues: readonly ((rng: Rng) => string)[] = [
  () => nested(10),
  () => nested(300),
  () => nested(5000),
  () => nestedObject(300),
  () => nestedObject(5000),
  (rng) => `"${'x'.repeat(1 + rng.int(100_000))}"`,
  (rng) => '9'.repeat(1 + rng.int(1000)),
  (rng) => `[${'1,'.repeat(rng.int(20_000))}1]`,
];

const keys = ['__proto__', 'constructor', 'toString', 'length', 'simgan', 'file_name', '', 'x', 'annotation'];

type TextChange = (text: string, rng: Rng) => string;

/** A change of one match of an expression. */
function replaceOne(expression: RegExp, by: (rng: Rng, found: string) => string): TextChange {
  return (text, rng) => {
    const found = [...text.matchAll(expression)];
    if (found.length === 0) return text;
    const { index, 0: match } = pick(found, rng);
    return text.slice(0, index) + by(rng, match) + text.slice(index + match.length);
  };
}

function changeLines(change: (lines: string[], rng: Rng) => string[]): TextChange {
  return (text, rng) => change(text.split('\n'), rng).join('\n');
}

const textChanges: readonly TextChange[] = [
  replaceOne(/-?\d+(\.\d+)?(e[-+]?\d+)?/gi, (rng) => pick(values, rng)(rng)),
  replaceOne(/-?\d+(\.\d+)?(e[-+]?\d+)?/gi, (rng) => pick(rng.next() < 0.3 ? longValues : values, rng)(rng)),
  replaceOne(/"[^"\n]*"(?!\s*:)/g, (rng) => pick(rng.next() < 0.3 ? longValues : values, rng)(rng)),
  replaceOne(/"[^"\n]*"(?=\s*:)/g, (rng) => JSON.stringify(pick(keys, rng))),
  replaceOne(/[{}[\]",:]/g, (rng) => pick(['', '{', '}', '[', ']', '"', ',', ':', ',,'], rng)),
  replaceOne(/[{[][^{}[\]]*[}\]]/g, (rng) => pick(rng.next() < 0.3 ? longValues : values, rng)(rng)),
  replaceOne(/[{[][^{}[\]]*[}\]]/g, (_, found) => `${found},${found}`),
  replaceOne(/"[^"\n]*"\s*:[^,}\n]*/g, (_, found) => `${found},${found}`),
  replaceOne(/\s+/g, (rng) => pick(['', '\r\n', '\t', '\u00a0', '\u2028', '\0', ' '.repeat(1000)], rng)),
  replaceOne(/\w+/g, (rng, found) =>
    pick([found.toUpperCase(), `${found}${found}`, '..', '../..', 'ü'], rng),
  ),
  changeLines((lines, rng) => lines.toSpliced(rng.int(lines.length), 1)),
  changeLines((lines, rng) => lines.toSpliced(rng.int(lines.length), 0, pick(lines, rng))),
  changeLines((lines, rng) => {
    const [a, b] = [rng.int(lines.length), rng.int(lines.length)];
    return lines.with(a, lines[b]!).with(b, lines[a]!);
  }),
  changeLines((lines, rng) => Array.from({ length: rng.int(200) }, () => pick(lines, rng))),
  (text, rng) => text.slice(0, rng.int(text.length + 1)),
  (text, rng) => text.slice(rng.int(text.length + 1)),
  (text) => text.replace(/\n/g, ''),
  (text) => `\uFEFF${text}`,
  (text) => text.replace(/\n/g, '\r\n'),
  (text) => text.replace(/\n/g, '\r'),
  (text) => `${text}\n${text}`,
];

/** A copy of a text file with one to four changes, in UTF-8 or rarely another encoding. */
export function mutateText(original: string, rng: Rng): Uint8Array {
  let text = original;
  for (let i = 1 + rng.int(rng.next() < 0.5 ? 1 : 4); i > 0; i--) text = pick(textChanges, rng)(text, rng);
  // What changes lengthen again and again must not fill the disk.
  text = text.slice(0, 2 ** 20);
  const encoding = rng.next() < 0.04 ? pick(['utf16le', 'latin1'] as const, rng) : 'utf8';
  const bytes = Uint8Array.from(Buffer.from(text, encoding));
  return rng.next() < 0.15 ? mutateBytes(bytes, rng) : bytes;
}
