/** @file Axes: from values to pixels, and the values that are written at an axis. */

/** Maps values to pixels. */
export interface Scale {
  (value: number): number;
  readonly ticks: readonly number[];
}

/** A linear axis from `low` to `high` on the pixels from `start` to `end`. */
export function linearScale(
  [low, high]: readonly [number, number],
  start: number,
  end: number,
  most = 5,
): Scale {
  const span = high - low || 1;
  const scale = (value: number) => start + ((value - low) / span) * (end - start);
  return Object.assign(scale, { ticks: niceTicks(low, low + span, most) });
}

/** Round values between two others, at most `most` + 1 of them. */
export function niceTicks(low: number, high: number, most: number): number[] {
  const raw = (high - low) / most;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= raw * 0.999) ?? 10);
  const ticks: number[] = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high + step * 1e-9; n++) ticks.push(n * step || 0);
  return ticks;
}

/** The extent of some values, with a margin on both sides; [0, 1] if there are none. */
export function extentOf(values: readonly number[], margin = 0.05): [number, number] {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return [0, 1];
  const [low, high] = finite.reduce(
    ([a, b], value) => [Math.min(a, value), Math.max(b, value)],
    [Infinity, -Infinity],
  );
  const room = (high - low || Math.abs(high) || 1) * margin;
  return [low - room, high + room];
}

/** A number as people read it at an axis or in a table. */
export function shortNumber(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 10_000 || size < 0.001) return value.toExponential(1).replace('e+', 'e');
  if (size >= 100) return value.toFixed(0);
  return String(Number(value.toPrecision(3)));
}
