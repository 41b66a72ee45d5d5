/** @file What may come of a damaged or hostile input, and what may not. */
import { imageProblem, type RealImage } from '@simgan/core';
import type { Reject } from '@simgan/core/reading';

/** It was read; parts of it were left out with reasons; it was refused with a sentence. */
export type Outcome = 'success' | 'rejected' | 'sentence';

/** The attack succeeded: something else came of it. */
export class Defect extends Error {
  override readonly name = 'Defect';
}

/** Words that only a mistake of ours puts into a message. */
const telltale =
  /Please report it|Cannot read propert|Cannot set propert|is not a function|is not iterable|is not defined|call stack|\[object |(?<!received |returned |threw )\bundefined\b|TypeError|RangeError|ReferenceError|SyntaxError|Invalid (array|typed array) length|allocation failed|ENOENT|\bat .*\.ts:\d/;

/** Checks that a reason or message is a sentence for people. */
function checkSentence(text: unknown, what: string): void {
  if (typeof text !== 'string' || text.length < 10)
    throw new Defect(`${what} is no sentence: ${String(text)}`);
  if (text.length > 20_000) throw new Defect(`${what} has ${text.length} characters: ${text.slice(0, 200)}`);
  // What a plugin threw is told in its own words.
  const ours = /^The (simulator|stand-in camera) .*failed at sample/.test(text) ? '' : text;
  if (telltale.test(ours)) throw new Defect(`${what} tells of a defect: ${text.slice(0, 1000)}`);
}

/** The outcome of an error. @throws Defect if it is none that a user may see. */
export function outcomeOfError(error: unknown): Outcome {
  if (error instanceof Defect) throw error;
  const { name, message, stack } = error as Error;
  if (name !== 'SimganError' && name !== 'OnnxError') {
    throw new Defect(`A raw error: ${stack ?? String(error)}`);
  }
  checkSentence(message, `The message of ${name}`);
  return 'sentence';
}

/** The outcome of what was read. @throws Defect if a reject has no reason, or a sample is not what it claims to be. */
export async function outcomeOfSamples(
  samples: AsyncIterable<RealImage & { readonly annotation?: unknown }>,
  rejects: readonly Reject[],
): Promise<Outcome> {
  for (const { file, reason } of rejects) checkSentence(reason, `The reason of ${file}`);
  const ids = new Set<string>();
  for await (const { id, image, annotation } of samples) {
    const problem = imageProblem(image, image);
    if (problem) throw new Defect(`Sample ${id} has no image: ${problem}`);
    checkJson(annotation ?? null, id);
    ids.add(id);
  }
  return rejects.length > 0 ? 'rejected' : 'success';
}

/** @throws Defect if an annotation is something that JSON cannot hold, so that it would end the run when it is written. */
function checkJson(value: unknown, id: string): void {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new Defect(`The annotation of sample ${id} holds ${value}`);
  }
  if (typeof value !== 'object' || value === null) return;
  for (const member of Object.values(value)) checkJson(member, id);
}
