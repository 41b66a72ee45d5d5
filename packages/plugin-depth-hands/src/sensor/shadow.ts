/** Adjacent pixels closer in depth than this, in mm, belong to one surface. */
const SAME_SURFACE_MM = 25;

/**
 * Finds pixels that the projector's light does not reach, because something nearer stands in its way: each row
 * is drawn once more as the projector, to the right of the camera, sees it.
 *
 * @param depths - `[size, size]` depths in mm.
 * @param shift - focal length times baseline: the disparity in pixels of a surface at depth z is `shift / z`.
 * @returns `[size, size]`, 1 for pixels in shadow.
 */
export function shadowedPixels(depths: Float32Array, size: number, shift: number): Uint8Array {
  const shadow = new Uint8Array(size * size);
  let nearest = Number.POSITIVE_INFINITY;
  for (const depth of depths) nearest = Math.min(nearest, depth);
  // A surface at depth z moves to the left by its disparity; the nearest moves most.
  const margin = Math.ceil(shift / nearest) + 2;
  const lit = new Float32Array(size + margin);
  for (let row = 0; row < size; row++) {
    lit.fill(Number.POSITIVE_INFINITY);
    const at = (column: number) => column - shift / depths[row * size + column]! + margin;
    for (let column = 0; column < size; column++) {
      const depth = depths[row * size + column]!;
      const start = at(column);
      const next = depths[row * size + column + 1]!;
      const joined = column + 1 < size && Math.abs(next - depth) < SAME_SURFACE_MM;
      const end = joined ? at(column + 1) : start;
      const first = Math.max(0, Math.round(Math.min(start, end)));
      const last = Math.min(lit.length - 1, Math.round(Math.max(start, end)));
      for (let bin = first; bin <= last; bin++) lit[bin] = Math.min(lit[bin]!, depth);
    }
    for (let column = 0; column < size; column++) {
      const depth = depths[row * size + column]!;
      if (lit[Math.max(0, Math.round(at(column)))]! < depth - SAME_SURFACE_MM)
        shadow[row * size + column] = 1;
    }
  }
  return shadow;
}
