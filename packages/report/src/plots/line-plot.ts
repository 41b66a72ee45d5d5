import { html, type Markup } from '../html.ts';
import { extentOf, linearScale, shortNumber } from './scale.ts';

/** A line of a plot. */
export interface Series {
  readonly name: string;
  /** One of the colors of the page: 1 to 4. */
  readonly color: 1 | 2 | 3 | 4;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Shown as well: half the height of a band around the line, point by point. */
  readonly spread?: readonly number[];
}

/** A horizontal line or band that values are compared with. */
export interface Reference {
  readonly label: string;
  readonly value: number;
  readonly spread?: number;
}

/** Options for {@link linePlot}. */
export interface LinePlotOptions {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly series: readonly Series[];
  readonly references?: readonly Reference[];
  /** In place of the extent of the values. */
  readonly yRange?: readonly [number, number];
}

/** The size of a plot, in its own units. */
export const plotSize = { width: 520, height: 260 } as const;
const area = { left: 54, right: 14, top: 12, bottom: 42 };
/** Points that a line is drawn of: more are means of neighbors, with their extent behind them. */
const MOST_POINTS = 320;

/** A plot of lines as a figure of a page, with its legend; colors are those of the page. */
export function linePlot(options: LinePlotOptions): Markup {
  const { title, references = [] } = options;
  const series = shownSeries(options);
  return html`<figure class="plot"><svg viewBox="0 0 ${plotSize.width} ${plotSize.height}" role="img" aria-label="${title}">${drawLines(options)}</svg><figcaption>${
    series.length > 1 &&
    series.map(({ name, color }) => html`<span class="key"><i class="c${color}"></i>${name}</span>`)
  }${references.map(({ label }) => html`<span class="key"><i class="reference"></i>${label}</span>`)}</figcaption></figure>`;
}

/** The same as a part of an SVG file, its title and legend above it. */
export function linePlotAt(left: number, top: number, options: LinePlotOptions): Markup {
  const { width, height } = plotSize;
  const keys = shownSeries(options).map(
    ({ name, color }) => html`<tspan class="c${color}" fill="currentColor" dx="14">${name}</tspan>`,
  );
  return html`<g transform="translate(${left} ${top})"><text class="heading" x="${area.left}" y="16">${options.title}</text><text class="names" x="${area.left - 14}" y="36">${keys}</text><svg y="44" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">${drawLines(options)}</svg></g>`;
}

function shownSeries({ series }: LinePlotOptions): Series[] {
  return series.filter(({ points }) => points.length > 0);
}

function drawLines(options: LinePlotOptions): Markup {
  const { xLabel, yLabel, references = [], yRange } = options;
  const { width, height } = plotSize;
  const drawn = shownSeries(options);
  const xs = drawn.flatMap(({ points }) => points.map(([x]) => x));
  const ys = drawn.flatMap(({ points, spread = [] }) =>
    points.flatMap(([, y], i) => [y - (spread[i] ?? 0), y + (spread[i] ?? 0)]),
  );
  const levels = references.flatMap(({ value, spread = 0 }) => [value - spread, value + spread]);
  const [right, bottom] = [width - area.right, height - area.bottom];
  const x = linearScale(extentOf(xs, 0), area.left, right, 6);
  const y = linearScale(yRange ?? extentOf([...ys, ...levels]), bottom, area.top, 4);
  return html`${y.ticks.map(
    (tick) =>
      html`<line class="grid" x1="${area.left}" x2="${right}" y1="${at(y(tick))}" y2="${at(y(tick))}"/><text class="tick" x="${area.left - 8}" y="${at(y(tick) + 4)}" text-anchor="end">${shortNumber(tick)}</text>`,
  )}
${x.ticks.map((tick) => html`<text class="tick" x="${at(x(tick))}" y="${bottom + 18}" text-anchor="middle">${shortNumber(tick)}</text>`)}
<text class="axis" x="${(area.left + right) / 2}" y="${height - 6}" text-anchor="middle">${xLabel}</text>
<text class="axis" x="12" y="${height / 2 - 12}" text-anchor="middle" transform="rotate(-90 12 ${height / 2 - 12})">${yLabel}</text>
${references.map((reference) => drawReference(reference, y))}
${drawn.map((one) => drawSeries(one, x, y))}`;
}

function drawReference({ value, spread }: Reference, y: (value: number) => number): Markup {
  const [left, right] = [area.left, plotSize.width - area.right];
  return html`${spread !== undefined && html`<rect class="reference-band" x="${left}" width="${right - left}" y="${at(y(value + spread))}" height="${at(y(value - spread) - y(value + spread))}"/>`}<line class="reference" x1="${left}" x2="${right}" y1="${at(y(value))}" y2="${at(y(value))}"/>`;
}

function drawSeries(
  { points, color, spread, name }: Series,
  x: (value: number) => number,
  y: (value: number) => number,
): Markup {
  const buckets = inBuckets(points, spread);
  const hasBand = buckets.some(({ low, high }) => high > low);
  const edge = [
    ...buckets.map((one) => [one.x, one.high]),
    ...buckets.toReversed().map((one) => [one.x, one.low]),
  ];
  const path = (pairs: readonly (readonly number[])[]) =>
    pairs.map(([px, py], i) => `${i === 0 ? 'M' : 'L'}${at(x(px!))} ${at(y(py!))}`).join('');
  const middle = buckets.map((one) => [one.x, one.mean]);
  const dots = buckets.length <= 40 ? buckets : [];
  return html`<g class="c${color}"><title>${name}</title>${hasBand && html`<path class="band" d="${path(edge)}Z"/>`}<path class="line" d="${path(middle)}"/>${dots.map((one) => html`<circle r="2.5" cx="${at(x(one.x))}" cy="${at(y(one.mean))}"/>`)}</g>`;
}

interface Bucket {
  readonly x: number;
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

function inBuckets(points: Series['points'], spread: readonly number[] = []): Bucket[] {
  const size = Math.ceil(points.length / MOST_POINTS);
  const buckets: Bucket[] = [];
  for (let start = 0; start < points.length; start += size) {
    const part = points.slice(start, start + size);
    const values = part.map(([, value]) => value);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const half = spread[start] ?? 0;
    buckets.push({
      x: part.reduce((sum, [px]) => sum + px, 0) / part.length,
      mean,
      low: Math.min(...values) - half,
      high: Math.max(...values) + half,
    });
  }
  return buckets;
}

function at(pixel: number): string {
  return pixel.toFixed(1);
}
