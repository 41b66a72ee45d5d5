import type { TrainStep } from '@simgan/core';
import type { VerdictPart } from '../evaluation.ts';
import { html, Markup } from '../html.ts';
import { linePlotAt, plotSize } from '../plots/line-plot.ts';
import type { ReportData } from '../report-data.ts';
import { headline, verdictOf } from '../verdict.ts';
import { documentOf } from './document.ts';
import { realismSection, useSection } from './figures.ts';
import { pictureScript, pictureStyle, timelineSection, tripletSection } from './pictures.ts';
import { inLightColors, plotStyle } from './style.ts';
import { labelSection, lossPlots, lossSection } from './training.ts';

const names: Readonly<Record<VerdictPart['verdict'], string>> = {
  better: 'Better',
  'no different': 'No different',
  worse: 'Worse',
  refused: 'Not valid',
  unknown: 'Not known',
};
const tones: Readonly<Record<VerdictPart['verdict'], string>> = {
  better: 'good',
  'no different': 'even',
  worse: 'bad',
  refused: 'bad',
  unknown: 'open',
};

const verdictStyle = `
.headline{font-size:1.25rem;font-weight:650;letter-spacing:-.01em;margin:.1rem 0 .2rem}
.parts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,16rem),1fr));gap:.8rem;margin-top:.9rem}
.part{border-radius:10px;padding:.7rem .85rem;background:var(--tone-back)}
.part h3{margin:0;font-size:.95rem;display:flex;justify-content:space-between;gap:.6rem}
.part b{color:var(--tone)}.part p{margin:.3rem 0 0;font-size:.92rem}
${['good', 'bad', 'even', 'open'].map((tone) => `.${tone}{--tone:var(--${tone});--tone-back:var(--${tone}-back)}`).join('')}
section.verdict{border-left:6px solid var(--tone)}
.progress{height:6px;border-radius:3px;background:var(--rule);overflow:hidden;margin:.6rem 0 0}.progress i{display:block;height:100%;background:var(--c1)}
`;

/**
 * A run's report as one HTML file that loads nothing: the verdict, pictures before and after, the timeline, losses,
 * labels, looks, use, warnings, what was left out, and what it was made of.
 *
 * @example
 * ```ts no-run
 * import { writeFile } from 'node:fs/promises';
 * import { reportRun } from '@simgan/node';
 * import { renderReport } from '@simgan/report';
 *
 * const { data } = await reportRun({ run: 'eyes-augmented' });
 * await writeFile('report.html', renderReport(data));
 * ```
 */
export function renderReport(data: ReportData): string {
  const sections = [
    ['pictures', 'Pictures', tripletSection(data)],
    ['timeline', 'Timeline', timelineSection(data)],
    ['labels', 'Labels', labelSection(data)],
    ['looks', 'Looks', realismSection(data)],
    ['use', 'Use', useSection(data)],
    ['training', 'Training', lossSection(data)],
    ['notes', 'Notes', noteSection(data)],
    ['made-of', 'Made of', provenanceSection(data)],
  ] as const;
  const shown = sections.filter(([, , markup]) => markup);
  const { title, plugin, recipe, isDone, step, steps } = data;
  const state = isDone
    ? `${step} steps`
    : `not done: step ${step}${steps === undefined ? '' : ` of ${steps}`}`;
  const body = html`<header class="top"><div><h1>${title}</h1><p class="lede">${plugin}, recipe ${recipe}, ${state}</p></div><button id="theme" type="button" hidden>Dark</button></header>
<main id="content">${verdictSection(data)}
<nav class="contents" aria-label="Sections">${shown.map(([id, name]) => html`<a href="#${id}">${name}</a>`)}</nav>
${shown.map(([, , markup]) => markup)}</main>
<footer><p>Made by simgan-cli report. This file loads nothing from anywhere.</p></footer>`;
  return documentOf({
    title: `${title}: report`,
    body,
    style: verdictStyle + pictureStyle,
    script: pictureScript,
  });
}

/** The losses of a training as one SVG file, two plots beside each other. */
export function renderLosses(log: readonly TrainStep[]): string {
  const plots = lossPlots(log);
  const cell = { width: plotSize.width + 24, height: plotSize.height + 64 };
  const [width, height] = [2 * cell.width, Math.max(1, Math.ceil(plots.length / 2)) * cell.height];
  const style = inLightColors(
    `${plotStyle}svg .heading{font:600 15px ui-sans-serif,system-ui,sans-serif;fill:var(--ink)}svg .names tspan{fill:currentColor}.back{fill:var(--card)}`,
  );
  return html`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"><title>Losses of a training</title><style>${new Markup(style)}</style><rect class="back" width="100%" height="100%"/>${plots.map(
    (plot, i) => linePlotAt((i % 2) * cell.width + 8, Math.floor(i / 2) * cell.height + 8, plot),
  )}</svg>
`.text;
}

function verdictSection(data: ReportData): Markup {
  const parts = verdictOf(data);
  const { verdict, text } = headline(parts);
  const { isDone, step, steps } = data;
  const done = steps === undefined || steps === 0 ? 0 : Math.min(100, (100 * step) / steps);
  return html`<section class="verdict ${tones[verdict]}" id="verdict"><h2>Did it work?</h2><p class="headline">${text}</p>
${!isDone && html`<p class="soft">The run is not done: this is how far it has come.</p>${steps !== undefined && html`<div class="progress" role="progressbar" aria-label="Steps done" aria-valuenow="${done.toFixed(0)}" aria-valuemin="0" aria-valuemax="100"><i style="width:${done.toFixed(1)}%"></i></div>`}`}
<div class="parts">${parts.map((part) => {
    // Of labels nothing better can be said than that they stayed.
    const [tone, name] =
      part.question === 'labels' && part.verdict === 'no different'
        ? ['good', 'Kept']
        : [tones[part.verdict], names[part.verdict]];
    return html`<div class="part ${tone}"><h3><span>${capitalized(part.question)}</span><b>${name}</b></h3><p>${part.reason}</p></div>`;
  })}</div></section>`;
}

function noteSection({ warnings, rejects }: ReportData): Markup | undefined {
  if (warnings.length === 0 && rejects.total === 0) return undefined;
  return html`<section id="notes"><h2>Notes</h2>
${warnings.length > 0 && html`<h3>Warnings</h3><ul>${warnings.map((warning) => html`<li>${warning}</li>`)}</ul>`}
${rejects.total > 0 && html`<h3>Left out: ${rejects.total} inputs</h3><div class="scroll"><table class="texts"><thead><tr><th scope="col">file</th><th scope="col">reason</th></tr></thead><tbody>${rejects.first.map(({ file, reason }) => html`<tr><td>${file}</td><td>${reason}</td></tr>`)}</tbody></table></div>${rejects.total > rejects.first.length && html`<p class="soft">and ${rejects.total - rejects.first.length} more in rejects.jsonl</p>`}`}</section>`;
}

function provenanceSection({ provenance, command }: ReportData): Markup {
  return html`<section id="made-of"><h2>Made of</h2><dl>${provenance.map(([label, text]) => html`<dt>${label}</dt><dd>${text}</dd>`)}</dl><h3>Make it again</h3><pre tabindex="0"><code>${command}</code></pre></section>`;
}

function capitalized(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1);
}
