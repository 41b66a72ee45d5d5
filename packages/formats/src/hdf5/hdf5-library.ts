/**
 * @file The HDF5 library, compiled to WebAssembly (h5wasm). Its functions are called one by one, not through h5wasm's
 * classes, for two reasons. Those report errors by an exception that is thrown through WebAssembly; each leaves a part
 * of the stack and an open file behind, and after some two thousand the library is dead. And after texts that could
 * not be read they free memory that was never allocated, which kills it at once.
 */
import type { ByteSource } from '../bytes/byte-source.ts';
import { isHeapEndless } from './global-heap.ts';

/** The library's functions and its memory. */
export type Hdf5Module = Awaited<typeof import('h5wasm')['ready']>;

/** A file as the library's file system keeps it (Emscripten's MEMFS). */
interface FileNode {
  usedBytes: number;
  stream_ops: StreamOperations;
}

interface StreamOperations {
  read?(stream: unknown, buffer: Int8Array, offset: number, length: number, position: number): number;
  write?(stream: unknown, buffer: Int8Array, offset: number, length: number): number;
}

interface FileSystem {
  readonly streams: readonly { stream_ops: StreamOperations }[];
  readonly ErrnoError: new (code: number) => Error;
  createFile(parent: string, name: string, properties: object, canRead: boolean, canWrite: boolean): FileNode;
  unlink(path: string): void;
}

const STDERR = 2;
const EIO = 29;

/** What h5wasm throws where an object cannot be opened. */
const NOT_OPENED = 'error - name not defined!';
/** Each such exception leaves 128 bytes of the library's two megabytes of stack behind. */
const MOST_THROWN = 1000;

/** One instance of the library, with its own memory and files. */
export class Hdf5Library {
  readonly module: Hdf5Module;
  readonly #files: FileSystem;
  #mounted = 0;
  #thrown = 0;
  #isBroken = false;
  /** Why a read was refused, which the library reports as a failure of the disk. */
  #refusal: string | undefined;

  constructor(module: Hdf5Module) {
    this.module = module;
    this.#files = module.FS as unknown as FileSystem;
    // Errors are printed, and collected by `call`.
    module.deactivate_throwing_error_handler();
  }

  /** Whether its memory is damaged, so that nothing of it can be called any more. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  /** Whether another file should be opened with it. */
  get isFresh(): boolean {
    return !this.#isBroken && this.#thrown < MOST_THROWN;
  }

  /**
   * Calls functions of the library.
   *
   * @throws Error if one of them fails; its message is the reason in the library's words, and what to do.
   */
  call<Value>(job: (module: Hdf5Module) => Value): Value {
    if (this.#isBroken) throw damage('the HDF5 library had stopped before, at other damage');
    const stderr = this.#files.streams[STDERR]!;
    const operations = stderr.stream_ops;
    const decoder = new TextDecoder();
    let report = '';
    this.#refusal = undefined;
    stderr.stream_ops = {
      ...operations,
      write(_stream, buffer, offset, length) {
        report += decoder.decode(buffer.subarray(offset, offset + length), { stream: true });
        return length;
      },
    };
    let value: Value;
    try {
      value = job(this.module);
    } catch (error) {
      const isKnown = error instanceof Error && error.message === NOT_OPENED;
      if (isKnown) this.#thrown++;
      else this.#isBroken = true;
      const reason = isKnown ? 'it cannot be opened' : `the HDF5 library stopped with ${String(error)}`;
      throw this.#failureIn(report) ?? damage(reason, error);
    } finally {
      stderr.stream_ops = operations;
    }
    const failure = this.#failureIn(report);
    if (failure) throw failure;
    return value;
  }

  /** Makes a source a file of the library's own file system, and gives its path there. */
  mount(source: ByteSource): string {
    const files = this.#files;
    const read = (position: number, length: number): Uint8Array => {
      const bytes = new Uint8Array(Math.max(0, Math.min(length, source.size - position)));
      return bytes.subarray(0, source.read(bytes, position));
    };
    const name = `${++this.#mounted}.h5`;
    const node = files.createFile('/', name, {}, true, false);
    node.usedBytes = source.size;
    node.stream_ops = {
      ...node.stream_ops,
      read: (_stream, buffer, offset, length, position) => {
        try {
          const wanted = Math.max(0, Math.min(length, source.size - position));
          const target = new Uint8Array(buffer.buffer, buffer.byteOffset + offset, wanted);
          const got = source.read(target, position);
          if (isHeapEndless(target, position, read))
            throw new Error('an object of its global heap takes no space');
          return got;
        } catch (error) {
          this.#refusal ??= (error as Error).message;
          throw new files.ErrnoError(EIO);
        }
      },
    };
    return `/${name}`;
  }

  unmount(path: string): void {
    this.#files.unlink(path);
  }

  /** The library reports the way down through its layers, of which the last is the reason. */
  #failureIn(report: string): Error | undefined {
    if (this.#refusal !== undefined) return damage(this.#refusal, report);
    // Below this it tells where it looked for plugins.
    const filter = /required filter '(.*?)' is not registered/.exec(report)?.[1];
    if (filter !== undefined) {
      return new Error(
        `it is compressed with ${filter}, which is not supported. Convert it with h5repack -f GZIP=6.`,
        {
          cause: report,
        },
      );
    }
    const layers = [...report.matchAll(/^\s*#\d+:.*?\(\): (.*)$/gm)];
    return layers.length > 0 ? damage(layers.at(-1)![1]!, report) : undefined;
  }
}

let current: Hdf5Library | undefined;
let instances = 0;

/** The library; loaded when it is first needed, and anew after it broke. */
export async function hdf5Library(): Promise<Hdf5Library> {
  if (!current?.isFresh) {
    // A module is evaluated once for each address, and h5wasm makes its instance when it is.
    const { ready }: typeof import('h5wasm') =
      instances === 0
        ? await import('h5wasm')
        : await import(`${import.meta.resolve('h5wasm')}?${instances}`);
    instances++;
    current = new Hdf5Library(await ready);
  }
  return current;
}

function damage(reason: string, cause?: unknown): Error {
  return new Error(`${reason}. If the file is damaged, copy or download it again.`, { cause });
}
