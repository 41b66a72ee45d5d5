/** @file A visual Turing test in a folder: its pictures, what they are, and the answers of each subject. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SimganError } from '@simgan/core';
import { binomialTail } from '@simgan/core/measures';
import type { TuringResults, TuringScore } from '@simgan/report';
import { z } from 'zod';
import { makeFolder, writeFileAtomic } from '../files/atomic-file.ts';

const kinds = ['refined', 'refined-real', 'synthetic', 'synthetic-real'] as const;
const key = z.string().regex(/^[0-9a-f]{24}$/);

const test = z.object({
  version: z.literal(1),
  id: key,
  title: z.string().max(4096),
  /** What each picture is: `…-real` is a real one shown among pictures of that kind. */
  pictures: z
    .array(z.object({ key, kind: z.enum(kinds) }))
    .min(1)
    .max(10_000),
});

const answers = z.object({
  test: key,
  subject: z.string().min(1).max(60),
  answers: z.array(z.object({ key, said: z.enum(['real', 'made']) })).max(10_000),
});

/** A test: its pictures by key, and what they are. */
export type TuringTest = z.infer<typeof test>;
/** What a picture of a test is. */
export type TuringKind = (typeof kinds)[number];
/** The answers of a subject, in the order in which they were given. */
export type SubjectAnswers = z.infer<typeof answers>;

const TEST = 'test.json';
const PICTURES = 'pictures';
const ANSWERS = 'answers';

/** Writes a new test. The file that names its pictures comes last. */
export async function writeTest(
  dir: string,
  made: TuringTest,
  pictures: ReadonlyMap<string, Buffer>,
): Promise<void> {
  for (const name of [PICTURES, ANSWERS]) await makeFolder(join(dir, name));
  for (const [name, png] of pictures) await writeFileAtomic(pictureFile(dir, name), png);
  await writeFileAtomic(join(dir, TEST), `${JSON.stringify(made)}\n`);
}

/** The test in a folder; `undefined` if there is none. @throws SimganError INVALID_FILE if it is damaged. */
export function readTest(dir: string): Promise<TuringTest | undefined> {
  return readJson(join(dir, TEST), test, 'a visual Turing test');
}

/** The file of a picture. */
export function pictureFile(dir: string, name: string): string {
  return join(dir, PICTURES, `${name}.png`);
}

/**
 * The answers of a subject, empty if there are none yet.
 *
 * @throws SimganError INVALID_FILE if the file is damaged or of another test; it is left as it is.
 */
export async function readAnswers(dir: string, { id }: TuringTest, subject: string): Promise<SubjectAnswers> {
  const file = answersFile(dir, subject);
  const found = await readJson(file, answers, 'the answers of a subject');
  if (found && found.test !== id) {
    throw new SimganError(
      'INVALID_FILE',
      `${file} holds answers to another test. Move it away, or take another name.`,
    );
  }
  return found ?? { test: id, subject, answers: [] };
}

/** Keeps the answers of a subject: all of them or, if that fails, those before. */
export async function writeAnswers(dir: string, given: SubjectAnswers): Promise<void> {
  await makeFolder(join(dir, ANSWERS));
  await writeFileAtomic(answersFile(dir, given.subject), `${JSON.stringify(given)}\n`);
}

/** Answers out of a file that an exported page saved. @throws SimganError INVALID_FILE. */
export async function readExportedAnswers(
  file: string,
  { id, pictures }: TuringTest,
): Promise<SubjectAnswers> {
  const found = await readJson(file, answers, 'the answers of a subject');
  if (!found) throw new SimganError('INVALID_FILE', `${file} is not there.`);
  const known = new Set(pictures.map(({ key }) => key));
  if (found.test !== id || found.answers.some((answer) => !known.has(answer.key))) {
    throw new SimganError(
      'INVALID_FILE',
      `${file} holds answers to another test than the one in this run's folder.`,
    );
  }
  return found;
}

/** What came of the test so far. @throws SimganError INVALID_FILE naming a file of answers that is damaged. */
export async function turingResultsOf(dir: string, made: TuringTest): Promise<TuringResults> {
  const names = await readdir(join(dir, ANSWERS)).catch(() => []);
  const all: SubjectAnswers[] = [];
  for (const name of names.filter((one) => one.endsWith('.json')).sort()) {
    const found = await readJson(join(dir, ANSWERS, name), answers, 'the answers of a subject');
    if (found?.test === made.id) all.push(found);
  }
  const truth = new Map(made.pictures.map(({ key, kind }) => [key, kind]));
  const given = all.flatMap((one) => one.answers);
  return {
    subjects: all.map((one) => ({
      name: one.subject,
      answered: one.answers.length,
      total: made.pictures.length,
    })),
    refined: scoreOf(given, truth, 'refined'),
    control: scoreOf(given, truth, 'synthetic'),
  };
}

function scoreOf(
  given: SubjectAnswers['answers'],
  truth: ReadonlyMap<string, TuringKind>,
  kind: 'refined' | 'synthetic',
): TuringScore {
  const confusion = { real: { real: 0, made: 0 }, made: { real: 0, made: 0 } };
  for (const { key, said } of given) {
    const is = truth.get(key);
    if (is === kind) confusion.made[said] += 1;
    else if (is === `${kind}-real`) confusion.real[said] += 1;
  }
  const { real, made } = confusion;
  const correct = real.real + made.made;
  const total = correct + real.made + made.real;
  return { correct, total, p: binomialTail(correct, total, 0.5), confusion };
}

/** Names of subjects become names of files that every system takes, and no two the same. */
function answersFile(dir: string, subject: string): string {
  return join(dir, ANSWERS, `${Buffer.from(subject).toString('hex')}.json`);
}

async function readJson<Value>(
  file: string,
  schema: z.ZodType<Value>,
  what: string,
): Promise<Value | undefined> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const fail = (problem: string) =>
    new SimganError(
      'INVALID_FILE',
      `${file} does not hold ${what}: ${problem}. It is left as it is: repair it, or move it away.`,
    );
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw fail(`it is not JSON (${(error as Error).message})`);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw fail(
    parsed.error.issues
      .slice(0, 3)
      .map(({ path, message }) => `${path.join('.') || 'it'}: ${message}`)
      .join('; '),
  );
}
