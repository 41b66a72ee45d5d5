/** Equalizes the histogram of gray values over 0 to 255, in place, as in MPIIGaze's normalized eyes. */
export function equalize(values: Float32Array): void {
  const bins = new Uint32Array(256);
  const binOf = (value: number) => Math.max(0, Math.min(255, Math.round(value)));
  for (const value of values) bins[binOf(value)]!++;
  const first = bins.find((count) => count > 0)!;
  const span = values.length - first;
  if (span === 0) return;
  const map = new Float32Array(256);
  let below = 0;
  for (let bin = 0; bin < 256; bin++) {
    below += bins[bin]!;
    map[bin] = (255 * Math.max(0, below - first)) / span;
  }
  for (let i = 0; i < values.length; i++) values[i] = map[binOf(values[i]!)]!;
}
