import type { Cone } from './flesh.ts';
import type { Vec3 } from './geometry.ts';

/** How far two parts of the palm, two links of a digit, and a digit and the palm blend into each other, in mm. */
const PALM_BLEND = 9;
const LINK_BLEND = 2.5;
const ROOT_BLEND = 5;

/** From one cone to the next in the packed array. */
const STRIDE = 10;

/**
 * The skin: the zero level of a signed distance field over rounded cones. Within a part the cones blend
 * smoothly, each digit blends into the palm, and digits only touch each other.
 */
export class HandSurface {
  /** Axis start, axis, 1 / axis², radius at the start, radius growth, part. */
  readonly #packed: Float64Array;
  /** All cones, for rays that no tile narrows down. */
  readonly all: Int32Array;
  /** A depth before which there is no skin. */
  readonly nearest: number;

  /** @param cones In the frame in which rays will be cast; those of a part together, the palm's first. */
  constructor(cones: readonly Cone[]) {
    this.#packed = new Float64Array(cones.length * STRIDE);
    this.all = Int32Array.from(cones.keys());
    let part = -1;
    for (const [index, cone] of cones.entries()) {
      if (cone.part !== cones[index - 1]?.part) part++;
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

  /** A lower bound of the distance to the skin in mm, below 0 inside. `cones`: those to look at, ascending. */
  distance(x: number, y: number, z: number, cones: Int32Array = this.all, count = cones.length): number {
    const packed = this.#packed;
    let palm = Number.POSITIVE_INFINITY;
    let skin = Number.POSITIVE_INFINITY;
    let digit = Number.POSITIVE_INFINITY;
    let part = 0;
    for (let k = 0; k < count; k++) {
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
      h = h < 0 ? 0 : h > 1 ? 1 : h;
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
    return palm < skin ? palm : skin;
  }

  /**
   * The depth at which a ray from the origin first meets the skin: sphere tracing (Hart, The Visual Computer
   * 12(10), 1996) of the points `[dx, dy, 1] * depth` from depth `start` to `end`.
   *
   * @returns Infinity if the ray misses.
   */
  firstDepth(
    dx: number,
    dy: number,
    start: number,
    end: number,
    cones: Int32Array = this.all,
    count = cones.length,
  ): number {
    const perDepth = 1 / Math.sqrt(dx * dx + dy * dy + 1);
    let depth = start;
    for (let step = 0; step < 96; step++) {
      const distance = this.distance(dx * depth, dy * depth, depth, cones, count);
      depth += distance * perDepth;
      if (distance < 0.1) return depth;
      if (depth > end) return Number.POSITIVE_INFINITY;
    }
    // A ray that grazes the skin this long has met it for all purposes.
    return depth;
  }

  /**
   * What each tile of a picture may see: calls `visit` with the cones near it and the depths between which
   * they lie.
   *
   * @param project Where a ball falls in the picture: centre and radius in pixels, with its depth.
   */
  forEachTile(
    size: number,
    tile: number,
    project: (centre: Vec3, radius: number) => { u: number; v: number; ru: number; rv: number },
    visit: (column: number, row: number, cones: Int32Array, count: number, near: number, far: number) => void,
  ): void {
    const packed = this.#packed;
    const tiles = Math.ceil(size / tile);
    const total = this.all.length;
    const lists = new Int32Array(tiles * tiles * total);
    const counts = new Int32Array(tiles * tiles);
    const near = new Float64Array(tiles * tiles).fill(Number.POSITIVE_INFINITY);
    const far = new Float64Array(tiles * tiles).fill(Number.NEGATIVE_INFINITY);
    for (let index = 0; index < total; index++) {
      const o = index * STRIDE;
      const reach = packed[o + 9] === 0 ? PALM_BLEND : ROOT_BLEND;
      const from = this.#ball(o, 0, reach);
      const to = this.#ball(o, 1, reach);
      const a = project(from.centre, from.radius);
      const b = project(to.centre, to.radius);
      const nearest = Math.min(from.centre[2] - from.radius, to.centre[2] - to.radius);
      const farthest = Math.max(from.centre[2] + from.radius, to.centre[2] + to.radius);
      const left = Math.max(0, Math.floor(Math.min(a.u - a.ru, b.u - b.ru) / tile));
      const right = Math.min(tiles - 1, Math.floor(Math.max(a.u + a.ru, b.u + b.ru) / tile));
      const top = Math.max(0, Math.floor(Math.min(a.v - a.rv, b.v - b.rv) / tile));
      const bottom = Math.min(tiles - 1, Math.floor(Math.max(a.v + a.rv, b.v + b.rv) / tile));
      const half = tile / 2;
      const axisU = b.u - a.u;
      const axisV = b.v - a.v;
      const axis = Math.max(1e-9, Math.hypot(axisU, axisV));
      const reachPx = Math.max(a.ru, a.rv, b.ru, b.rv) + Math.SQRT2 * half;
      for (let row = top; row <= bottom; row++) {
        for (let column = left; column <= right; column++) {
          // A slanted cone fills little of its bounding box: leave out tiles beside its axis.
          const u = (column + 0.5) * tile - 0.5 - a.u;
          const v = (row + 0.5) * tile - 0.5 - a.v;
          if (Math.abs(u * axisV - v * axisU) / axis > reachPx) continue;
          const t = row * tiles + column;
          lists[t * total + counts[t]!] = index;
          counts[t]!++;
          if (nearest < near[t]!) near[t] = nearest;
          if (farthest > far[t]!) far[t] = farthest;
        }
      }
    }
    for (let t = 0; t < counts.length; t++) {
      if (counts[t] === 0) continue;
      const list = lists.subarray(t * total, t * total + counts[t]!);
      visit((t % tiles) * tile, Math.floor(t / tiles) * tile, list, counts[t]!, near[t]!, far[t]!);
    }
  }

  #ball(offset: number, end: 0 | 1, reach: number): { centre: Vec3; radius: number } {
    const packed = this.#packed;
    const at = (axis: number) => packed[offset + axis]! + end * packed[offset + 3 + axis]!;
    return {
      centre: [at(0), at(1), at(2)],
      radius: packed[offset + 7]! + end * packed[offset + 8]! + reach,
    };
  }
}

/** The smaller of two distances, rounded off where they are within `width` of each other (Quilez's polynomial). */
function blend(a: number, b: number, width: number): number {
  const overlap = width - Math.abs(a - b);
  // Two infinities differ by NaN, which is not above 0 either.
  return (a < b ? a : b) - (overlap > 0 ? (overlap * overlap) / (4 * width) : 0);
}
