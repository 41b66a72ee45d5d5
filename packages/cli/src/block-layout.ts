/** @file How a live view is laid out: labeled rows of short items, in as many columns as a terminal has. */

/** A row of a live view: items of a few words each, under a label. */
export interface Row {
  readonly label: string;
  readonly items: readonly string[];
}

/** Columns of the labels; with fewer columns than `NARROW` in all, items begin on a line of their own. */
const LABELS = 11;
const NARROW = 40;
const GAP = '  ';

/**
 * The lines of a view. An item that has no place on its row's line goes to the next one, beneath the items before it; an
 * item that is longer than a line, and lines beyond the height, are cut off.
 */
export function layOut(rows: readonly Row[], columns: number, height: number): string[] {
  // The last column stays free: some terminals wrap there.
  const width = Math.max(1, columns - 1);
  const indent = ' '.repeat(columns < NARROW ? 1 : LABELS);
  const lines = rows.flatMap(({ label, items }) => {
    const found: string[] = [];
    let line = columns < NARROW ? label : label.padEnd(LABELS - GAP.length);
    for (const item of items) {
      if (`${line}${GAP}${item}`.length <= width) line += `${GAP}${item}`;
      else {
        found.push(line);
        line = `${indent}${item}`;
      }
    }
    return [...found, line].filter((text) => text.trim() !== '').map((text) => cut(text.trimEnd(), width));
  });
  return lines.slice(0, Math.max(1, height - 1));
}

function cut(line: string, width: number): string {
  return line.length <= width ? line : `${line.slice(0, width - 1)}…`;
}
