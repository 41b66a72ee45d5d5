import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SimganError, type TrainingRecipe } from '@simgan/core';
import { z } from 'zod';
import type { JsonObject } from '../datasets/dataset-format.ts';
import { jsonDifferences } from '../files/json-differences.ts';
import { levelsOf } from '../files/levels-of.ts';
import { runFiles } from './run-folder.ts';

const text = z.string().max(4096);

const spread = z.object({ mean: z.number(), std: z.number().min(0) });
const setFraming = z.object({ x: spread, y: spread, width: spread, height: spread, slant: spread });
const framingPlan = z.object({ ground: z.number(), synthetic: setFraming, real: setFraming });

/** What `run.json` says: enough to build the same networks again. It names things and never runs them. */
const runConfig = z.object({
  /** The plugin's name or the whole path of its module, as the user gave it. */
  plugin: text,
  pluginOptions: z.record(text, z.json()),
  recipe: text,
  /** The recipe's numbers. */
  numbers: z.record(text, z.json()),
  /** What was done to the light of synthetic pictures, with measured strengths, in one line. */
  corrections: text,
  seed: z.number(),
  /** Folders with their whole paths, `simulator`, `dataset`, or `renderer` with its address or command. */
  synthetic: text,
  /** Folders with their whole paths, `stand-in` or `dataset`. */
  real: text,
  /** The reader of the real pictures, where they were not read plainly. */
  realFormat: text.optional(),
  /** The network whose features refined pictures keep, where one was given. */
  features: z.object({ file: text, options: z.record(text, z.json()) }).optional(),
  /** How synthetic pictures are framed before they are refined, where they are. */
  framing: framingPlan.optional(),
});

/** What a run was started with. */
export type RunConfig = Readonly<z.infer<typeof runConfig>>;

/** Longer files are no configuration. */
const MOST_CHARACTERS = 1_000_000;
/** Neither are files that are nested deeper, which would use up the stack of whatever walks through them. */
const DEEPEST = 64;

/**
 * A configuration out of a file's text.
 *
 * @param origin - the file, for messages.
 * @throws SimganError INVALID_FILE naming every field that is missing or wrong.
 */
export function parseRunConfig(json: string, origin: string): RunConfig {
  const fail = (problem: string, cause?: unknown) =>
    new SimganError(
      'INVALID_FILE',
      `${origin} is not the configuration of a run: ${problem}. Restore it from a copy, or train again.`,
      { cause },
    );
  if (json.length > MOST_CHARACTERS) throw fail(`it has ${json.length} characters`);
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    throw fail(`it is not JSON (${(error as Error).message})`, error);
  }
  if (isDeep(value)) throw fail(`it is nested more than ${DEEPEST} levels deep`);
  const parsed = runConfig.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'it'}: ${message}`);
  throw fail(problems.slice(0, 5).join('; '));
}

function isDeep(value: unknown): boolean {
  let depth = 0;
  for (const _ of levelsOf(value)) if (depth++ > DEEPEST) return true;
  return false;
}

/**
 * The configuration in a run's folder; `undefined` if the folder has none.
 *
 * @throws SimganError INVALID_FILE if it has one that cannot be used.
 */
export async function readRunConfig(dir: string): Promise<RunConfig | undefined> {
  const file = join(dir, runFiles.config);
  let json: string;
  try {
    json = await readFile(file, 'utf8');
  } catch {
    return undefined;
  }
  return parseRunConfig(json, file);
}

/** Steps of a run in all, warm-up included, by its recipe's numbers; `undefined` if they do not say. */
export function plannedSteps({ numbers }: Pick<RunConfig, 'numbers'>): number | undefined {
  const { data } = stepNumbers.safeParse(numbers);
  return data && data.warmup.refiner + data.warmup.discriminator + data.steps;
}

const count = z.int().nonnegative();
const stepNumbers = z.object({
  steps: count,
  warmup: z.object({ refiner: count, discriminator: count }),
});

/** A recipe without its networks, which are the plugin's to know. */
export function recipeNumbers(recipe: TrainingRecipe): JsonObject {
  const numbers = Object.entries(recipe).filter(([, value]) => typeof value !== 'function');
  return JSON.parse(JSON.stringify(Object.fromEntries(numbers))) as JsonObject;
}

/** Where two configurations differ: `steps was 850 and is 1000 now`. */
export function configDifferences(before: object, now: object): string[] {
  const shown = (value: unknown) => JSON.stringify(value) ?? 'not set';
  return jsonDifferences(before, now).map(
    ({ path, before, now }) => `${path.at(-1)} was ${shown(before)} and is ${shown(now)} now`,
  );
}
