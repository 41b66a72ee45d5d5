import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SimganError } from './errors.ts';
import { readSafetensors, type Safetensors, writeSafetensors } from './safetensors.ts';

const content: Safetensors = {
  tensors: {
    'stem/kernel': {
      data: Float32Array.of(1, -0, Number.NaN, 1e-45, Number.POSITIVE_INFINITY, 0.1),
      shape: [2, 3],
    },
    'stem/bias': { data: Float32Array.of(7), shape: [] },
    none: { data: new Float32Array(0), shape: [0, 4] },
    bytes: { data: Uint8Array.of(1, 2, 255), shape: [3] },
    words: { data: Uint16Array.of(1, 65535), shape: [2] },
    counts: { data: Int32Array.of(-1, 2 ** 31 - 1), shape: [1, 2] },
  },
  metadata: { plugin: 'eyes' },
};

/** A file from a header's text and data, as a careless or hostile writer might make it. */
function fileOf(header: string | object, data = new Uint8Array(0), announced?: bigint): Uint8Array {
  const text = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header));
  const file = new Uint8Array(8 + text.length + data.length);
  new DataView(file.buffer).setBigUint64(0, announced ?? BigInt(text.length), true);
  file.set(text, 8);
  file.set(data, 8 + text.length);
  return file;
}

test('what was written is read back, bit for bit and in order', () => {
  const read = readSafetensors(writeSafetensors(content));
  expect(Object.keys(read.tensors)).toEqual(Object.keys(content.tensors));
  for (const [name, { data, shape }] of Object.entries(content.tensors)) {
    expect(read.tensors[name]!.shape).toEqual(shape);
    expect(read.tensors[name]!.data).toEqual(data);
  }
  expect(Object.is(read.tensors['stem/kernel']!.data[1], -0)).toBe(true);
  expect(read.metadata).toEqual({ plugin: 'eyes' });
});

test('the bytes are those of the published format', () => {
  const file = writeSafetensors({
    tensors: { w: { data: Float32Array.of(1, 2), shape: [2] } },
    metadata: {},
  });
  const header = '{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}  ';
  expect([...file.subarray(0, 8)]).toEqual([header.length, 0, 0, 0, 0, 0, 0, 0]);
  expect(new TextDecoder().decode(file.subarray(8, 8 + header.length))).toBe(header);
  expect([...file.subarray(8 + header.length)]).toEqual([0, 0, 0x80, 0x3f, 0, 0, 0, 0x40]);
  expect(writeSafetensors(content)).toEqual(writeSafetensors(content));
});

test('a file at an odd address in memory is read', () => {
  const file = writeSafetensors(content);
  const shifted = new Uint8Array(file.length + 1).subarray(1);
  shifted.set(file);
  expect(readSafetensors(shifted).tensors.words!.data).toEqual(Uint16Array.of(1, 65535));
});

test('a file that is cut off anywhere is refused', () => {
  const file = writeSafetensors(content);
  for (let length = 0; length < file.length; length++) {
    expect(() => readSafetensors(file.subarray(0, length)), `${length} bytes`).toThrow(
      'not a valid safetensors file',
    );
  }
});

