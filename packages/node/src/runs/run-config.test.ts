import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRng, SimganError } from '@simgan/core';
import { expect, test } from 'vitest';
import { blobs } from '../../test/blobs.ts';
import { temporaryFolder } from '../../test/folders.ts';
import {
  configDifferences,
  parseRunConfig,
  type RunConfig,
  readRunConfig,
  recipeNumbers,
} from './run-config.ts';

const valid: RunConfig = {
  plugin: 'eyes',
  pluginOptions: { color: true, size: [55, 35] },
  recipe: 'quick',
  numbers: { steps: 4, lambda: { start: 1, target: 0.1 }, match: 'auto' },
  corrections: 'blur:0.5,noise:0.02',
  seed: 1,
  synthetic: 'simulator',
  real: '/photos',
  realFormat: 'mpii-gaze',
  features: { file: '/vgg.onnx', options: { output: 'relu3_3' } },
};
const text = JSON.stringify(valid, undefined, 2);

/** What a text is refused with. */
function refusal(json: string): SimganError {
  try {
    parseRunConfig(json, 'out/run.json');
  } catch (error) {
    if (error instanceof SimganError) return error;
    throw error;
  }
  throw new Error('It was not refused.');
}

test('a configuration round-trips; optional parts may be missing', () => {
  expect(parseRunConfig(text, 'run.json')).toEqual(valid);
  const { realFormat: _, features: __, ...rest } = valid;
  expect(parseRunConfig(JSON.stringify(rest), 'run.json')).toEqual(rest);
  // Of what it does not know nothing is kept, so nothing can be smuggled through it.
  expect(parseRunConfig(JSON.stringify({ ...rest, exec: 'rm' }), 'run.json')).toEqual(rest);
});

test('text that is not a configuration is refused with the reason', () => {
  const { seed: _, ...seedless } = valid;
  const cases: Record<string, readonly [text: string, message: string]> = {
    empty: ['', 'it is not JSON'],
    'cut off': [text.slice(0, -3), 'it is not JSON'],
    html: ['<!doctype html>', 'it is not JSON'],
    null: ['null', 'it: '],
    list: ['[]', 'it: '],
    number: ['7', 'it: '],
    nothing: ['{}', 'plugin: '],
    'one part missing': [JSON.stringify(seedless), 'seed: '],
    'seed as text': [JSON.stringify({ ...valid, seed: '1' }), 'seed: '],
    'seed beyond numbers': [text.replace('"seed": 1', '"seed": 1e999'), 'seed: '],
    'plugin as object': [JSON.stringify({ ...valid, plugin: {} }), 'plugin: '],
    'plugin of great length': [JSON.stringify({ ...valid, plugin: 'x'.repeat(5000) }), 'plugin: '],
    'options as list': [JSON.stringify({ ...valid, pluginOptions: [] }), 'pluginOptions: '],
    'numbers as text': [JSON.stringify({ ...valid, numbers: '{}' }), 'numbers: '],
    'features without a file': [JSON.stringify({ ...valid, features: { options: {} } }), 'features.file: '],
    huge: [JSON.stringify({ ...valid, real: 'x'.repeat(1_000_000) }), 'it has 1000'],
  };
  for (const [name, [json, message]] of Object.entries(cases)) {
    const error = refusal(json);
    expect(error.code, name).toBe('INVALID_FILE');
    expect(error.message, name).toContain(`out/run.json is not the configuration of a run: ${message}`);
    expect(error.message, name).toMatch(/\. Restore it from a copy, or train again\.$/);
    expect(error.message.length, name).toBeLessThan(1000);
  }
  expect(refusal('{}').message).toContain('; recipe: ');
});

test.each(['pluginOptions', 'numbers', 'features'])('deeply nested %s are refused', (part) => {
  for (const [open, close] of [
    ['[', ']'],
    ['{"a":', '}'],
  ] as const) {
    for (const depth of [3000, 100_000]) {
      const nested = `{"x":${open.repeat(depth)}1${close.repeat(depth)}}`;
      const inner = part === 'features' ? `{"file":"x","options":${nested}}` : nested;
      const json = `${JSON.stringify({ ...valid, [part]: undefined }).slice(0, -1)},"${part}":${inner}}`;
      const error = refusal(json);
      expect(error.code).toBe('INVALID_FILE');
      expect(error.message).toContain('it is nested more than 64 levels deep');
      expect(error.message.length).toBeLessThan(1000);
    }
  }
});

