/** @file The outlines of a mask, along the edges of its pixels. */

type Point = readonly [x: number, y: number];

/** The steps along edges, with the inside to the right: right, down, left, up. */
const STEPS: readonly Point[] = [
  [1, 0],
  [0, 1],
  [-1, 0],
  [0, -1],
];

/**
 * The outer outlines of the parts of a mask, clockwise, with a point at each corner: filled, they give back its pixels
 * and the holes within. Parts that touch at a corner alone are apart.
 *
 * @param pixels - `[height, width]` row by row; everything but 0 is inside.
 */
export function traceMask(pixels: ArrayLike<number>, width: number, height: number): Point[][] {
  const isInside = (x: number, y: number) =>
    x >= 0 && y >= 0 && x < width && y < height && pixels[y * width + x] !== 0;
  // A top edge is where an outline, outer or of a hole, goes to the right; each belongs to one outline.
  const traced = new Uint8Array(width * height);
  const outlines: Point[][] = [];
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (!isInside(x, y) || isInside(x, y - 1) || traced[y * width + x]) continue;
      const outline = follow(x, y, isInside, (column, row) => {
        traced[row * width + column] = 1;
      });
      // Counterclockwise outlines are those of holes.
      if (signedArea(outline) > 0) outlines.push(outline);
    }
  }
  return outlines;
}

function follow(
  startX: number,
  startY: number,
  isInside: (x: number, y: number) => boolean,
  onTopEdge: (x: number, y: number) => void,
): Point[] {
  const outline: Point[] = [];
  let [x, y, direction] = [startX, startY, 0];
  do {
    if (direction === 0) onTopEdge(x, y);
    const [dx, dy] = STEPS[direction]!;
    x += dx;
    y += dy;
    // Of the four pixels at the corner reached: the one ahead to the right, and the one ahead to the left.
    const [rightX, rightY] = [x + (dx - dy - 1) / 2, y + (dy + dx - 1) / 2];
    const [leftX, leftY] = [x + (dx + dy - 1) / 2, y + (dy - dx - 1) / 2];
    const turn = !isInside(rightX, rightY) ? 1 : isInside(leftX, leftY) ? 3 : 0;
    if (turn === 0) continue;
    outline.push([x, y]);
    direction = (direction + turn) % 4;
  } while (x !== startX || y !== startY || direction !== 0);
  return outline;
}

function signedArea(points: readonly Point[]): number {
  return points.reduce((sum, [x, y], index) => {
    const [nextX, nextY] = points[(index + 1) % points.length]!;
    return sum + x * nextY - nextX * y;
  }, 0);
}
