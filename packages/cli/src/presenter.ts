import type { TrainStep } from '@simgan/core';
import type { Signals } from '@simgan/core/monitoring';
import type { JobEvent, JobPhase, Moment } from '@simgan/node';
import type { Row } from './block-layout.ts';
import { asFlags } from './options.ts';
import type { Output, Progress } from './output.ts';

/** Shows the events of a job: notes and progress for people, JSON lines for machines. */
export interface Presenter {
  /** Hand this to the job. */
  readonly onEvent: (event: JobEvent) => void;
  /** Ends the line of progress, if one is open. */
  end(): void;
}

/** What passes is wiped away by the line that says what came of it. */
const passing: readonly JobPhase[] = ['read', 'evaluate', 'check'];

export function createPresenter(output: Output): Presenter {
  let open: { readonly phase: JobPhase; readonly progress: Progress } | undefined;
  let step: readonly Row[] = [];
  let shift: readonly Row[] = [];
  const end = () => {
    open?.progress.end();
    open = undefined;
  };
  const show = (event: Extract<JobEvent, { type: 'progress' }>) => {
    const { phase, done, total, detail } = event;
    if (open?.phase !== phase) {
      end();
      open = { phase, progress: output.progress(phase, total, { passing: passing.includes(phase) }) };
    }
    const now = detail ? [{ label: '', items: [detail] }] : [];
    open.progress.update(done, [...(phase === 'train' ? [...step, ...shift] : []), ...now]);
    if (done >= total) end();
  };
  return {
    end,
    onEvent(event) {
      if (event.type === 'progress') {
        show(event);
        return;
      }
      if (event.type === 'step') step = stepRows(event);
      else if (event.type === 'moment') shift = shiftRows(event);
      else {
        if (event.type === 'warning') output.warn(asFlags(event.message));
        else for (const line of linesOf(event)) output.note(line);
      }
      const { type, ...fields } = event;
      output.event(type, fields);
    },
  };
}

function linesOf(event: Exclude<JobEvent, { type: 'progress' | 'step' | 'moment' | 'warning' }>): string[] {
  switch (event.type) {
    case 'engine': {
      const before = event.passedOver.flatMap(({ name, isSlower }) => (isSlower ? [] : [name])).join(', ');
      const why = before && `; ${before} would come first but does not load here (see simgan-cli doctor)`;
      const figures = event.passedOver.flatMap(({ name, reason, isSlower }) =>
        isSlower ? [`${name} is not faster: ${reason}`] : [],
      );
      return [
        `engine    ${event.name} (${[event.device, event.remark].filter(Boolean).join('; ')})${why}`,
        ...figures,
      ];
    }
    case 'synthetic':
      return [
        `synthetic ${event.count} ${event.origin === 'simulator' ? 'from the simulator' : from(event)}`,
      ];
    case 'real':
      // That there are none was a warning.
      return event.origin === 'stand-in' ? [] : [`real      ${event.count} ${from(event)}`];
    case 'match':
      return [`match     ${event.text} (--match none leaves light as it is)`];
    case 'task':
      return [
        `judged by ${event.what}, learned from and asked of pictures of ${event.image.width}x${event.image.height}`,
      ];
    case 'rung':
      return [`${event.taken ? 'taken    ' : 'not taken'} ${event.name}: ${event.reason}`];
    case 'treatment':
      return [`treatment ${event.treat}: ${event.reason}`];
    case 'camera':
      return [`camera    ${event.name} (${event.index + 1} of ${event.count})`];
    case 'refiner':
      return [`refiner   ${event.origin} (recipe ${event.recipe ?? 'of its own'})`];
    case 'resume': {
      const what = event.phase === 'train' ? 'training steps' : 'samples';
      return [`resume    ${event.done} of ${event.total} ${what} were done already`];
    }
    case 'look':
      return [
        `look      ${describeLook(event.signals)}${event.best === event.signals.step ? ', the best so far' : ''}`,
      ];
    case 'outcome': {
      const { steps, best, ended, timeShares } = event;
      const used =
        best === undefined || best === steps ? 'its refiner is used' : `the refiner of step ${best} is used`;
      const percent = (share: number) => `${(100 * share).toFixed(share < 0.1 ? 1 : 0)}%`;
      const judging = timeShares.use > 0 ? `, judging use ${percent(timeShares.use)}` : '';
      return [
        `trained   ended after ${steps} steps: ${ended}; ${used}`,
        `          looks took ${percent(timeShares.looks)} of the time${judging}`,
      ];
    }
  }
}

