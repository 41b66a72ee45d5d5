import type { Cone } from './flesh.ts';

/** The width over which two parts of the palm, a digit and the palm, and two links of a digit blend, in mm. */
export const PALM_BLEND = 9;
export const ROOT_BLEND = 5;
const LINK_BLEND = 2.5;

/** Values per cone in the packed array. */
const STRIDE = 10;

/**
 * The skin: the zero level of a signed distance field over rounded cones. Within a part the cones blend
 * smoothly, each digit blends into the palm, and different digits do not blend.
 */
export class HandSurface {
  /** Axis start, axis, 1 / axis², radius at the start, radius growth, part: 0 is the palm. */
  readonly #packed: Float64Array;
  /** The flesh under the skin. */
  readonly cones: readonly Cone[];
  /** The indices of all cones, for rays that are not restricted to a tile. */
  readonly all: Int32Array;
  /** There is no skin nearer than this depth, mm. */
  readonly nearest: number;

  /** @param cones - in the frame in which rays are cast; those of a part adjacent, the palm's first. */
  constructor(cones: readonly Cone[]) {
    this.cones = cones;
    this.#packed = new Float64Array(cones.length * STRIDE);
    this.all = Int32Array.from(cones.keys());
    let part = 0;
    for (const [index, cone] of cones.entries()) {
      if (cone.part === 'palm') part = 0;
      else if (cone.part !== cones[index - 1]?.part) part++;
      const [x, y, z] = cone.from;
      const [dx, dy, dz] = [cone.to[0] - x, cone.to[1] - y, cone.to[2] - z];
      const inverse = 1 / (dx * dx + dy * dy + dz * dz);
      const growth = cone.toRadius - cone.fromRadius;
      this.#packed.set([x, y, z, dx, dy, dz, inverse, cone.fromRadius, growth, part], index * STRIDE);
    }
    this.nearest = Math.min(
      ...cones.flatMap(({ from, to, fromRadius, toRadius }) => [from[2] - fromRadius, to[2] - toRadius]),
    );
    // Blending swells the skin by at most a few mm beyond the cones.
    this.nearest -= PALM_BLEND;
  }

  /**
   * A lower bound of the distance to the skin in mm, below 0 inside.
   *
   * @param cones - indices of the cones to consider, ascending.
   */
  distance(x: number, y: number, z: number, cones: Int32Array = this.all): number {
    const packed = this.#packed;
    let palm = Number.POSITIVE_INFINITY;
    let skin = Number.POSITIVE_INFINITY;
    let digit = Number.POSITIVE_INFINITY;
    let part = 0;
    for (let k = 0; k < cones.length; k++) {
      const o = cones[k]! * STRIDE;
      if (packed[o + 9]! !== part) {
        if (part > 0) {
          const rooted = blend(digit, palm, ROOT_BLEND);
          if (rooted < skin) skin = rooted;
        }
        part = packed[o + 9]!;
        digit = Number.POSITIVE_INFINITY;
      }
      const px = x - packed[o]!;
      const py = y - packed[o + 1]!;
      const pz = z - packed[o + 2]!;
      const dx = packed[o + 3]!;
      const dy = packed[o + 4]!;
      const dz = packed[o + 5]!;
      let h = (px * dx + py * dy + pz * dz) * packed[o + 6]!;
      h = Math.max(0, Math.min(1, h));
      const qx = px - h * dx;
      const qy = py - h * dy;
      const qz = pz - h * dz;
      const d = Math.sqrt(qx * qx + qy * qy + qz * qz) - packed[o + 7]! - h * packed[o + 8]!;
      if (part === 0) palm = blend(palm, d, PALM_BLEND);
      else digit = blend(digit, d, LINK_BLEND);
    }
    if (part > 0) {
      const rooted = blend(digit, palm, ROOT_BLEND);
      if (rooted < skin) skin = rooted;
    }
    return Math.min(palm, skin);
  }

  /**
   * The depth at which a ray from the origin first meets the skin: sphere tracing (Hart, The Visual Computer
   * 12(10), 1996) of the points `[dx, dy, 1] * depth` from depth `start` to `end`.
   *
   * @returns Infinity if the ray misses.
   */
  firstDepth(dx: number, dy: number, start: number, end: number, cones: Int32Array = this.all): number {
    const perDepth = 1 / Math.sqrt(dx * dx + dy * dy + 1);
    let depth = start;
    for (let step = 0; step < 96; step++) {
      const distance = this.distance(dx * depth, dy * depth, depth, cones);
      depth += distance * perDepth;
      if (distance < 0.1) return depth;
      if (depth > end) return Number.POSITIVE_INFINITY;
    }
    // A ray that grazes the skin for so long counts as a hit.
    return depth;
  }
}

/** The smooth minimum of two distances, over a width (Quilez's polynomial). */
function blend(a: number, b: number, width: number): number {
  const overlap = width - Math.abs(a - b);
  // The difference of two infinities is NaN, which is not above 0 either.
  return Math.min(a, b) - (overlap > 0 ? (overlap * overlap) / (4 * width) : 0);
}
