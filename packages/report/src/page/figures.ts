/** @file The tables of a report: realism and use, with intervals and controls (figures 11 and 12 of the article). */
import { html, type Markup } from '../html.ts';
import { type Interval, intervalBar, meanInterval, shareInterval } from '../plots/interval.ts';
import { shortNumber } from '../plots/scale.ts';
import type { ReportData } from '../report-data.ts';

const asShown =
  (digits: number, factor = 1) =>
  ({ low, high }: Interval) =>
    `${(factor * low).toFixed(digits)} – ${(factor * high).toFixed(digits)}`;

/** How far each set is from the real pictures, and how well it is told from them. */
export function realismSection({ figures: { distances, realism } }: ReportData): Markup | undefined {
  if (!distances && !realism) return undefined;
  return html`<section id="looks"><h2>Looks</h2>
${realism && html`<p class="soft">A small classifier learns to tell a set from real pictures by crops of 15 × 15 pixels. 0.5 is guessing, 1 is certain; the control row tells one half of the real pictures from the other, which is what a perfect refiner would get.</p>${realismTable(realism)}`}
${
  distances &&
  html`<div class="scroll"><table><caption>Distances of statistics to the real pictures: smaller is closer</caption><thead><tr><th scope="col">set</th><th scope="col">brightness</th><th scope="col">gradients</th><th scope="col">contrast</th><th scope="col">diversity</th></tr></thead><tbody>${Object.entries(
    distances,
  ).map(
    ([name, { intensity, gradient, contrast, diversity }]) =>
      html`<tr ${name === 'real' && 'class=control'}><th scope="row">${name}</th>${[intensity, gradient, contrast, diversity].map((figure) => html`<td>${figure === undefined ? '—' : shortNumber(figure)}</td>`)}</tr>`,
  )}</tbody></table></div>`
}</section>`;
}

function realismTable(realism: NonNullable<ReportData['figures']['realism']>): Markup {
  return html`<div class="scroll"><table><caption>Told from real pictures${Object.values(realism).some(({ interval }) => interval) && '; intervals of 95 %'}</caption><thead><tr><th scope="col">set</th><th scope="col">AUC</th><th scope="col">interval</th><th scope="col"><span class="soft">0.4 – 1</span></th><th scope="col">accuracy</th><th scope="col">KID</th></tr></thead><tbody>${Object.entries(
    realism,
  ).map(([name, { auc, balancedAccuracy, kernelDistance, interval }]) => {
    const shown = { value: auc, low: auc, high: auc, ...interval };
    const bar = intervalBar(shown, [0.4, 1]);
    return html`<tr ${name === 'real' && 'class=control'}><th scope="row">${name === 'real' ? 'real halves (control)' : name}</th><td>${auc.toFixed(2)}</td><td>${interval ? asShown(2)(shown) : '—'}</td><td>${bar}</td><td>${balancedAccuracy.toFixed(2)}</td><td>${kernelDistance === undefined ? '—' : shortNumber(kernelDistance)}</td></tr>`;
  })}</tbody></table></div>`;
}

/** What networks learn from each set. */
export function useSection({ figures: { downstream, use, certificate } }: ReportData): Markup | undefined {
  if (!downstream && !use && !certificate) return undefined;
  return html`<section id="use"><h2>Use</h2>
${
  use &&
  html`<div class="scroll"><table><caption>What networks do on unlabeled real pictures after learning from each set</caption><thead><tr><th scope="col">set</th><th scope="col">score</th><th scope="col">agreement</th><th scope="col">stability</th><th scope="col">verdict</th></tr></thead><tbody>${Object.entries(
    use,
  ).map(
    ([name, { score, agreement, stability, verdict, reason }]) =>
      html`<tr><th scope="row">${name}</th><td>${score.toFixed(3)}</td><td>${agreement?.toFixed(3) ?? '—'}</td><td>${stability?.toFixed(3) ?? '—'}</td><td title="${reason}">${verdict ?? '—'}</td></tr>`,
  )}</tbody></table></div>`
}
${downstream && downstreamTable(downstream)}
${certificate && html`<h3>Label certificate</h3><p>With ${(100 * certificate.confidence).toFixed(0)} % confidence at least <b>${(100 * certificate.atLeast).toFixed(1)} %</b> of all labels (${certificate.quantity}) moved less than ${certificate.limit} ${certificate.unit}: ${certificate.within} of ${certificate.sampled} sampled ones did, ${certificate.lost} were lost and ${certificate.abstained} could not be measured, which counts against.</p>`}</section>`;
}

function downstreamTable({
  runs,
  estimator,
  unit,
  within,
  steps,
  tested,
}: NonNullable<ReportData['figures']['downstream']>): Markup {
  const names = Object.keys(runs[0] ?? {});
  const rows = names.map((name) => {
    const results = runs.flatMap((run) => run[name] ?? []);
    const means = results.map(({ mean }) => mean);
    const shares = results.map(({ share }) => share);
    const average = (values: readonly number[]) =>
      values.reduce((sum, value) => sum + value, 0) / values.length;
    const share = average(shares);
    return {
      name,
      mean: average(means),
      share,
      interval: meanInterval(shares) ?? shareInterval(share, tested),
    };
  });
  const spread =
    runs.length > 1 ? `over ${runs.length} trainings` : 'of one training, over the tested pictures';
  return html`<p class="soft">${estimator}, trained on each set in ${steps} steps and tested on ${tested} pictures of the stand-in camera. The last row learned from labeled pictures of that camera itself: no refiner can be asked for more.</p><div class="scroll"><table><caption>Intervals of 95 % ${spread}</caption><thead><tr><th scope="col">trained on</th><th scope="col">mean error</th><th scope="col">within ${within} ${unit}</th><th scope="col">interval</th><th scope="col"><span class="soft">0 – 100 %</span></th></tr></thead><tbody>${rows.map(
    ({ name, mean, share, interval }) =>
      html`<tr ${name === 'stand-in camera' && 'class=control'}><th scope="row">${name}${name === 'stand-in camera' && ' (control)'}</th><td>${mean.toFixed(2)} ${unit}</td><td>${(100 * share).toFixed(1)} %</td><td>${asShown(1, 100)(interval)}</td><td>${intervalBar(interval, [0, 1])}</td></tr>`,
  )}</tbody></table></div>`;
}