test('names of Object.prototype are ordinary keys', () => {
  const json = text.replace('"color": true', '"__proto__": {"polluted": 1}, "constructor": 2, "toString": 3');
  const { pluginOptions } = parseRunConfig(json, 'run.json');
  expect(Object.getPrototypeOf(pluginOptions)).toBe(Object.prototype);
  expect(({} as { polluted?: number }).polluted).toBeUndefined();
  expect(Object.keys(pluginOptions)).toContain('constructor');
  expect(refusal(text.replace('"recipe": "quick",', '"__proto__": {"recipe": "quick"},')).message).toContain(
    'recipe: ',
  );
});

test('1,000 seeded mutations give a configuration or an INVALID_FILE error, never anything else', () => {
  const rng = createRng(3);
  const pieces = ['{', '}', '[', ']', '"', ':', ',', 'null', '1e999', '-', '\\', '\0', '\ud800', 'true', ' '];
  let refused = 0;
  for (let i = 0; i < 1000; i++) {
    let json = text;
    for (let edits = 1 + rng.int(3); edits > 0; edits--) {
      const at = rng.int(json.length);
      const length = rng.int(4) === 0 ? rng.int(80) : rng.int(3);
      const piece = rng.int(3) === 0 ? '' : pieces[rng.int(pieces.length)]!;
      json = json.slice(0, at) + piece + json.slice(at + length);
    }
    try {
      const parsed = parseRunConfig(json, 'run.json');
      expect(Object.keys(parsed).every((key) => key in valid)).toBe(true);
      expect(typeof parsed.seed).toBe('number');
    } catch (error) {
      if (!(error instanceof SimganError)) throw error;
      expect(error.code).toBe('INVALID_FILE');
      expect(error.message).toMatch(/^run\.json is not the configuration of a run: /);
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(500);
});

test('a missing configuration is undefined; an unusable one is named', async () => {
  const dir = await temporaryFolder();
  expect(await readRunConfig(dir)).toBeUndefined();
  expect(await readRunConfig(join(dir, 'nowhere'))).toBeUndefined();
  await writeFile(join(dir, 'run.json'), text);
  expect(await readRunConfig(dir)).toEqual(valid);
  await writeFile(join(dir, 'run.json'), '{');
  await expect(readRunConfig(dir)).rejects.toThrow(`${join(dir, 'run.json')} is not the configuration`);
  await mkdir(join(dir, 'odd', 'run.json'), { recursive: true });
  expect(await readRunConfig(join(dir, 'odd'))).toBeUndefined();
});

test("a recipe's numbers are kept without its networks", () => {
  const { wide, matched } = blobs().recipes;
  expect(recipeNumbers(wide)).toEqual({
    steps: 4,
    batchSize: 4,
    optimizer: { kind: 'momentum', momentum: 0.9 },
    learningRate: 0.01,
    lambda: 0.5,
    refinerUpdates: 2,
    discriminatorUpdates: 1,
    historySize: 6,
    warmup: { refiner: 1, discriminator: 1 },
  });
  expect(recipeNumbers(matched).match).toBe('histogram');
});

test('differences are listed by name', () => {
  expect(configDifferences(valid, valid)).toEqual([]);
  expect(configDifferences(valid, { ...valid, realFormat: undefined })).toEqual([
    'realFormat was "mpii-gaze" and is not set now',
  ]);
  const now = { ...valid, seed: 2, numbers: { ...valid.numbers, steps: 9, crop: { width: 8, height: 8 } } };
  expect(configDifferences(valid, now)).toEqual([
    'steps was 4 and is 9 now',
    'crop was not set and is {"width":8,"height":8} now',
    'seed was 1 and is 2 now',
  ]);
});
