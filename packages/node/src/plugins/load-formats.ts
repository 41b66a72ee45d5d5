import { SimganError } from '@simgan/core';
import type { DatasetFormat } from '@simgan/formats';
import { z } from 'zod';
import { findModule, isPackageName, loadProblem, type PluginPlace } from './load-plugin.ts';

const isFunction = z.custom<(...given: never) => unknown>(
  (value) => typeof value === 'function',
  'expected a function',
);

const format = z
  .looseObject({
    name: z
      .string()
      .max(100)
      .regex(/^[a-z0-9][a-z0-9-]*$/, 'expected small letters, digits and hyphens'),
    description: z.string().min(1),
    coordinates: z.string().min(1),
    detect: isFunction.optional(),
    read: isFunction.optional(),
    write: isFunction.optional(),
  })
  .refine(({ read, write }) => read ?? write, 'expected read or write');

/**
 * Loads formats of a user's own: modules by their paths (`./my-formats.js`), or installed packages (`NAME` or
 * `simgan-formats-NAME`). A module exports a `DatasetFormat`, or a list of them, as its default or as `formats`.
 *
 * A module is code that runs: only names that the user gave belong here, never those that stand in a file.
 *
 * @throws SimganError INVALID_ARGUMENT for a module that is not there, INVALID_PLUGIN for one that does not load or
 * exports no formats, saying what it should.
 * @example
 * ```ts no-run
 * await convertDataset({ input: 'pairs', to: ['coco'], out: 'out', formats: await loadFormats(['./pairs-format.js']) });
 * ```
 */
export async function loadFormats(
  names: readonly string[],
  place: PluginPlace = {},
): Promise<readonly DatasetFormat[]> {
  const loaded = await Promise.all(names.map((name) => formatsOf(name, place)));
  return loaded.flat();
}

async function formatsOf(name: string, place: PluginPlace): Promise<readonly DatasetFormat[]> {
  const packages = isPackageName(name) ? [name, `simgan-formats-${name}`] : [];
  const { file, tried } = findModule(name, packages, place);
  if (!file?.startsWith('file:')) {
    throw new SimganError(
      'INVALID_ARGUMENT',
      `There is no module of formats ${JSON.stringify(name)}. Tried ${tried.join(', ') || 'nothing'}. Give a path that begins with ./ or /, or the name of an installed package.`,
    );
  }
  let content: { readonly default?: unknown; readonly formats?: unknown };
  try {
    content = (await import(file)) as typeof content;
  } catch (error) {
    throw new SimganError('INVALID_PLUGIN', `The formats ${name} do not load: ${loadProblem(file, error)}`, {
      cause: error,
    });
  }
  const exported = content.formats ?? content.default;
  const parsed = z
    .array(format)
    .min(1)
    .safeParse(Array.isArray(exported) ? exported : [exported]);
  if (parsed.success) return (Array.isArray(exported) ? exported : [exported]) as DatasetFormat[];
  const problems = parsed.error.issues
    .slice(0, 3)
    .map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new SimganError(
    'INVALID_PLUGIN',
    `The module ${name} exports no formats (${problems.join('; ')}). Export a DatasetFormat, or a list of them, as default: { name, description, coordinates, read and write, or one of them }.`,
  );
}
