import { SimganError } from '@simgan/core';
import type { Folder } from '@simgan/core/reading';
import { bytesSource, fileSource } from '../bytes/byte-source.ts';
import { type Hdf5File, type OpenHdf5File, openHdf5File } from './hdf5-file.ts';
import { hdf5Library } from './hdf5-library.ts';

/** Files that are kept open: readers ask for the pictures of a dataset one by one, in any order. */
const OPEN_FILES = 8;
/** How long they are kept open after the last call, milliseconds. */
const IDLE = 1000;

/** Open files; the one that was used last comes last. */
const open = new Map<string, OpenHdf5File>();

/**
 * Opens an HDF5 file of a folder and hands it to `use`. Where the folder is on this machine, the file is read in place:
 * of a large file only what is asked for. Elsewhere the whole file is read into memory.
 *
 * Calls are done one after the other. The last 8 files stay open for a second, so that it costs little to call this
 * for each picture; files must not change meanwhile.
 *
 * @param use - is called once and gets a file that can be read until it returns.
 * @returns what `use` returned.
 * @throws SimganError INVALID_FILE if it is not an HDF5 file, is cut off or damaged.
 * @example
 * ```ts no-run
 * const folder = await openFolder('recordings');
 * const gaze = await hdf5(folder, 'day01.h5', (file) => file.numbers('p00/gaze'));
 * console.log(gaze.shape, gaze.data);
 * ```
 */
export function hdf5<Value>(folder: Folder, file: string, use: (file: Hdf5File) => Value): Promise<Value> {
  return inTurn(async () => {
    const location = folder.locate(file);
    const key = location ?? `${numberOf(folder)} ${file}`;
    let opened = open.get(key);
    open.delete(key);
    if (!opened?.isUsable) {
      opened?.close();
      const library = await hdf5Library();
      const source =
        location === undefined ? bytesSource(await folder.read(file)) : await fileSource(location, file);
      opened = openHdf5File(library, source, file);
    }
    open.set(key, opened);
    if (open.size > OPEN_FILES) {
      const [oldest, least] = open.entries().next().value!;
      open.delete(oldest);
      least.close();
    }
    return lend(opened, file, use);
  });
}

/** Hands a file to `use` and refuses it afterwards: it may be closed at any time then. */
function lend<Value>(opened: Hdf5File, name: string, use: (file: Hdf5File) => Value): Value {
  let isLent = true;
  const access = (): Hdf5File => {
    if (isLent) return opened;
    throw new SimganError(
      'INVALID_ARGUMENT',
      `The HDF5 file ${name} was read after the function that got it had returned. Read all that is needed within it.`,
    );
  };
  try {
    return use({
      names: (path) => access().names(path),
      shape: (path) => access().shape(path),
      dtype: (path) => access().dtype(path),
      numbers: (path, part) => access().numbers(path, part),
      texts: (path) => access().texts(path),
    });
  } finally {
    isLent = false;
  }
}

// One at a time: a file must not be closed between its opening and its use.
let turn: Promise<unknown> = Promise.resolve();
let pending = 0;
let timer: ReturnType<typeof setTimeout> | undefined;

function inTurn<Value>(job: () => Promise<Value>): Promise<Value> {
  pending++;
  clearTimeout(timer);
  const done = turn.then(job).finally(() => {
    if (--pending > 0) return;
    timer = setTimeout(closeAll, IDLE);
    // Where timers keep a process alive, this one must not.
    if (typeof timer === 'object') timer.unref();
  });
  turn = done.catch(() => {});
  return done;
}

function closeAll(): void {
  for (const file of open.values()) file.close();
  open.clear();
}

const numbers = new WeakMap<Folder, number>();
let folders = 0;

/** Tells files of the same name in different folders apart. */
function numberOf(folder: Folder): number {
  const number = numbers.get(folder) ?? ++folders;
  numbers.set(folder, number);
  return number;
}