test('damage is reported with its place', () => {
  const w = (part: object = {}) => ({ dtype: 'F32', shape: [1], data_offsets: [0, 4], ...part });
  const four = new Uint8Array(4);
  const cases: [Uint8Array, string][] = [
    [new Uint8Array(3), 'it has 3 bytes'],
    [fileOf('{}', four, 2n ** 63n), 'its header claims 9223372036854775808 bytes'],
    [fileOf('{}', four, 50n), 'it is cut off within its header, which should have 50 bytes'],
    [fileOf('{"w":', four), 'its header is not JSON'],
    [fileOf('[]'), 'its header is not a JSON object'],
    [fileOf({ w: 1 }), 'its array w is not described by an object'],
    [
      fileOf({ w: w({ dtype: 'F64' }) }, four),
      'its array w is of type F64; the supported types are F32, I32, U16, U8',
    ],
    [fileOf({ w: w({ dtype: 'toString' }) }, four), 'its array w is of type toString'],
    [fileOf({ w: w({ shape: [-1] }) }, four), 'its array w has no valid shape'],
    [fileOf({ w: w({ shape: [1.5] }) }, four), 'its array w has no valid shape'],
    [fileOf({ w: w({ data_offsets: [0] }) }, four), 'its array w has no valid data_offsets'],
    [fileOf({ w: w({ shape: [2] }) }, four), 'its array w of shape [2] takes 8 bytes and has 4'],
    [fileOf({ w: w({ shape: [2 ** 40, 2 ** 40] }) }, four), 'takes'],
    [
      fileOf({ w: w({ data_offsets: [4, 8] }) }, new Uint8Array(8)),
      'its array w begins at byte 4 of the data and not at 0',
    ],
    [fileOf({ w: w(), v: w() }, four), 'its array v begins at byte 0 of the data and not at 4'],
    [fileOf({ w: w() }), 'it is cut off: its arrays take 4 bytes and it has 0'],
    [fileOf({ w: w() }, new Uint8Array(5)), '1 bytes follow its last array'],
    [fileOf({ __metadata__: { a: 1 } }), 'its __metadata__ has values that are not strings'],
  ];
  for (const [file, message] of cases) {
    expect(() => readSafetensors(file)).toThrow(
      expect.objectContaining({ code: 'INVALID_FILE', message: expect.stringContaining(message) }),
    );
  }
});

test('random bytes never do worse than be refused', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.boolean(), (bytes, hasLength) => {
      const file = hasLength ? fileOf(new TextDecoder().decode(bytes)) : bytes;
      try {
        readSafetensors(file);
      } catch (error) {
        expect(error).toMatchObject({ code: 'INVALID_FILE' });
      }
    }),
    { seed: 3 },
  );
});

test('arrays that do not fill their shape, and a reserved name, are not written', () => {
  const one = { data: Float32Array.of(1), shape: [2] };
  expect(() => writeSafetensors({ tensors: { w: one }, metadata: {} })).toThrow(
    'The array w has 1 values, which do not fill its shape [2].',
  );
  expect(() => writeSafetensors({ tensors: { __metadata__: { ...one, shape: [1] } }, metadata: {} })).toThrow(
    'cannot be called __metadata__',
  );
});

test('headers that are made to do harm are refused with a sentence', () => {
  const fileOf = (header: string, data = 0) => {
    const text = new TextEncoder().encode(header);
    const file = new Uint8Array(8 + text.length + data);
    new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
    file.set(text, 8);
    return file;
  };
  const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
  const messageOf = (file: Uint8Array) => {
    try {
      readSafetensors(file);
      return 'none';
    } catch (error) {
      expect(error).toBeInstanceOf(SimganError);
      return (error as Error).message;
    }
  };
  const entry = (fields: string) => fileOf(`{"w":{${fields}}}`);
  expect(messageOf(fileOf(deep))).toContain('its header is not a JSON object');
  expect(messageOf(entry(`"dtype":${deep},"shape":[],"data_offsets":[0,0]`))).toContain('w is of no type;');
  expect(messageOf(entry('"dtype":{"toString":1},"shape":[],"data_offsets":[0,0]'))).toContain('of no type;');
  const ones = Array(100_000).fill(1).join();
  expect(messageOf(entry(`"dtype":"U8","shape":[${ones}],"data_offsets":[0,1]`))).toContain('no valid shape');
  const long = messageOf(fileOf(`{"${'n'.repeat(100_000)}":5}`));
  expect(long.length).toBeLessThan(300);
  // A name that means something to JavaScript is a name like any other.
  const proto = fileOf('{"__proto__":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}', 1);
  expect(Object.keys(readSafetensors(proto).tensors)).toEqual(['__proto__']);
});
