import type { Cone } from './flesh.ts';
import type { Vec3 } from './geometry.ts';
import { PALM_BLEND, ROOT_BLEND } from './surface.ts';

/** The projection of a ball: its center and its extent to each side, in pixels. */
export interface Disc {
  readonly u: number;
  readonly v: number;
  readonly ru: number;
  readonly rv: number;
}

/** A square of a picture and the cones that shape the skin in it. */
export interface Tile {
  readonly left: number;
  readonly top: number;
  /** Indices, ascending. */
  readonly cones: Int32Array;
  /** The range of their depths, in mm. */
  readonly near: number;
  readonly far: number;
}

/**
 * Divides a picture into squares of `edge` pixels and finds the cones that each may show, so that a ray
 * considers a handful instead of all forty. Squares without any are left out.
 */
export function tilesOf(
  cones: readonly Cone[],
  size: number,
  edge: number,
  project: (center: Vec3, radius: number) => Disc,
): Tile[] {
  const across = Math.ceil(size / edge);
  const lists = Array.from({ length: across * across }, (): number[] => []);
  for (const [index, cone] of cones.entries()) {
    const blend = blendOf(cone);
    const a = project(cone.from, cone.fromRadius + blend);
    const b = project(cone.to, cone.toRadius + blend);
    const last = across - 1;
    const left = Math.max(0, Math.floor(Math.min(a.u - a.ru, b.u - b.ru) / edge));
    const right = Math.min(last, Math.floor(Math.max(a.u + a.ru, b.u + b.ru) / edge));
    const top = Math.max(0, Math.floor(Math.min(a.v - a.rv, b.v - b.rv) / edge));
    const bottom = Math.min(last, Math.floor(Math.max(a.v + a.rv, b.v + b.rv) / edge));
    // A slanted cone fills little of its bounding box: tiles beside its axis are left out.
    const [du, dv] = [b.u - a.u, b.v - a.v];
    const axis = Math.max(1e-9, Math.hypot(du, dv));
    const reach = Math.max(a.ru, a.rv, b.ru, b.rv) + (Math.SQRT2 * edge) / 2;
    for (let row = top; row <= bottom; row++) {
      for (let column = left; column <= right; column++) {
        const u = (column + 0.5) * edge - 0.5 - a.u;
        const v = (row + 0.5) * edge - 0.5 - a.v;
        if (Math.abs(u * dv - v * du) <= reach * axis) lists[row * across + column]!.push(index);
      }
    }
  }
  const depths = cones.map((cone) => depthRange(cone));
  return lists.flatMap((list, tile) => {
    if (list.length === 0) return [];
    return {
      left: (tile % across) * edge,
      top: Math.floor(tile / across) * edge,
      cones: Int32Array.from(list),
      near: Math.min(...list.map((index) => depths[index]![0])),
      far: Math.max(...list.map((index) => depths[index]![1])),
    };
  });
}

/** The distance up to which a cone shapes the skin, in mm. */
function blendOf(cone: Cone): number {
  return cone.part === 'palm' ? PALM_BLEND : ROOT_BLEND;
}

function depthRange(cone: Cone): readonly [near: number, far: number] {
  const from = cone.fromRadius + blendOf(cone);
  const to = cone.toRadius + blendOf(cone);
  return [Math.min(cone.from[2] - from, cone.to[2] - to), Math.max(cone.from[2] + from, cone.to[2] + to)];
}
