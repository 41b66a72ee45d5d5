import type { LabelFigures, VerdictPart } from './evaluation.ts';
import type { ReportData } from './report-data.ts';

/** The article's label shift: 1.1 px with a deviation of 0.8 px at an eye's width of 55 px. */
export const articleShift = { mean: 1.1, std: 0.8, width: 55 } as const;

/** What a report says first: for each question whether refined pictures are better than raw ones. */
export function verdictOf(data: ReportData): readonly VerdictPart[] {
  const given = (data.figures.verdict ?? []).filter(({ verdict }) => verdict !== 'unknown');
  const derived = [looks(data), labels(data), use(data)];
  const asked = derived.map((part) => given.find(({ question }) => question === part.question) ?? part);
  return [...asked, ...given.filter((part) => !asked.includes(part))];
}

/** All answers in one sentence. */
export function headline(parts: readonly VerdictPart[]): {
  readonly verdict: VerdictPart['verdict'];
  readonly text: string;
} {
  const has = (verdict: VerdictPart['verdict']) => parts.some((part) => part.verdict === verdict);
  const named = (verdict: VerdictPart['verdict']) =>
    parts
      .filter((part) => part.verdict === verdict)
      .map(({ question }) => question)
      .join(' and ');
  if (has('worse') || has('refused')) {
    const where = [named('worse'), named('refused')].filter(Boolean).join(' and ');
    return { verdict: 'worse', text: `Worse than raw in ${where}: read on before you use it.` };
  }
  if (has('better')) {
    const isOpen = parts.some(({ question, verdict }) => question === 'use' && verdict === 'unknown');
    const use = isOpen ? '; whether networks learn more from it was not judged' : '';
    return { verdict: 'better', text: `Better than raw in ${named('better')}${use}.` };
  }
  // That labels stayed says nothing of the pictures.
  if (parts.some(({ question, verdict }) => question !== 'labels' && verdict === 'no different'))
    return { verdict: 'no different', text: 'No different from raw, as far as it was judged.' };
  const kept = has('no different') ? '; labels are where they were' : '';
  return { verdict: 'unknown', text: `Not judged yet${kept}.` };
}

/** The figures of the refined pictures' labels. */
export function refinedLabels({
  figures: { labels },
}: Pick<ReportData, 'figures'>): LabelFigures | undefined {
  if (!labels) return undefined;
  return 'pairs' in labels ? labels : labels.refined;
}

function looks({ figures: { realism, distances }, isDone }: ReportData): VerdictPart {
  const question = 'looks';
  const [raw, refined, control] = [realism?.synthetic, realism?.refined, realism?.real];
  if (raw && refined) {
    const distance = ({ auc }: { auc: number }) => Math.abs(auc - 0.5);
    const half = ({ interval }: typeof raw) => (interval ? (interval.high - interval.low) / 2 : 0.03);
    const gain = distance(raw) - distance(refined);
    const margin = Math.hypot(half(raw), half(refined));
    const verdict = gain > margin ? 'better' : gain < -margin ? 'worse' : 'no different';
    const figure = ({ auc, interval }: typeof raw) =>
      `${auc.toFixed(2)}${interval ? ` (${interval.low.toFixed(2)} to ${interval.high.toFixed(2)})` : ''}`;
    const told = `A classifier tells refined pictures from real ones with an AUC of ${figure(refined)}, raw ones with ${figure(raw)}`;
    const best = control ? `; one half of the real ones from the other with ${figure(control)}` : '';
    return { question, verdict, reason: `${told}${best} (0.5 is guessing).` };
  }
  const [before, after] = [distances?.synthetic, distances?.refined];
  if (before?.gradient !== undefined && after?.gradient !== undefined) {
    const closer = (['intensity', 'gradient'] as const).map(
      (name) => (before[name]! - after[name]!) / (before[name]! || 1),
    );
    const verdict = closer.every((share) => share > 0.1)
      ? 'better'
      : closer.every((share) => share < -0.1)
        ? 'worse'
        : 'no different';
    const moved = (share: number) =>
      `${Math.abs(100 * share).toFixed(0)} % ${share >= 0 ? 'closer' : 'farther'}`;
    return {
      question,
      verdict,
      reason: `Statistics only: brightness is ${moved(closer[0]!)} to the real pictures, gradients ${moved(closer[1]!)}. Run evaluate for a two-sample test with its control.`,
    };
  }
  const reason = isDone
    ? 'Nothing was compared with real pictures. Run evaluate, then report again.'
    : 'The run is not done. Look at the pictures below.';
  return { question, verdict: 'unknown', reason };
}

