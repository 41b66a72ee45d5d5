import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The report of an experiment: text for people, and all figures. */
export interface Report {
  /** Everything that was measured; saved as JSON. */
  readonly figures: Record<string, unknown>;
  /** Adds a line to the report and prints it. */
  say(line?: string): void;
  /** Prints progress, with the minutes since the start, to the standard error. */
  note(line: string): void;
  /** Minutes since the start. */
  minutes(): number;
  /** Saves what there is so far, so that a run that is cut short is not lost. Returns the path of the text. */
  save(): string;
}

/** A report that is saved as `research/results/<name>-<time>.md` and `.json`. */
export function openReport(name: string): Report {
  const lines: string[] = [];
  const figures: Record<string, unknown> = {};
  const started = performance.now();
  const file = `./results/${name}-${new Date().toISOString().slice(0, 16).replace(':', '')}`;
  const place = (kind: string) => new URL(`${file}.${kind}`, import.meta.url);
  const minutes = () => (performance.now() - started) / 60_000;
  return {
    figures,
    say(line = '') {
      lines.push(line);
      process.stdout.write(`${line}\n`);
    },
    note: (line) => process.stderr.write(`${minutes().toFixed(1)} min  ${line}\n`),
    minutes,
    save() {
      mkdirSync(new URL('./', place('md')), { recursive: true });
      writeFileSync(place('md'), `${lines.join('\n')}\n`);
      writeFileSync(place('json'), `${JSON.stringify(figures, undefined, 1)}\n`);
      return fileURLToPath(place('md'));
    },
  };
}
