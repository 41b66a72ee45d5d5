/** @file The way up the ladder: each rung is judged against what stands below it, and only taken if it is better. */
import type { UseReport, UseVerdict } from '@simgan/core/evaluation';
import { areAlternatives, type RungName, rungBatches, rungNames, treatText } from './rungs.ts';
import { rawStack, type Stack } from './stack.ts';

/** What became of a rung. */
export interface RungReport {
  readonly name: RungName;
  /** What it was judged against: `raw`, or rungs with commas. */
  readonly below: string;
  /** What it does to these pictures; `undefined` if it was skipped. */
  readonly what?: string;
  /** `undefined` if it was skipped, or nothing could be judged. */
  readonly verdict?: UseVerdict;
  readonly taken: boolean;
  /** Why it was taken, or not, or skipped: sentences for people. */
  readonly reason: string;
  /** How long it took to make, training included. */
  readonly seconds: number;
}

/** A rung on top of what stands, or why there is none, as a sentence. */
export type PreparedRung =
  | { readonly stack: Stack; readonly what: string; readonly skipped?: undefined }
  | { readonly skipped: string };

/** What climbing needs. */
export interface Climber {
  /** Puts a rung on top of a stack, in the place of its alternative if that stands. */
  prepare(name: RungName, standing: Stack): Promise<PreparedRung>;
  /** Judges stacks, by rung, against the one that stands. */
  judge(standing: Stack, above: ReadonlyMap<RungName, Stack>): Promise<UseReport>;
  /** Judges one score against another. */
  compare(score: UseVerdict, below: UseVerdict): UseVerdict;
  /** Called with every rung's report once it is final. */
  onRung?(report: RungReport): void;
}

/** Where climbing ended. */
export interface Climb {
  readonly stack: Stack;
  /** One report for each rung, in the order of the rungs. */
  readonly rungs: readonly RungReport[];
}

/**
 * Climbs the ladder. What is learned comes after the rest, on top of what stands then, and pseudo-labels last. Rungs
 * that are judged against the same stack are judged together; once one is taken, those above it are prepared and judged
 * anew.
 */
export async function climb(climber: Climber): Promise<Climb> {
  let standing = rawStack;
  const reports: RungReport[] = [];
  const note = (report: RungReport) => {
    reports.push(report);
    climber.onRung?.(report);
  };
  for (const batch of rungBatches) {
    let pending: readonly RungName[] = batch;
    while (pending.length > 0) {
      const below = treatText(standing.names);
      const prepared = new Map<RungName, { stack: Stack; what: string; seconds: number }>();
      const skipped = new Map<RungName, { reason: string; seconds: number }>();
      for (const name of pending) {
        const started = performance.now();
        const rung = await climber.prepare(name, standing);
        const seconds = (performance.now() - started) / 1000;
        if (rung.skipped === undefined) prepared.set(name, { ...rung, seconds });
        else skipped.set(name, { reason: rung.skipped, seconds });
      }
      const stacks = new Map([...prepared].map(([name, { stack }]) => [name, stack]));
      const treatments: UseReport['treatments'] =
        stacks.size > 0 ? (await climber.judge(standing, stacks)).treatments : {};
      const taken = choose(pending, treatments, climber.compare);
      for (const name of pending) {
        const rest = skipped.get(name);
        if (rest) {
          note({ name, below, taken: false, ...rest });
          continue;
        }
        const { what, seconds } = prepared.get(name)!;
        const verdict = taken.verdicts.get(name) ?? treatments[name]!;
        const isTaken = taken.name === name;
        const isOpen = taken.name !== undefined && !taken.done.has(name);
        if (isOpen) continue;
        note({
          name,
          below: taken.below.get(name) ?? below,
          what,
          verdict,
          taken: isTaken,
          reason: verdict.reason,
          seconds,
        });
      }
      if (taken.name === undefined) break;
      standing = prepared.get(taken.name)!.stack;
      pending = pending.filter((name) => !taken.done.has(name) && !skipped.has(name));
    }
  }
  // What was skipped is known before what is judged anew.
  const place = ({ name }: RungReport) => rungNames.indexOf(name);
  return { stack: standing, rungs: reports.toSorted((one, other) => place(one) - place(other)) };
}

interface Choice {
  readonly name: RungName | undefined;
  /** The rungs of which nothing more is to be judged. */
  readonly done: ReadonlySet<RungName>;
  /** The verdicts of alternatives against each other, and what they were judged against. */
  readonly verdicts: ReadonlyMap<RungName, UseVerdict>;
  readonly below: ReadonlyMap<RungName, string>;
}

/** The lowest rung that is better than what stands; its alternatives above it are judged against it. */
function choose(
  pending: readonly RungName[],
  treatments: Readonly<Record<string, UseVerdict>>,
  compare: Climber['compare'],
): Choice {
  const verdicts = new Map<RungName, UseVerdict>();
  const below = new Map<RungName, string>();
  const first = pending.find((name) => treatments[name]?.verdict === 'better');
  if (first === undefined) return { name: undefined, done: new Set(pending), verdicts, below };
  const done = new Set(pending.slice(0, pending.indexOf(first) + 1));
  let name = first;
  for (const other of pending.slice(pending.indexOf(first) + 1)) {
    if (!areAlternatives(first, other) || !treatments[other]) continue;
    const verdict =
      treatments[other]!.verdict === 'refused'
        ? treatments[other]!
        : compare(treatments[other]!, treatments[name]!);
    verdicts.set(other, verdict);
    below.set(other, name);
    done.add(other);
    if (verdict.verdict === 'better') name = other;
  }
  return { name, done, verdicts, below };
}

/** What the ladder recommends, as a sentence. */
export function recommendation({ stack, rungs }: Climb): string {
  const { names } = stack;
  if (names.length === 0) {
    return rungs.some(({ verdict }) => verdict)
      ? 'Leave the pictures as they are: nothing that was tried makes networks answer real pictures more consistently.'
      : 'Leave the pictures as they are: nothing could be tried on them.';
  }
  const last = rungs.findLast(({ name, taken }) => taken && names.includes(name));
  return `Use ${treatText(names)}. ${last?.reason ?? ''}`.trim();
}
