import { readFileSync } from 'node:fs';
import type { OptionSpec } from './options.ts';

/** What fields of labels are: `FIELD=KIND` with commas between, or a file with the same as a JSON object; repeatable. */
export function labelGeometry(description: string): OptionSpec<Readonly<Record<string, string>> | undefined> {
  return {
    argument: 'FIELD=KIND,…',
    description,
    repeatable: true,
    read(texts) {
      if (texts.length === 0) return undefined;
      return Object.fromEntries(texts.flatMap((text) => (isFile(text) ? pairsOfFile(text) : pairsOf(text))));
    },
  };
}

function isFile(text: string): boolean {
  return /\.json$/i.test(text) && !text.includes('=');
}

function pairsOf(text: string): [string, string][] {
  return text.split(',').map((pair) => {
    const at = pair.lastIndexOf('=');
    if (at < 1)
      throw new Error(`expected FIELD=KIND, such as pupil=point, but received ${JSON.stringify(pair)}`);
    return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
  });
}

function pairsOfFile(file: string): [string, string][] {
  const fail = (why: string) => new Error(`${file} is no JSON object of fields and their kinds: ${why}`);
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw fail((error as Error).message);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw fail('it is another value');
  return Object.entries(value).map(([field, kind]) => {
    if (typeof kind !== 'string') throw fail(`the kind of ${field} is no text`);
    return [field, kind];
  });
}
