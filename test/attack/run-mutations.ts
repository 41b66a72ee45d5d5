/** @file Damages all kinds of input, each in a process of its own, which may hang or end without harm to the rest. */
import { fileURLToPath } from 'node:url';
import type { Kind } from './kind.ts';
import type { Attempt } from './mutations.ts';
import { start } from './spawn.ts';
import { type Tally, tallyOf } from './tally.ts';

const module = fileURLToPath(new URL('./mutation-process.ts', import.meta.url));

/** How long an attempt may be silent, milliseconds: a guard against hangs, not a measure of speed. */
const PATIENCE = 5 * 60_000;
/** After so many failures a kind is given up. */
const MOST_FAILURES = 25;

export async function runMutations(kind: Kind, seed: number, count: number): Promise<Tally> {
  const tally = tallyOf(kind.name);
  let next = 0;
  const again = (index: number) => `attempt ${index} of seed ${seed}`;
  while (next < count && tally.failures.length < MOST_FAILURES) {
    let isDone = false;
    let silence: NodeJS.Timeout;
    const listen = () => {
      clearTimeout(silence);
      silence = setTimeout(() => running.child.kill('SIGKILL'), PATIENCE);
    };
    const onLine = (line: string) => {
      listen();
      const attempt = JSON.parse(line) as Attempt | 'done';
      if (attempt === 'done') {
        isDone = true;
        return;
      }
      next = attempt.index + 1;
      if ('failure' in attempt) tally.failures.push(`${again(attempt.index)}: ${attempt.failure}`);
      else tally.counts[attempt.outcome]++;
    };
    const range = ['--seed', String(seed), '--from', String(next), '--to', String(count)];
    const running = start(module, ['--kind', kind.name, ...range], { onLine });
    listen();
    const { exitCode, signal, stderr } = await running.ended;
    clearTimeout(silence!);
    if (isDone) break;
    // It ended in the middle of an attempt: the process must survive every input.
    const how =
      signal === 'SIGKILL' ? `it hung, or was killed for memory` : `it ended with ${exitCode ?? signal}`;
    tally.failures.push(`${again(next)}: ${how}. ${stderr.slice(-2000)}`);
    next++;
  }
  return tally;
}