type Source = Extract<JobEvent, { type: 'synthetic' | 'real' }>;

function from(source: Source): string {
  const { origin, format, resized = 0, rejects, ignored = 0, transparent = 0, range, span, values } = source;
  const { annotations, labelGeometry } = source;
  return [
    `pictures from ${origin}`,
    format && `read as ${format}`,
    resized > 0 && `${resized} of them scaled`,
    values && `values ${values}`,
    span && `floats from ${span.map((value) => Number(value.toPrecision(4))).join(' to ')}`,
    range && `16-bit values ${range[0]} to ${range[1]} taken for black to white (--value-range)`,
    transparent > 0 && `${transparent} with transparency, which becomes 0`,
    rejects > 0 && `${rejects} rejected (see rejects.jsonl)`,
    ignored > 0 && `${ignored} other files ignored`,
    annotations === 'foreign' &&
      (labelGeometry
        ? `labels follow as declared (${Object.keys(labelGeometry).join(', ')})`
        : 'annotations passed on as they are'),
    annotations === 'plugin' && 'annotations checked',
  ]
    .filter(Boolean)
    .join(', ');
}

/** `step 600: distance to real 4.21 (synthetic 39.5), labels moved 0.31 px, use better (0.71, raw 0.64)` */
function describeLook({ step, distance, distanceBefore, labels, use }: Signals): string {
  const moved = labels && labels.found > 0 ? `, labels moved ${labels.median.toFixed(2)} ${labels.unit}` : '';
  const figures = `distance to real ${distance.toPrecision(3)} (synthetic ${distanceBefore.toPrecision(3)})`;
  const judged = use ? `, use ${use.verdict} (${use.score.toFixed(2)}, raw ${use.raw.toFixed(2)})` : '';
  return `step ${step}: ${figures}${moved}${judged}`;
}

/**
 * `G_adv 0.81  L_reg 0.055  λ 1.9` and `D real 0.53 refined 0.70`: losses by their names, accuracies of D; of refiners
 * that move things also `moved 1.20 px²`, the mean square of the displacement.
 */
export function stepRows(step: TrainStep): Row[] {
  if (step.phase === 'refiner warm-up') {
    return [
      { label: 'phase', items: ['warm-up of R'] },
      { label: 'losses', items: [`L_reg ${step.regularization.toFixed(3)}`] },
    ];
  }
  const { accuracyOnReal, accuracyOnRefined } = step.discriminator;
  const accuracies = {
    label: 'accuracy',
    items: [`D real ${accuracyOnReal.toFixed(2)} refined ${accuracyOnRefined.toFixed(2)}`],
  };
  if (step.phase === 'discriminator warm-up') {
    return [{ label: 'phase', items: ['warm-up of D'] }, accuracies];
  }
  const { adversarial, regularization, lambda, displacement } = step.refiner;
  const losses = [
    `G_adv ${adversarial.toFixed(2)}`,
    `L_reg ${regularization.toFixed(3)}`,
    `λ ${lambda.toPrecision(2)}`,
    ...(displacement === undefined ? [] : [`moved ${displacement.toFixed(2)} px²`]),
  ];
  return [{ label: 'losses', items: losses }, accuracies];
}

/** `pupilCenter moved 0.42 ± 0.30 px`: the plugin's first quantity; nothing without a probe. */
export function shiftRows({ labels }: Pick<Moment, 'labels'>): Row[] {
  const [first] = Object.entries(labels);
  if (!first) return [];
  const [name, { mean, std, unit, count }] = first;
  const found = count === 0 ? 'not found' : `moved ${mean.toFixed(2)} ± ${std.toFixed(2)} ${unit}`;
  return [{ label: 'labels', items: [`${name} ${found}`] }];
}