function labels(data: ReportData): VerdictPart {
  const question = 'labels';
  const [first] = Object.entries(refinedLabels(data)?.quantities ?? {});
  const last = data.moments.at(-1);
  const [tracked] = Object.entries(last?.labels ?? {});
  if (first) {
    const [name, { unit, shift, lost }] = first;
    const told = shift.count + lost;
    if (told === 0)
      return { question, verdict: 'unknown', reason: `The probe could not make out ${name} in any picture.` };
    const isPixels = unit.startsWith('px');
    const isMoved = isPixels && shift.mean > articleShift.mean;
    const isLost = lost > 0.05 * told;
    const moved = `${name} moved ${shift.mean.toFixed(2)} ± ${shift.std.toFixed(2)} ${unit} in ${shift.count} pictures, and was lost in ${lost} of ${told}`;
    const article = isPixels ? `; the article reports ${articleShift.mean} ± ${articleShift.std} px` : '';
    return { question, verdict: isMoved || isLost ? 'worse' : 'no different', reason: `${moved}${article}.` };
  }
  if (tracked) {
    const [name, { unit, mean, std }] = tracked;
    const verdict = unit.startsWith('px') && mean > articleShift.mean ? 'worse' : 'no different';
    return {
      question,
      verdict,
      reason: `At step ${last!.step} ${name} had moved ${mean.toFixed(2)} ± ${std.toFixed(2)} ${unit} in the few pictures that are followed.`,
    };
  }
  return {
    question,
    verdict: 'unknown',
    reason:
      'The plugin has no probe that finds labels in pixels, so nobody knows whether they moved. Compare some pictures by eye.',
  };
}

function use({ figures: { downstream, use } }: ReportData): VerdictPart {
  const question = 'use';
  const judged = use?.refined;
  if (judged?.verdict) {
    const known = ['better', 'no different', 'worse', 'refused'] as const;
    const verdict = known.find((word) => word === judged.verdict) ?? 'unknown';
    return { question, verdict, reason: judged.reason ?? `Its score is ${judged.score.toFixed(3)}.` };
  }
  const runs = (downstream?.runs ?? []).filter((run) => run.synthetic && run.refined);
  if (!downstream || runs.length === 0) {
    return {
      question,
      verdict: 'unknown',
      reason:
        'No network was trained on the refined pictures. Where the plugin has an estimator, evaluate --use and --downstream do.',
    };
  }
  const gains = runs.map((run) => run.refined!.share - run.synthetic!.share);
  const mean = gains.reduce((sum, gain) => sum + gain, 0) / gains.length;
  const deviation = Math.sqrt(
    gains.reduce((sum, gain) => sum + (gain - mean) ** 2, 0) / Math.max(1, gains.length - 1),
  );
  // Of one training nobody knows the spread.
  const margin = gains.length > 1 ? (2 * deviation) / Math.sqrt(gains.length) : 0.03;
  const verdict = mean > margin ? 'better' : mean < -margin ? 'worse' : 'no different';
  const points = `${mean >= 0 ? '+' : '−'}${Math.abs(100 * mean).toFixed(1)} points within ${downstream.within} ${downstream.unit}`;
  return {
    question,
    verdict,
    reason: `The estimator ${downstream.estimator} trained on refined pictures: ${points} against raw ones, over ${gains.length} training${gains.length === 1 ? '' : 's'}.`,
  };
}
