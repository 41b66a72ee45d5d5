/** @file The figures of a run that a report shows. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SimganError } from '@simgan/core';
import { type EvaluationFile, evaluationSchema } from '@simgan/report';
import { z } from 'zod';
import { augmentFiles, resultFiles, runFiles } from './run-folder.ts';

const side = z.int().min(1).max(4096);

/** How the pictures lie in the strip beside `report.json`. */
const pictures = z.object({
  cell: z.object({ width: side, height: side }),
  ids: z.array(z.string().max(4096)).max(64),
  real: z.int().nonnegative().max(64),
});

/** What is known of a run beside its log. */
export interface RunFigures {
  readonly figures: EvaluationFile;
  readonly pictures: z.infer<typeof pictures> | undefined;
}

/** How a training ended, as `outcome.json` says; see `Outcome`. */
const outcome = z.object({
  ended: z.string().max(10_000),
  best: z.number().optional(),
  symptoms: z.array(z.object({ finding: z.string().max(10_000), advice: z.string().max(10_000) })).max(100),
});

/** How a run's training ended; `undefined` while it goes on. @throws SimganError INVALID_FILE if the file is damaged. */
export async function readOutcome(run: string): Promise<z.infer<typeof outcome> | undefined> {
  const file = await readJson(join(run, runFiles.outcome));
  return file && parse(outcome, file);
}

/** Longer files are no figures. */
const MOST_CHARACTERS = 20_000_000;

/**
 * The figures that `augment` and `evaluate` left in a run's folders, put together: of the same name those of `evaluate`,
 * which looked at more.
 *
 * @throws SimganError INVALID_FILE naming the file and the field that is wrong.
 */
export async function readFigures(folder: string, run: string | undefined): Promise<RunFigures> {
  const own = await readJson(join(folder, augmentFiles.figures));
  const evaluations = [];
  for (const dir of new Set([run ?? folder, folder])) {
    evaluations.push(await readJson(join(dir, resultFiles.evaluation)));
  }
  const figures = [own, ...evaluations].map((file) => file && parse(evaluationSchema, file));
  return {
    figures: Object.assign({}, ...figures) as EvaluationFile,
    pictures: own && parse(z.object({ pictures: pictures.optional() }), own).pictures,
  };
}

interface JsonFile {
  readonly file: string;
  readonly value: unknown;
}

async function readJson(file: string): Promise<JsonFile | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  if (text.length > MOST_CHARACTERS) throw damaged(file, `it has ${text.length} characters`);
  try {
    return { file, value: JSON.parse(text) };
  } catch (error) {
    throw damaged(file, `it is not JSON (${(error as Error).message})`);
  }
}

function parse<Value>(schema: z.ZodType<Value>, { file, value }: JsonFile): Value {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.slice(0, 3);
  throw damaged(
    file,
    problems.map(({ path, message }) => `${path.join('.') || 'it'}: ${message}`).join('; '),
  );
}

function damaged(file: string, problem: string): SimganError {
  return new SimganError(
    'INVALID_FILE',
    `${file} does not hold the figures of a run: ${problem}. Remove it, or write it again with the command that made it.`,
  );
}
