import { distance } from 'fastest-levenshtein';

/** ` Did you mean …?` if a known name is near, else the empty string. */
export function suggestion(name: string, known: readonly string[], prefix = ''): string {
  const [nearest] = known
    .map((candidate) => ({ candidate, edits: distance(name, candidate) }))
    .sort((a, b) => a.edits - b.edits);
  if (!nearest || nearest.edits > Math.max(2, name.length / 3)) return '';
  return ` Did you mean ${prefix}${nearest.candidate}?`;
}
