import { layOut, type Row } from './block-layout.ts';
import { columnsOf, openBlock, rowsOf, type TextStream } from './terminal-block.ts';

/** The share of something long that is done, for people. */
export interface Progress {
  /** `done` of `total`, and what else is worth saying: on a terminal each row below the other, in a log on one line. */
  update(done: number, rows?: readonly Row[]): void;
  end(): void;
}

/**
 * Where a command writes: what people read while it runs goes to stderr, results to stdout; with `json`
 * each event and the result is one JSON line on stdout and nothing else is.
 */
export interface Output {
  readonly json: boolean;
  /** A line for people while the command runs. */
  note(line: string): void;
  /** A line for people that must not be overlooked. */
  warn(line: string): void;
  /** Something happened that a machine may want to know. */
  event(type: string, fields: Readonly<Record<string, unknown>>): void;
  /** The last word: for people the lines, for machines the fields. */
  result(lines: readonly string[], fields: Readonly<Record<string, unknown>>): void;
  /** The last word of a command that could not be carried out. */
  failure(lines: readonly string[], fields: Readonly<Record<string, unknown>>): void;
  /** With `passing` it leaves nothing behind when it ends: another line will say what came of it. */
  progress(label: string, total: number, options?: { readonly passing?: boolean }): Progress;
}

/** How often progress is written: often enough to see on a terminal, rarely enough for a log. */
const INTERVAL_MS = { terminal: 100, log: 10_000 };

export function createOutput(stdout: TextStream, stderr: TextStream, json: boolean): Output {
  const isTerminal = Boolean(stderr.isTTY) && process.env.TERM !== 'dumb';
  // On a terminal progress stays at the bottom, below all that is written meanwhile.
  const block = openBlock(stderr);
  let redraw = () => {};
  const writeLine = (line: string) => {
    block.erase();
    stderr.write(`${line}\n`);
    redraw();
  };
  const event = (type: string, fields: Readonly<Record<string, unknown>>) => {
    if (json) stdout.write(`${JSON.stringify({ event: type, ...fields })}\n`);
  };
  return {
    json,
    note: writeLine,
    warn: (line) => writeLine(`Note: ${line}`),
    event,
    result(lines, fields) {
      block.leave();
      if (json) event('result', fields);
      else stdout.write(`${lines.join('\n')}\n`);
    },
    failure(lines, fields) {
      event('error', fields);
      block.leave();
      redraw = () => {};
      writeLine(lines.join('\n'));
    },
    progress(label, total, { passing = false } = {}) {
      const rate = createRate();
      const interval = isTerminal ? INTERVAL_MS.terminal : INTERVAL_MS.log;
      // What is done within the interval needs no line of a log but the last.
      let shownAt = isTerminal ? Number.NEGATIVE_INFINITY : performance.now();
      let last: { readonly done: number; readonly rows: readonly Row[] } | undefined;
      let isShown = true;
      const show = () => {
        if (!last) return;
        const { done, rows } = last;
        const items = progressItems(done, total, rate.perSecond());
        if (isTerminal) {
          const bar = progressBar(done, total);
          const view = [{ label, items: [bar, ...items] }, ...rows];
          block.draw(layOut(view, columnsOf(stderr), rowsOf(stderr)));
        } else {
          const line = [label.padEnd(9), ...items, ...rows.flatMap((row) => row.items)].join('  ');
          stderr.write(`${line}\n`);
        }
        isShown = true;
      };
      const drawAgain = () => {
        if (isTerminal) show();
      };
      redraw = drawAgain;
      stderr.on('resize', drawAgain);
      return {
        update(done, rows = []) {
          const now = performance.now();
          rate.record(done, now);
          last = { done, rows };
          isShown = false;
          if (now - shownAt < interval) return;
          shownAt = now;
          show();
        },
        end() {
          stderr.off('resize', drawAgain);
          if (redraw === drawAgain) redraw = () => {};
          if (passing) block.erase();
          else {
            if (!isShown) show();
            block.leave();
          }
        },
      };
    },
  };
}

/** `120/850`, `14%`, `7.20/s`, `1m 41s left`: how far, how fast, how long still. */
export function progressItems(done: number, total: number, perSecond: number | undefined): string[] {
  const items = [`${done}/${total}`, `${Math.floor((100 * done) / Math.max(1, total))}%`];
  if (perSecond) {
    items.push(`${perSecond >= 10 ? perSecond.toFixed(0) : perSecond.toFixed(2)}/s`);
    if (done < total) items.push(`${duration((total - done) / perSecond)} left`);
  }
  return items;
}

const BAR = 20;

function progressBar(done: number, total: number): string {
  const full = Math.floor((BAR * Math.min(done, total)) / Math.max(1, total));
  return `${'━'.repeat(full)}${'┄'.repeat(BAR - full)}`;
}

/** Seconds as `1h 2m`, `1m 41s` or `9s`. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole >= 3600) return `${Math.floor(whole / 3600)}h ${Math.floor((whole % 3600) / 60)}m`;
  return whole >= 60 ? `${Math.floor(whole / 60)}m ${whole % 60}s` : `${whole}s`;
}

/** The rate of the last half minute: the first steps compile, and a machine's speed changes. */
function createRate() {
  const marks: { done: number; at: number }[] = [];
  return {
    record(done: number, at: number) {
      marks.push({ done, at });
      while (marks.length > 2 && at - marks[0]!.at > 30_000) marks.shift();
    },
    perSecond(): number | undefined {
      const [first, last] = [marks[0]!, marks.at(-1)!];
      const seconds = (last.at - first.at) / 1000;
      return seconds > 0.2 ? (last.done - first.done) / seconds : undefined;
    },
  };
}
