/** @file A terminal's screen, for what is written to it: the sequences that this program writes, and wrapping. */

const ESCAPE = '\u001b';
const tokens = new RegExp(`${ESCAPE}\\[(\\d*)([A-Za-z])|[\\s\\S]`, 'gu');

/** The rows that stand on a screen of so many columns after this was written to it, without empty ones at the end. */
export function screenOf(written: string, columns: number): string[] {
  const rows: string[][] = [[]];
  let [row, column] = [0, 0];
  const down = () => {
    row += 1;
    rows[row] ??= [];
  };
  for (const [token, count, kind] of written.matchAll(tokens)) {
    if (token.startsWith(ESCAPE)) {
      if (kind === 'A') row = Math.max(0, row - Number(count || 1));
      else if (kind === 'J') {
        rows[row]!.length = Math.min(rows[row]!.length, column);
        rows.length = row + 1;
      } else throw new Error(`A screen does not know ${JSON.stringify(token)}.`);
    } else if (token === '\r') column = 0;
    else if (token === '\n') {
      down();
      column = 0;
    } else {
      if (column === columns) {
        down();
        column = 0;
      }
      rows[row]![column] = token;
      column += 1;
    }
  }
  const lines = rows.map((cells) => Array.from(cells, (cell) => cell ?? ' ').join(''));
  while (lines.at(-1) === '') lines.pop();
  return lines;
}
