import { isDeepStrictEqual } from 'node:util';

/** A place where two JSON objects differ; a value that is not there is `undefined`. */
export interface JsonDifference {
  /** The keys that lead to it. */
  readonly path: readonly string[];
  readonly before: unknown;
  readonly now: unknown;
}

/** Where two objects differ once both are JSON, each place once. What JSON leaves out is not a difference. */
export function jsonDifferences(before: object, now: object): JsonDifference[] {
  return differencesWithin(before as JsonRecord, JSON.parse(JSON.stringify(now)) as JsonRecord, []);
}

type JsonRecord = Readonly<Record<string, unknown>>;

function differencesWithin(before: JsonRecord, now: JsonRecord, path: readonly string[]): JsonDifference[] {
  return Object.keys({ ...before, ...now }).flatMap((key) => {
    const [a, b] = [before[key], now[key]];
    const place = [...path, key];
    if (isDeepStrictEqual(a, b)) return [];
    return isRecord(a) && isRecord(b) ? differencesWithin(a, b, place) : [{ path: place, before: a, now: b }];
  });
}

function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
