import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { asModule, docstringPrograms, markdownPrograms, root, typeErrors } from './programs.ts';

const cache = join(root, 'test', '.programs');
mkdirSync(cache, { recursive: true });
const dir = mkdtempSync(join(cache, 'run-'));
const home = process.cwd();
afterAll(() => {
  process.chdir(home);
  rmSync(dir, { recursive: true, force: true });
});

const programs = [...markdownPrograms(), ...docstringPrograms()].map((program, index) => {
  const file = join(dir, `program-${index}.ts`);
  writeFileSync(
    file,
    asModule(program).replaceAll("'../example-surroundings.ts'", "'../../example-surroundings.ts'"),
  );
  return { ...program, file };
});

test('there are programs to run', () => {
  expect(programs.length).toBeGreaterThan(25);
});

test('every shown program is valid TypeScript against the packages', () => {
  const checked = programs.filter(({ info }) => !info.includes('file='));
  const places = new Map(checked.map(({ file, place }) => [file.slice(root.length), place]));
  const errors = typeErrors(checked.map(({ file }) => file)).map((error) => {
    const [file] = error.split(':');
    return `${places.get(file!) ?? file}: ${error}`;
  });
  expect(errors).toEqual([]);
});

const copies = programs.filter(({ info }) => info.includes('file='));

test.each(copies)('$place shows the file that it names', ({ info, code }) => {
  const [, file] = /file=(\S+)/.exec(info)!;
  expect(code.trim()).toBe(readFileSync(join(root, file!), 'utf8').trim());
});

describe('runs', () => {
  beforeAll(() => import('./example-surroundings.ts'));

  test.each(programs.filter(({ info }) => info === ''))('$place', async ({ file }) => {
    // A program ends with its process; what it leaves in memory is cleared away here.
    const engine = tf.engine();
    const variables = new Set(Object.values(engine.registeredVariables));
    const backend = tf.getBackend();
    engine.startScope();
    try {
      await import(file);
    } finally {
      engine.endScope();
      for (const variable of Object.values(engine.registeredVariables)) {
        if (!variables.has(variable)) variable.dispose();
      }
      await tf.setBackend(backend);
    }
  });
});
