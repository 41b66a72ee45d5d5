/** @file MAT-files of level 5 for tests, written from MathWorks' "MAT-File Format" alone. */
import { deflateSync } from 'node:zlib';

/** A value as MATLAB stores it. Numbers are column-major. */
export type MatlabValue =
  | {
      readonly shape: readonly number[];
      readonly numbers: readonly number[];
      readonly as: keyof typeof numeric;
    }
  | { readonly struct: Readonly<Record<string, MatlabValue>> }
  | { readonly cells: readonly MatlabValue[] }
  | string;

/** How {@link writeMatFile} writes. */
export interface MatlabOptions {
  readonly compressed?: boolean;
  readonly bigEndian?: boolean;
}

/** For each class of numbers its number, the type of its elements and their width in bytes. */
const numeric = {
  double: { class: 6, type: 9, width: 8 },
  single: { class: 7, type: 7, width: 4 },
  uint8: { class: 9, type: 2, width: 1 },
  int16: { class: 10, type: 3, width: 2 },
  int32: { class: 12, type: 5, width: 4 },
  // MATLAB stores whole doubles in fewer bytes where they fit.
  doubleAsUint8: { class: 6, type: 2, width: 1 },
} as const;

/** A MAT-file of these variables. */
export function writeMatFile(
  variables: Readonly<Record<string, MatlabValue>>,
  { compressed = false, bigEndian = false }: MatlabOptions = {},
): Buffer {
  const write = new Writer(bigEndian);
  const header = Buffer.alloc(128, ' ');
  header.write('MATLAB 5.0 MAT-file, written by a test', 'latin1');
  header.fill(0, 116, 124);
  write.uint16(0x0100).copy(header, 124);
  header.write(bigEndian ? 'MI' : 'IM', 126, 'latin1');
  const parts = Object.entries(variables).map(([name, value]) => {
    const matrix = write.matrix(name, value);
    if (!compressed) return matrix;
    const deflated = deflateSync(matrix);
    return Buffer.concat([write.uint32(15), write.uint32(deflated.length), deflated]);
  });
  return Buffer.concat([header, ...parts]);
}

class Writer {
  readonly #bigEndian: boolean;

  constructor(bigEndian: boolean) {
    this.#bigEndian = bigEndian;
  }

  uint16(value: number): Buffer {
    return this.#number(value, 2, 'UInt16');
  }

  uint32(value: number): Buffer {
    return this.#number(value, 4, 'UInt32');
  }

  matrix(name: string, value: MatlabValue): Buffer {
    if (typeof value === 'string') {
      const text = Buffer.concat(Array.from(value, (letter) => this.uint16(letter.charCodeAt(0))));
      return this.#array(name, 4, [value.length === 0 ? 0 : 1, value.length], this.#element(4, text));
    }
    if ('numbers' in value) {
      const { class: kind, type } = numeric[value.as];
      const data = Buffer.concat(value.numbers.map((number) => this.#value(number, value.as)));
      return this.#array(name, kind, value.shape, this.#element(type, data));
    }
    if ('cells' in value) {
      return this.#array(
        name,
        1,
        [value.cells.length, 1],
        ...value.cells.map((cell) => this.matrix('', cell)),
      );
    }
    const fields = Object.entries(value.struct);
    const length = 32;
    const names = Buffer.alloc(length * fields.length);
    for (const [index, [field]] of fields.entries()) names.write(field, index * length, 'latin1');
    return this.#array(
      name,
      2,
      [1, 1],
      this.#element(5, this.uint32(length)),
      this.#element(1, names),
      ...fields.map(([, field]) => this.matrix('', field)),
    );
  }

  #array(name: string, kind: number, shape: readonly number[], ...content: readonly Buffer[]): Buffer {
    return this.#element(
      14,
      Buffer.concat([
        this.#element(6, Buffer.concat([this.uint32(kind), this.uint32(0)])),
        this.#element(5, Buffer.concat(shape.map((side) => this.uint32(side)))),
        this.#element(1, Buffer.from(name, 'latin1')),
        ...content,
      ]),
    );
  }

  /** Up to four bytes go into the tag itself, as MATLAB writes them. */
  #element(type: number, data: Buffer): Buffer {
    if (data.length > 0 && data.length <= 4) {
      const packed = Buffer.concat([this.uint32((data.length << 16) | type), data]);
      return Buffer.concat([packed, Buffer.alloc(8 - packed.length)]);
    }
    const padding = Buffer.alloc((8 - (data.length % 8)) % 8);
    return Buffer.concat([
      this.uint32(type),
      this.uint32(data.length + padding.length * (type === 14 ? 1 : 0)),
      data,
      padding,
    ]);
  }

  #value(number: number, as: keyof typeof numeric): Buffer {
    switch (as) {
      case 'double':
        return this.#number(number, 8, 'Double');
      case 'single':
        return this.#number(number, 4, 'Float');
      case 'int16':
        return this.#number(number, 2, 'Int16');
      case 'int32':
        return this.#number(number, 4, 'Int32');
      default:
        return Buffer.of(number);
    }
  }

  #number(
    value: number,
    width: number,
    kind: 'UInt16' | 'UInt32' | 'Int16' | 'Int32' | 'Float' | 'Double',
  ): Buffer {
    const bytes = Buffer.alloc(width);
    bytes[`write${kind}${this.#bigEndian ? 'BE' : 'LE'}`](value);
    return bytes;
  }
}
