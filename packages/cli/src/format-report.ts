import type { WrittenFormat } from '@simgan/node';
import { shownPath } from './shard-report.ts';

/** The formats that a dataset was written in, a line each. */
export function formatLines(formats: readonly WrittenFormat[], cwd: string): string[] {
  return formats.map(({ format, dir, count, rejects }) => {
    const left = rejects > 0 ? `, ${rejects} left out (see rejects.jsonl there)` : '';
    return `${count} samples in ${shownPath(cwd, dir)} (${format})${left}`;
  });
}
