import type { Writable } from 'node:stream';

/** A stream that may be a terminal, which emits `resize`. */
export type TextStream = Writable & {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
};

/** Lines at the bottom of a terminal that are drawn again in place. */
export interface TerminalBlock {
  /** Draws these lines in place of those before. They must be shorter than the terminal is wide. */
  draw(lines: readonly string[]): void;
  /** Erases the lines: what is written next begins where they did. */
  erase(): void;
  /** Leaves the lines where they are: what is written next begins below them. */
  leave(): void;
}

const UP = (rows: number) => (rows > 0 ? `\u001b[${rows}A` : '');
const ERASE_BELOW = '\u001b[J';

/** Opens a block in a terminal. Where nothing has been drawn, erasing and leaving do nothing. */
export function openBlock(stream: TextStream): TerminalBlock {
  let drawn: readonly string[] = [];
  /** To the beginning of the block. A terminal that became narrower has wrapped its lines by now. */
  const back = () => {
    const columns = columnsOf(stream);
    const rows = drawn.reduce((sum, { length }) => sum + Math.max(1, Math.ceil(length / columns)), 0);
    return `\r${UP(rows - 1)}`;
  };
  return {
    draw(lines) {
      stream.write(`${back()}${ERASE_BELOW}${lines.join('\n')}`);
      drawn = lines;
    },
    erase() {
      if (drawn.length > 0) stream.write(`${back()}${ERASE_BELOW}`);
      drawn = [];
    },
    leave() {
      if (drawn.length > 0) stream.write('\n');
      drawn = [];
    },
  };
}

/** The columns and rows of a terminal that says, and of one that does not those of the VT100. */
export function columnsOf({ columns }: TextStream): number {
  return columns || 80;
}

export function rowsOf({ rows }: TextStream): number {
  return rows || 24;
}
