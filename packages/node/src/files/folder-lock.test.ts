import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { LOCK, lockFolder, TAKEOVER } from './folder-lock.ts';

async function temporaryFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'simgan-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

test('a folder is locked once, and free again when it is released', async () => {
  const dir = join(await temporaryFolder(), 'made');
  const lock = await lockFolder(dir);
  await expect(lockFolder(dir)).rejects.toThrow(`is being written to by process ${process.pid}. Wait until`);
  await lock.release();
  // A folder that was made for the lock alone goes with it.
  await expect(readdir(dir)).rejects.toThrow('ENOENT');
  const again = await lockFolder(dir);
  await writeFile(join(dir, 'work'), 'done');
  await again.release();
  expect(await readdir(dir)).toEqual(['work']);
});

test('of many that want a folder at the same time, also over a stale lock, exactly one gets it', async () => {
  const dir = await temporaryFolder();
  for (const isStale of [false, true]) {
    if (isStale) await writeFile(join(dir, LOCK), await lockOfDeadProcess());
    const attempts = await Promise.allSettled(Array.from({ length: 12 }, () => lockFolder(dir)));
    const locks = attempts.flatMap((attempt) => (attempt.status === 'fulfilled' ? [attempt.value] : []));
    expect(locks).toHaveLength(1);
    await locks[0]!.release();
    expect(await readdir(dir)).toEqual([]);
  }
});

test('a lock of a process that is gone is taken over, one of a living process is not', async () => {
  const dir = await temporaryFolder();
  await writeFile(join(dir, LOCK), await lockOfDeadProcess());
  await (await lockFolder(dir)).release();

  const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  onTestFinished(() => void other.kill('SIGKILL'));
  await writeFile(join(dir, LOCK), JSON.stringify({ pid: other.pid, host: hostname(), token: 'other' }));
  await expect(lockFolder(dir)).rejects.toThrow(`process ${other.pid}.`);
  // The number of a process that started at another time belongs to another process.
  const reused = { pid: other.pid, host: hostname(), started: '1', token: 'earlier' };
  await writeFile(join(dir, LOCK), JSON.stringify(reused));
  if (process.platform === 'linux') await (await lockFolder(dir)).release();
});

test('a lock of another machine counts until it has shown no life for ten minutes', async () => {
  const dir = await temporaryFolder();
  const file = join(dir, LOCK);
  await writeFile(file, JSON.stringify({ pid: 1, host: 'elsewhere', token: 'other' }));
  await expect(lockFolder(dir)).rejects.toThrow('process 1 on elsewhere');
  const past = new Date(Date.now() - 11 * 60_000);
  await utimes(file, past, past);
  const lock = await lockFolder(dir);
  // Whoever comes back after its lock was taken over leaves the new one alone.
  await writeFile(file, JSON.stringify({ pid: 1, host: 'elsewhere', token: 'again' }));
  await lock.release();
  expect(JSON.parse(await readFile(file, 'utf8'))).toMatchObject({ token: 'again' });
});

test('what a kill leaves of locking does not lock for ever', async () => {
  const dir = await temporaryFolder();
  const past = new Date(Date.now() - 60_000);
  for (const name of [LOCK, TAKEOVER]) {
    await writeFile(join(dir, name), '');
    await utimes(join(dir, name), past, past);
  }
  const lock = await lockFolder(dir);
  await lock.release();
  expect(await readdir(dir)).toEqual([]);
});

async function lockOfDeadProcess(): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, ['-p', 'process.pid']);
  return JSON.stringify({ pid: Number(stdout), host: hostname(), token: 'dead' });
}
