/** @file Our programs in Python, beside this file: they read what is written here, and write what is read here. */
import { execFile, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const interpreters = ['python3', '/usr/bin/python3', 'python'];

/** Runs a program by its name, with arguments. What it prints as JSON comes back. */
export type Python = <Value>(program: string, ...args: string[]) => Promise<Value>;

/** An interpreter of Python 3 that has some modules, or why there is none. */
export function findPython(...modules: string[]): { run: Python; withoutPython: string } {
  const found = interpreters.find(
    (name) => spawnSync(name, ['-c', `import ${['json', ...modules].join()}`]).status === 0,
  );
  const run: Python = async (program, ...args) => {
    const file = fileURLToPath(new URL(`./python/${program}.py`, import.meta.url));
    const { stdout } = await promisify(execFile)(found!, ['-B', file, ...args], { maxBuffer: 2 ** 26 });
    return JSON.parse(stdout || 'null');
  };
  const missing = ` (skipped: none of ${interpreters.join(', ')} imports ${modules.join(', ')})`;
  return { run, withoutPython: found ? '' : missing };
}
