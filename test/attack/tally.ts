/** @file What came of all attempts of each kind, as a table. */
import type { Outcome } from './outcome.ts';

/** The outcomes of one kind. */
export interface Tally {
  readonly kind: string;
  readonly counts: Record<Outcome, number>;
  /** What was wrong, each with what it takes to see it again. */
  readonly failures: string[];
}

export function tallyOf(kind: string): Tally {
  return { kind, counts: { success: 0, rejected: 0, sentence: 0 }, failures: [] };
}

/** A table of counts, and below it the failures. */
export function tableOf(tallies: readonly Tally[]): string {
  const head = ['kind', 'attempts', 'success', 'rejected', 'sentence', 'failures'];
  const rows = tallies.map(({ kind, counts, failures }) => {
    const { success, rejected, sentence } = counts;
    const numbers = [success, rejected, sentence, failures.length];
    return [kind, numbers.reduce((a, b) => a + b), ...numbers].map(String);
  });
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]!.length)));
  const lines = [head, ...rows].map((row) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
      .join('  '),
  );
  const shown = tallies.flatMap(({ kind, failures }) =>
    failures.slice(0, 10).map((failure) => `\n${kind}: ${failure}`),
  );
  return [...lines, ...shown].join('\n');
}
