/** Reads the protocol buffer wire format, of which nothing is believed before it is checked. */
import { OnnxError } from '../errors.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The fields of one message, by number. Unknown ones lie unread. */
export class ReceivedMessage {
  readonly #fields = new Map<number, (bigint | Uint8Array)[]>();

  /** @throws OnnxError if the bytes are no message. */
  constructor(bytes: Uint8Array) {
    let at = 0;
    const varint = (): bigint => {
      let value = 0n;
      for (let shift = 0n; shift < 70n; shift += 7n) {
        const byte = bytes[at++];
        if (byte === undefined) throw damaged('it ends within a number');
        value |= BigInt(byte & 0x7f) << shift;
        if (byte < 0x80) return BigInt.asUintN(64, value);
      }
      throw damaged('a number in it has more than ten bytes');
    };
    const take = (length: number): Uint8Array => {
      if (length > bytes.length - at) {
        throw damaged(`it is cut off: ${length} bytes are announced and ${bytes.length - at} follow`);
      }
      at += length;
      return bytes.subarray(at - length, at);
    };
    while (at < bytes.length) {
      const tag = Number(varint());
      const [field, wireType] = [Math.floor(tag / 8), tag % 8];
      let value: bigint | Uint8Array;
      if (wireType === 0) value = varint();
      else if (wireType === 1) value = take(8);
      else if (wireType === 2) value = take(Number(varint()));
      else if (wireType === 5) value = take(4);
      else throw damaged(`a field in it has the unknown wire type ${wireType}`);
      const known = this.#fields.get(field);
      if (known) known.push(value);
      else this.#fields.set(field, [value]);
    }
  }

  has(field: number): boolean {
    return this.#fields.has(field);
  }

  messages(field: number): ReceivedMessage[] {
    return this.#blobs(field).map((bytes) => new ReceivedMessage(bytes));
  }

  /** The last one wins, as the format wants. */
  message(field: number): ReceivedMessage | undefined {
    return this.messages(field).at(-1);
  }

  strings(field: number): string[] {
    return this.#blobs(field).map((bytes) => {
      try {
        return utf8.decode(bytes);
      } catch (error) {
        throw damaged('a text in it is not UTF-8', error);
      }
    });
  }

  string(field: number): string {
    return this.strings(field).at(-1) ?? '';
  }

  bytes(field: number): Uint8Array | undefined {
    return this.#blobs(field).at(-1);
  }

  /** Repeated whole numbers, packed or not, signed. Beyond 2^53 they lose their last digits. */
  ints(field: number): number[] {
    return this.#values(field).flatMap((value) => {
      if (typeof value === 'bigint') return [Number(BigInt.asIntN(64, value))];
      return unpack(value);
    });
  }

  int(field: number): number | undefined {
    return this.ints(field).at(-1);
  }

  /** Repeated 32-bit floats, packed or not. */
  floats(field: number): Float32Array {
    return new Float32Array(aligned(this.#blobs(field), 4, 'floats'));
  }

  /** Repeated 64-bit floats, packed or not. */
  doubles(field: number): Float64Array {
    return new Float64Array(aligned(this.#blobs(field), 8, 'doubles'));
  }

  #blobs(field: number): Uint8Array[] {
    return this.#values(field).map((value) => {
      if (typeof value === 'bigint') throw damaged(`its field ${field} is a number and should not be`);
      return value;
    });
  }

  #values(field: number): (bigint | Uint8Array)[] {
    return this.#fields.get(field) ?? [];
  }
}

/** The numbers of a packed field. */
function unpack(bytes: Uint8Array): number[] {
  const values: number[] = [];
  let value = 0n;
  let shift = 0n;
  for (const byte of bytes) {
    value |= BigInt(byte & 0x7f) << shift;
    shift += 7n;
    if (byte < 0x80) {
      values.push(Number(BigInt.asIntN(64, value)));
      value = 0n;
      shift = 0n;
    } else if (shift > 63n) throw damaged('a number in it has more than ten bytes');
  }
  if (shift > 0n) throw damaged('it ends within a number');
  return values;
}

/** All bytes in one buffer of their own, at an address that typed arrays take. */
function aligned(parts: readonly Uint8Array[], width: number, what: string): ArrayBuffer {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  if (joined.length % width !== 0) {
    throw damaged(`its ${what} take ${joined.length} bytes, not a multiple of ${width}`);
  }
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined.buffer;
}

function damaged(why: string, cause?: unknown): OnnxError {
  return new OnnxError(
    `This is not an ONNX model: ${why}. Check that the file was copied whole.`,
    cause === undefined ? undefined : { cause },
  );
}
