import { Readable } from 'node:stream';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteReader } from './byte-reader.ts';
import { readFrame } from './frame.ts';

function frame(parts: Readonly<Record<string, Uint8Array>>): Buffer {
  const header = { parts: Object.entries(parts).map(([name, { length }]) => ({ name, size: length })) };
  return Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), ...Object.values(parts)]);
}

/** A stream that comes in pieces of some sizes, over and over. */
function inPieces(bytes: Buffer, sizes: readonly number[]): ByteReader {
  const pieces: Buffer[] = [];
  for (let at = 0, i = 0; at < bytes.length; at += sizes[i++ % sizes.length]!) {
    pieces.push(bytes.subarray(at, at + sizes[i % sizes.length]!));
  }
  return new ByteReader(Readable.from(pieces));
}

test('frames come one after the other, in whatever pieces they arrive', async () => {
  const sizes = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });
  const parts = fc.dictionary(fc.stringMatching(/^[a-z]\w{0,5}$/), fc.uint8Array({ maxLength: 50 }));
  await fc.assert(
    fc.asyncProperty(parts, parts, sizes, async (one, other, pieces) => {
      const reader = inPieces(Buffer.concat([frame(one), frame(other)]), pieces);
      for (const wanted of [one, other]) {
        const read = (await readFrame(reader, 1e6)) as ReadonlyMap<string, Buffer>;
        expect([...read].map(([name, bytes]) => [name, [...bytes]])).toEqual(
          Object.entries(wanted).map(([name, bytes]) => [name, [...bytes]]),
        );
      }
      expect(await readFrame(reader, 1e6)).toBeUndefined();
    }),
  );
});

test('a frame that is cut off anywhere is none', async () => {
  const whole = frame({ annotation: Buffer.from('{}'), image: Buffer.from('abc') });
  for (let length = 0; length < whole.length; length++) {
    expect(await readFrame(inPieces(whole.subarray(0, length), [7]), 100)).toBeUndefined();
  }
});

test.each([
  ['Fra:1 Mem:23.1M\n', 'is not JSON: "Fra:1 Mem:23.1M". Only responses belong on stdout'],
  ['{"parts": [{"name": "image"}]}\n', 'and should be {"parts"'],
  ['{"parts": [{"name": "image", "size": -1}]}\n', 'and should be {"parts"'],
  ['{"parts": [{"name": "../image", "size": 1}]}\n', 'and should be {"parts"'],
  [`{"parts": [${Array.from({ length: 33 }, (_, i) => `{"name": "p${i}", "size": 0}`)}]}\n`, 'and should be'],
  [
    '{"parts": [{"name": "image", "size": 60}, {"name": "mask", "size": 41}]}\n',
    'has 101 bytes, and at most 100',
  ],
  ['{"parts": [{"name": "a", "size": 0}, {"name": "a", "size": 0}]}\n', 'two parts named a'],
  [' '.repeat(9000), 'more than 8192 bytes'],
])('refused: %s', async (text, message) => {
  await expect(readFrame(inPieces(Buffer.from(text), [1000]), 100)).rejects.toThrow(message);
});

test('of a line that has no end no more is read than is looked at', async () => {
  let read = 0;
  const endless = Readable.from(
    (function* () {
      for (;;) {
        read++;
        yield Buffer.alloc(1024, 'x');
      }
    })(),
    { highWaterMark: 1 },
  );
  await expect(readFrame(new ByteReader(endless), 100)).rejects.toThrow('more than 8192 bytes');
  expect(read).toBeLessThan(20);
});

test('a refusal has its words', async () => {
  expect(await readFrame(inPieces(Buffer.from('{"error": "No wood."}\r\n'), [3]), 100)).toEqual({
    error: 'No wood.',
  });
});
