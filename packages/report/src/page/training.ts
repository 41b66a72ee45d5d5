/** @file The section of a report that shows how the training went: figure 7 of the article. */
import type { TrainStep } from '@simgan/core';
import { html, type Markup } from '../html.ts';
import { type LinePlotOptions, linePlot, type Series } from '../plots/line-plot.ts';
import { scatterPlot } from '../plots/scatter-plot.ts';
import type { ReportData, ReportMoment } from '../report-data.ts';
import { articleShift, refinedLabels } from '../verdict.ts';

/** The loss of a discriminator that guesses. */
const GUESSING = Math.LN2;

/** The plots of a training's losses, by their names; those without two values are left out. */
export function lossPlots(log: readonly TrainStep[]): LinePlotOptions[] {
  const take = (value: (step: TrainStep) => number | undefined): [number, number][] =>
    log.flatMap((step) => {
      const found = value(step);
      return found === undefined ? [] : [[step.step, found] as [number, number]];
    });
  const line = (
    name: string,
    color: Series['color'],
    value: (step: TrainStep) => number | undefined,
  ): Series => ({
    name,
    color,
    points: take(value),
  });
  const adversarial = (step: TrainStep) => (step.phase === 'adversarial' ? step.refiner : undefined);
  const discriminator = (step: TrainStep) =>
    step.phase === 'refiner warm-up' ? undefined : step.discriminator;
  const plots = [
    {
      title: 'Adversarial losses of refiner and discriminator',
      yLabel: 'mean over patches',
      series: [
        line('refiner, G_adv', 1, (step) => adversarial(step)?.adversarial),
        line('discriminator', 2, (step) => discriminator(step)?.loss),
      ],
      references: [{ label: 'guessing (0.69)', value: GUESSING }],
    },
    {
      title: 'How often the discriminator is right',
      yLabel: 'share of patches',
      series: [
        line('on real pictures', 3, (step) => discriminator(step)?.accuracyOnReal),
        line('on refined pictures', 1, (step) => discriminator(step)?.accuracyOnRefined),
      ],
      references: [{ label: 'guessing (0.5)', value: 0.5 }],
      yRange: [0, 1] as const,
    },
    {
      title: 'Regularizer, L_reg',
      yLabel: 'mean change of a value',
      series: [
        line('regularizer', 4, (step) =>
          step.phase === 'refiner warm-up' ? step.regularization : adversarial(step)?.regularization,
        ),
      ],
    },
    {
      title: 'Weight of the regularizer, λ',
      yLabel: 'λ',
      series: [line('λ', 4, (step) => adversarial(step)?.lambda)],
    },
  ];
  return plots
    .filter(({ series }) => series.some(({ points }) => points.length > 1))
    .map((plot) => ({ xLabel: 'step', ...plot }));
}

/** Losses over the steps. */
export function lossSection({ log, moments }: ReportData): Markup | undefined {
  const plots = [...lossPlots(log), ...momentPlots(moments)];
  if (plots.length === 0) return undefined;
  return html`<section id="training"><h2>Training</h2><p class="soft">A discriminator that is right half of the time cannot tell refined pictures from real ones; one that is always right has won, and the refiner learns little from it. Lines of long trainings are means of neighboring steps, with their extent behind them.</p><div class="plots">${plots.map((plot) => html`<div><h3>${plot.title}</h3>${linePlot(plot)}</div>`)}</div></section>`;
}

function momentPlots(moments: readonly ReportMoment[]): LinePlotOptions[] {
  const [name] = Object.keys(moments.at(-1)?.labels ?? {});
  const shifts = name === undefined ? [] : moments.filter(({ labels }) => labels[name]);
  if (shifts.length < 2) return [];
  const { unit } = shifts[0]!.labels[name!]!;
  const series: Series = {
    name: `${name}, mean ± deviation`,
    color: 1,
    points: shifts.map(({ step, labels }) => [step, labels[name!]!.mean]),
    spread: shifts.map(({ labels }) => labels[name!]!.std),
  };
  const article = { label: 'article: 1.1 ± 0.8 px', value: articleShift.mean, spread: articleShift.std };
  const references = unit.startsWith('px') ? [article] : [];
  const title = `How far labels moved (${name})`;
  return [{ title, xLabel: 'step', yLabel: unit, series: [series], references }];
}

/** Where labels were before and after: figure 9 of the article. */
export function labelSection(data: ReportData): Markup | undefined {
  const figures = refinedLabels(data);
  const pairs = Object.entries(data.figures.labelPairs ?? {});
  if (!figures && pairs.length === 0) return undefined;
  const rows = Object.entries(figures?.quantities ?? {});
  return html`<section id="labels"><h2>Labels</h2><p class="soft">What the plugin's probe finds in a picture before and after refinement. The article measured by hand: the pupil's center moved by ${articleShift.mean} ± ${articleShift.std} px in eyes ${articleShift.width} px wide.</p>
${
  rows.length > 0 &&
  html`<div class="scroll"><table><caption>${figures!.pairs} pairs of pictures</caption><thead><tr><th scope="col">quantity</th><th scope="col">moved, mean ± deviation</th><th scope="col">median</th><th scope="col">95 % within</th><th scope="col">lost</th><th scope="col">not measured</th></tr></thead><tbody>${rows.map(
    ([name, { unit, shift, lost, abstained }]) =>
      html`<tr><th scope="row">${name}</th><td>${shift.mean.toFixed(2)} ± ${shift.std.toFixed(2)} ${unit}</td><td>${shift.median.toFixed(2)}</td><td>${shift.p95.toFixed(2)}</td><td>${lost} of ${shift.count + lost}</td><td>${abstained}</td></tr>`,
  )}</tbody></table></div>`
}
<div class="plots squares">${pairs.flatMap(([name, { unit, points }]) => labelPlots(name, unit, points))}</div></section>`;
}

type LabelPoints = NonNullable<ReportData['figures']['labelPairs']>[string]['points'];

/** Plots of a place in the picture; other quantities stand in the table. */
function labelPlots(name: string, unit: string, points: LabelPoints): Markup[] {
  const places = points.filter(({ before, after }) => before.length === 2 && after.length === 2);
  if (places.length === 0 || !unit.startsWith('px')) return [];
  const axis = (i: 0 | 1) => places.map(({ before, after }) => [before[i]!, after[i]!] as const);
  const scatter = scatterPlot({
    title: `${name} before and after refinement`,
    xLabel: 'synthetic, px',
    yLabel: 'refined, px',
    sets: [
      { name: 'x', color: 1, points: axis(0) },
      { name: 'y', color: 2, points: axis(1) },
    ],
    diagonal: true,
  });
  const moves = scatterPlot({
    title: `How far ${name} moved`,
    xLabel: 'to the right, px',
    yLabel: 'down, px',
    sets: [
      {
        name,
        color: 3,
        points: places.map(({ before, after }) => [after[0]! - before[0]!, after[1]! - before[1]!] as const),
      },
    ],
    circles: [
      { label: 'article, mean (1.1 px)', radius: articleShift.mean },
      { label: 'mean + deviation (1.9 px)', radius: articleShift.mean + articleShift.std },
    ],
  });
  return [
    html`<div><h3>${name}, before and after</h3>${scatter}</div>`,
    html`<div><h3>How far it moved</h3>${moves}</div>`,
  ];
}
