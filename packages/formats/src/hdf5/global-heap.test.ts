import { expect, test } from 'vitest';
import { isHeapEndless } from './global-heap.ts';

/** A collection of objects, each given by its index and length. */
function collection(...objects: readonly (readonly [index: number, length: bigint])[]): Buffer {
  const header = Buffer.alloc(16);
  header.write('GCOL\x01', 'latin1');
  header.writeBigUInt64LE(256n, 8);
  const parts = objects.map(([index, length]) => {
    const size = index === 0 ? Number(length) : 16 + Math.ceil(Number(length) / 8) * 8;
    const object = Buffer.alloc(Math.max(16, size < 256 ? size : 16));
    object.writeUInt16LE(index, 0);
    object.writeBigUInt64LE(length, 8);
    return object;
  });
  return Buffer.concat([header, ...parts, Buffer.alloc(256)]).subarray(0, 256);
}

const sound = collection([1, 10n], [2, 0n], [0, 200n]);
const endless = {
  'free space without length': collection([1, 10n], [0, 0n]),
  'free space whose length has 33 bits': collection([1, 10n], [0, 2n ** 32n]),
  'an object as long as all addresses': collection([1, 2n ** 32n - 16n]),
};

function isEndless(part: Uint8Array, position: number, file: Uint8Array): boolean {
  return isHeapEndless(part, position, (at, length) => file.subarray(at, at + length));
}

test('a sound collection comes to its end, at any position', () => {
  for (let before = 0; before < 9; before++) {
    const file = Buffer.concat([Buffer.alloc(before), sound]);
    expect(isEndless(file, 0, file)).toBe(false);
  }
});

test.each(Object.entries(endless))('finds %s, at any position and in any part', (_, heap) => {
  for (let before = 0; before < 9; before++) {
    const file = Buffer.concat([Buffer.alloc(before, 'GCO'), heap]);
    for (let from = 0; from <= before; from++) {
      for (const to of [before + 4, before + 5, before + 6, before + 7, file.length]) {
        expect(isEndless(file.subarray(from, to), from, file)).toBe(true);
      }
    }
  }
});

test('pictures in which the signature occurs by chance are no heap', () => {
  const file = Buffer.from('GCOLGCOLGCOL'.repeat(50));
  expect(isEndless(file, 0, file)).toBe(false);
  expect(isEndless(Buffer.from('GCOL'), 0, Buffer.from('GCOL'))).toBe(false);
  expect(isEndless(Buffer.alloc(0), 0, Buffer.alloc(0))).toBe(false);
});
