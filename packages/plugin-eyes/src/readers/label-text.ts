/** @file Labels in JSON, where vectors are text. Nothing is evaluated as code. */

/** A label that cannot be used, with its key. */
export class LabelProblem extends Error {
  readonly key: string;

  constructor(key: string, reason: string) {
    super(reason);
    this.key = key;
  }
}

/** The largest file of labels that is read, bytes; UnityEyes' have 10 kB. */
export const LARGEST_LABELS = 2 ** 24;

/** @throws LabelProblem if the text is not a JSON object in UTF-8. */
export function parseObject(bytes: Uint8Array): Record<string, unknown> {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new LabelProblem('', 'It is not UTF-8 text.');
  }
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new LabelProblem('', `It is not JSON: ${(error as Error).message}.`);
  }
  if (!isObject(value)) throw new LabelProblem('', 'It is not a JSON object.');
  return value;
}

/** The value at a key such as `eye_details.look_vec`; `undefined` if there is none. */
export function valueAt(object: Record<string, unknown>, key: string): unknown {
  let value: unknown = object;
  for (const part of key.split('.')) {
    if (!isObject(value) || !Object.hasOwn(value, part)) return undefined;
    value = value[part];
  }
  return value;
}

/** A decimal number. */
const NUMBER = /^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?$/i;
/** Longer ones are no numbers that a program wrote. */
const LONGEST_NUMBER = 64;

/** A number as many languages write it. */
const DECIMAL_COMMA = /^[-+]?\d+,\d+(?:e[-+]?\d+)?$/i;

/**
 * The words of a text between its separators. Where commas without a space stand within numbers, as programs write them
 * on systems of many languages (`(-0,3399, 0,2574)`), these are decimal commas, and what separates has a space.
 */
function wordsOf(text: string): string[] {
  const apart = text.split(/\s*;\s*|,?\s+/);
  return apart.length > 1 && apart.every((word) => DECIMAL_COMMA.test(word))
    ? apart.map((word) => word.replace(',', '.'))
    : text.split(/\s*[,;]\s*|\s+/);
}

/**
 * The numbers of a vector: `"(1.5, 2, 3e-2)"`, with spaces in place of commas, without parentheses, with decimal commas
 * (`"(1,5, 2,0)"`), or a JSON array.
 *
 * @throws LabelProblem if it is missing, not a vector of finite numbers, or has fewer than `least` of them.
 */
export function parseVector(value: unknown, key: string, least: number): number[] {
  if (value === undefined) throw new LabelProblem(key, `${key} is missing.`);
  const words = Array.isArray(value)
    ? value.map(wordOf)
    : wordsOf(
        wordOf(value)
          .trim()
          .replace(/^\((.*)\)$/s, '$1')
          .trim(),
      );
  const numbers = words.map(numberOf);
  const wrong = words.find((_, index) => !Number.isFinite(numbers[index]));
  if (wrong !== undefined) {
    const shown = JSON.stringify(wrong.slice(0, 40));
    throw new LabelProblem(key, `${key} holds ${shown}, which is not a finite number.`);
  }
  if (numbers.length < least) {
    throw new LabelProblem(key, `${key} has ${numbers.length} numbers, not ${least}.`);
  }
  return numbers;
}

/** A text or number as text. What is neither is not converted: objects of a file may claim to be anything. */
function wordOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return String(value);
  return Array.isArray(value) ? 'a list' : value === null ? 'null' : `a value of type ${typeof value}`;
}

function numberOf(word: string): number {
  return word.length <= LONGEST_NUMBER && NUMBER.test(word) ? Number(word) : Number.NaN;
}

/** @throws LabelProblem if it is not a list of `count` vectors. */
export function parseVectors(value: unknown, key: string, count: number, least: number): number[][] {
  if (value === undefined) throw new LabelProblem(key, `${key} is missing.`);
  if (!Array.isArray(value) || value.length !== count) {
    const found = Array.isArray(value) ? `${value.length} points` : 'no list of points';
    throw new LabelProblem(key, `${key} has ${found}, not ${count}.`);
  }
  return value.map((item, index) => parseVector(item, `${key}[${index}]`, least));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
