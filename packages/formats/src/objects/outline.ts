/** @file What follows from the outlines of an object: its box, its area, its pixels. */
import type { LabeledObject } from './objects.ts';
import { maskArea, maskBox } from './run-length.ts';

type Point = readonly [x: number, y: number];
type Box = readonly [left: number, top: number, width: number, height: number];

/** The tight box of points; `undefined` without any. */
export function boundsOf(points: readonly Point[]): Box | undefined {
  if (points.length === 0) return undefined;
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of points) {
    left = Math.min(left, x);
    top = Math.min(top, y);
    right = Math.max(right, x);
    bottom = Math.max(bottom, y);
  }
  return [left, top, right - left, bottom - top];
}

/** An object's box: its own, or that of its outlines, mask or labeled keypoints; `undefined` if it has none of them. */
export function boxOf({ box, polygons, mask, keypoints }: LabeledObject): Box | undefined {
  if (box) return box;
  if (polygons && polygons.length > 0) return boundsOf(polygons.flat());
  if (mask) return maskBox(mask);
  return boundsOf((keypoints ?? []).flatMap(({ point }) => (point ? [point] : [])));
}

/** The area within an outline (shoelace formula), square pixels. */
export function polygonArea(points: readonly Point[]): number {
  let twice = 0;
  for (const [index, [x, y]] of points.entries()) {
    const [nextX, nextY] = points[(index + 1) % points.length]!;
    twice += x * nextY - nextX * y;
  }
  return Math.abs(twice) / 2;
}

/** An object's area as COCO counts it: of its mask, else of its outlines, else of its box. */
export function areaOf(object: LabeledObject): number {
  if (object.mask) return maskArea(object.mask);
  if (object.polygons && object.polygons.length > 0) {
    return object.polygons.reduce((sum, polygon) => sum + polygonArea(polygon), 0);
  }
  const [, , width, height] = boxOf(object) ?? [0, 0, 0, 0];
  return width * height;
}

/** The pixels whose centers lie within one of several outlines, `[height, width]` row by row: 1 inside, 0 outside. */
export function fillPolygons(
  polygons: readonly (readonly Point[])[],
  width: number,
  height: number,
): Uint8Array {
  const pixels = new Uint8Array(width * height);
  for (const polygon of polygons) {
    const [, top, , tall] = boundsOf(polygon) ?? [0, 0, 0, 0];
    const [first, end] = [Math.max(0, Math.floor(top)), Math.min(height, Math.ceil(top + tall))];
    for (let row = first; row < end; row++) {
      const y = row + 0.5;
      const crossings = polygon
        .flatMap(([x, own], index) => {
          const [otherX, other] = polygon[(index + 1) % polygon.length]!;
          return own <= y === other <= y ? [] : [x + ((y - own) / (other - own)) * (otherX - x)];
        })
        .sort((a, b) => a - b);
      for (let pair = 0; pair + 1 < crossings.length; pair += 2) {
        const from = Math.max(0, Math.ceil(crossings[pair]! - 0.5));
        const to = Math.min(width, Math.ceil(crossings[pair + 1]! - 0.5));
        if (to > from) pixels.fill(1, row * width + from, row * width + to);
      }
    }
  }
  return pixels;
}
