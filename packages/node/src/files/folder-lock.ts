/** @file An exclusive lock on an output folder, so that two programs never write to it at the same time. */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { open, readFile, rm, rmdir, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { SimganError } from '@simgan/core';
import { makeFolder, outputFailed } from './atomic-file.ts';

/** The lock's file within the folder. */
export const LOCK = '.simgan.lock';
/** Held for an instant by whoever removes a stale lock. */
export const TAKEOVER = '.simgan.lock.takeover';

/** A lock that is held. */
export interface FolderLock {
  release(): Promise<void>;
}

/** Who holds a lock. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When the process started, in the system's ticks since boot; numbers of processes are used again. Linux only. */
  readonly started: string | undefined;
  readonly token: string;
}

/** How often a lock shows that its holder is alive, and when one of another machine counts as left behind. */
const HEARTBEAT_MS = 20_000;
const LEFT_BEHIND_MS = 10 * 60_000;

/**
 * Locks a folder, which is made if it is not there. A lock whose process is gone is taken over: on this machine at once, of
 * another machine when it has shown no sign of life for ten minutes.
 *
 * @throws SimganError OUTPUT_LOCKED naming the process that holds it; OUTPUT_FAILED if the folder cannot be written to.
 */
export async function lockFolder(dir: string): Promise<FolderLock> {
  const isNew = !(await stat(dir).catch(() => undefined));
  await makeFolder(dir);
  const file = join(dir, LOCK);
  const own: Holder = {
    pid: process.pid,
    host: hostname(),
    started: startOf(process.pid),
    token: randomUUID(),
  };
  while (!(await create(file, JSON.stringify(own)))) {
    const holder = await readHolder(file);
    if (holder === 'gone') continue;
    if (!(await isStale(file, holder))) throw locked(dir, holder);
    await removeStale(dir, file);
  }
  const beat = setInterval(() => {
    const now = new Date();
    utimes(file, now, now).catch(() => {});
  }, HEARTBEAT_MS);
  beat.unref();
  return {
    async release() {
      clearInterval(beat);
      const holder = await readHolder(file);
      if (holder !== 'gone' && holder?.token === own.token) await rm(file, { force: true });
      // A folder that was made for the lock alone goes with it; one that holds something stays.
      if (isNew) await rmdir(dir).catch(() => {});
    },
  };
}

async function create(file: string, content: string): Promise<boolean> {
  try {
    const handle = await open(file, 'wx');
    try {
      await handle.writeFile(content);
    } finally {
      await handle.close();
    }
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw outputFailed(file, error);
  }
}

/** `undefined` for a lock that cannot be read: its writer was killed in between, or it is damaged. */
async function readHolder(file: string): Promise<Holder | undefined | 'gone'> {
  try {
    const holder = JSON.parse(await readFile(file, 'utf8')) as Partial<Holder> | null;
    const isHolder = typeof holder?.pid === 'number' && typeof holder.host === 'string';
    return isHolder ? (holder as Holder) : undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'gone' : undefined;
  }
}

async function isStale(file: string, holder: Holder | undefined): Promise<boolean> {
  const found = await stat(file).catch(() => undefined);
  if (!found) return false;
  const age = Date.now() - found.mtimeMs;
  // Between its creation and its content a lock is empty, for an instant.
  if (!holder) return age > 5_000;
  if (holder.host !== hostname()) return age > LEFT_BEHIND_MS;
  if (!isAlive(holder.pid)) return true;
  const started = startOf(holder.pid);
  return started !== undefined && holder.started !== undefined && started !== holder.started;
}

/** Only one program at a time decides on a stale lock, so that none removes the lock that another has just made. */
async function removeStale(dir: string, file: string): Promise<void> {
  const takeover = join(dir, TAKEOVER);
  if (!(await create(takeover, String(process.pid)))) {
    const found = await stat(takeover).catch(() => undefined);
    if (found && Date.now() - found.mtimeMs > 10_000) await rm(takeover, { force: true });
    await new Promise((resolve) => setTimeout(resolve, 20));
    return;
  }
  try {
    const holder = await readHolder(file);
    if (holder !== 'gone' && (await isStale(file, holder))) await rm(file, { force: true });
  } finally {
    await rm(takeover, { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // A process of another user is alive, too.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function startOf(pid: number): string | undefined {
  try {
    // The name in parentheses may hold spaces; the start time is field 22, the 20th behind it.
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ')[19];
  } catch {
    return undefined;
  }
}

function locked(dir: string, holder: Holder | undefined): SimganError {
  const who = holder
    ? holder.host === hostname()
      ? `process ${holder.pid}`
      : `process ${holder.pid} on ${holder.host}`
    : 'another process';
  return new SimganError(
    'OUTPUT_LOCKED',
    `${dir} is being written to by ${who}. Wait until it is done, or choose another folder.`,
  );
}
