import type { Readable } from 'node:stream';

/** Lines and runs of bytes out of a stream, which is read no further than they are asked for. */
export class ByteReader {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(stream: Readable) {
    this.#chunks = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }

  /**
   * The next line, without its end (LF or CR LF).
   *
   * @returns `undefined` if the stream ends before the line does; its beginning as `tooLong` if it exceeds `most` bytes.
   */
  async line(most: number): Promise<string | undefined | { readonly tooLong: string }> {
    const parts: Buffer[] = [];
    let size = 0;
    for (;;) {
      const end = this.#rest.indexOf(10);
      const part = end < 0 ? this.#rest : this.#rest.subarray(0, end);
      size += part.length;
      parts.push(part);
      if (size > most) return { tooLong: Buffer.concat(parts).toString('utf8', 0, most) };
      if (end >= 0) {
        this.#rest = this.#rest.subarray(end + 1);
        return Buffer.concat(parts).toString('utf8').replace(/\r$/, '');
      }
      if (!(await this.#more())) return undefined;
    }
  }

  /** The next `length` bytes; `undefined` if the stream ends before. */
  async bytes(length: number): Promise<Buffer | undefined> {
    const parts: Buffer[] = [];
    let missing = length;
    for (;;) {
      const part = this.#rest.subarray(0, missing);
      parts.push(part);
      missing -= part.length;
      this.#rest = this.#rest.subarray(part.length);
      if (missing === 0) return Buffer.concat(parts);
      if (!(await this.#more())) return undefined;
    }
  }

  async #more(): Promise<boolean> {
    // A stream that is destroyed under us has ended, too.
    const next = await this.#chunks.next().catch(() => ({ done: true }) as const);
    this.#rest = next.done ? Buffer.alloc(0) : next.value;
    return !next.done;
  }
}
