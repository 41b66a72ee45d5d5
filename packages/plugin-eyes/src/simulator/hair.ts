import type { Rng } from '@simgan/core';
import { type Camera, project } from './camera.ts';
import { around, between, chance } from './draw.ts';
import { marginsAt } from './lids.ts';
import { type EyeScene, onFace } from './scene.ts';
import { apply, scale, type Vector } from './vector.ts';

/** The transmittance of the hairs in front of each pixel, 1 where there are none: `[height, width]`. */
export type HairMask = Float32Array;

/** Lashes and brow of a scene. */
export function drawHair(rng: Rng, scene: EyeScene, width: number, height: number): HairMask {
  const mask = new Float32Array(width * height).fill(1);
  const canvas = { mask, width, height };
  drawLashes(rng.fork('lashes'), scene, canvas);
  drawBrow(rng.fork('brow'), scene, canvas);
  return mask;
}

interface Canvas {
  readonly mask: HairMask;
  readonly width: number;
  readonly height: number;
}

/**
 * Lashes stand on the margins and turn with the lids: up when the eye is open, and hanging over the seam, in one dark
 * fringe, when it is closed.
 */
function drawLashes(rng: Rng, scene: EyeScene, canvas: Canvas): void {
  const { lids, face, camera } = scene;
  const isMadeUp = chance(rng, 0.25);
  const length = between(rng, 5, 8.5) * (isMadeUp ? 1.25 : 1);
  const thickness = between(rng, 0.14, 0.32) * (isMadeUp ? 1.7 : 1);
  const count = 40 + rng.int(40);
  // Some fringes hang straight, some curl up at their tips, closed or not.
  const curl = between(rng, -0.55, -0.35);
  const hanging = between(rng, 0.5, 1.1);
  for (let i = 0; i < count; i++) {
    const s = 0.1 + (0.9 * (i + rng.next())) / count;
    const { x, upper, lower } = marginsAt(lids, Math.min(0.995, s));
    const closing = Math.max(0, 1 - (lower - upper) * (1 / 4.5));
    // The lid's own rotation about the ball: 0 when it is at the height of the eyeball's center.
    const lift = 0.05 - upper * 0.085 + around(rng, 0, 0.1) - hanging * closing;
    const fan = 1.5 * (s - 0.42) + around(rng, 0, 0.12);
    const reach =
      length * (0.55 + 0.45 * Math.sin(Math.PI * Math.min(1, s * 1.02))) * between(rng, 0.7, 1.05);
    const root = onFace(face, x, upper);
    hair(canvas, camera, root, [fan, -lift, -1], reach, curl * (1 - 0.75 * closing), thickness);
  }
  const below = 18 + rng.int(16);
  for (let i = 0; i < below; i++) {
    const s = 0.2 + (0.78 * (i + rng.next())) / below;
    const { x, lower } = marginsAt(lids, s);
    const fan = 1.3 * (s - 0.45) + around(rng, 0, 0.2);
    const reach = 0.42 * length * between(rng, 0.5, 1);
    hair(canvas, camera, onFace(face, x, lower + 0.5), [fan, 0.75, -0.8], reach, 0.15, 0.6 * thickness);
  }
}

/** A brow of single hairs, drawn only if it reaches into the picture. */
function drawBrow(rng: Rng, scene: EyeScene, canvas: Canvas): void {
  const { face, camera, lids } = scene;
  const middle = 0.5 * (lids.shape.inner[0] + lids.shape.outer[0]);
  const height = face.brow.y - between(rng, -2.5, 2.5);
  const density = between(rng, 0.4, 1);
  const halfWidth = between(rng, 2, 3.6);
  const thickness = between(rng, 0.1, 0.26);
  const lowest = project(camera, onFace(face, middle, height + halfWidth + 3))[1];
  const lowestInner = project(camera, onFace(face, middle - 18, height + halfWidth + 3))[1];
  const lowestOuter = project(camera, onFace(face, middle + 18, height + halfWidth + 5))[1];
  if (Math.max(lowest, lowestInner, lowestOuter) < 0) return;
  const count = Math.round(360 * density);
  for (let i = 0; i < count; i++) {
    const s = (i + rng.next()) / count;
    const across = 2 * rng.next() - 1;
    const thin = halfWidth * (1 - 0.65 * s * s);
    const x = middle - 19 + 41 * s;
    const y = height + 2.2 - 5.5 * s * (1.55 - s) + across * thin;
    const lean = 0.25 + 1.2 * s;
    // Hairs above grow down, hairs below grow up, and all towards the temple.
    const direction: Vector = [lean, 0.5 * -across - 0.75 * (1 - s), -0.25];
    hair(canvas, camera, onFace(face, x, y), direction, between(rng, 3.5, 7), 0.1, thickness);
  }
}

/** One hair: a parabola from its root, bent by `curl` (negative: upwards), drawn as strokes of its own width. */
function hair(
  canvas: Canvas,
  camera: Camera,
  root: Vector,
  direction: Vector,
  length: number,
  curl: number,
  thickness: number,
): void {
  const step = length / Math.hypot(direction[0], direction[1], direction[2]);
  const pixels = camera.focalLength / camera.distance;
  // Segments per hair: short ones look the same with fewer.
  const pieces = length * pixels < 10 ? 2 : 4;
  // Root, direction and bend in the camera's frame.
  const [rx, ry, rz] = apply(camera.rotation, root);
  const [gx, gy, gz] = apply(camera.rotation, scale(direction, step));
  const [bx, by, bz] = apply(camera.rotation, [0, curl * length, 0]);
  const { focalLength, distance, principalPoint } = camera;
  const [cx, cy] = principalPoint;
  const nearness = focalLength / (rz + distance);
  let x0 = cx + rx * nearness;
  let y0 = cy + ry * nearness;
  for (let piece = 1; piece <= pieces; piece++) {
    const t = piece / pieces;
    const factor = focalLength / (rz + t * (gz + t * bz) + distance);
    const x1 = cx + (rx + t * (gx + t * bx)) * factor;
    const y1 = cy + (ry + t * (gy + t * by)) * factor;
    // Hairs taper to a tip.
    stroke(canvas, x0, y0, x1, y1, thickness * pixels * (1.25 - t));
    x0 = x1;
    y0 = y1;
  }
}

/** Darkens the pixels along a line by the fraction of each that it covers. */
function stroke(
  { mask, width, height }: Canvas,
  x0: number,
  y0: number,
  x1: number,
  y1: number,
  thickness: number,
): void {
  // A line thinner than a pixel is drawn one pixel wide and fainter in proportion.
  const opacity = Math.min(1, thickness);
  const radius = 0.5 * Math.max(1, thickness);
  const reach = radius + 0.5;
  const left = Math.max(0, Math.floor(Math.min(x0, x1) - reach));
  const right = Math.min(width - 1, Math.ceil(Math.max(x0, x1) + reach));
  const top = Math.max(0, Math.floor(Math.min(y0, y1) - reach));
  const bottom = Math.min(height - 1, Math.ceil(Math.max(y0, y1) + reach));
  const dx = x1 - x0;
  const dy = y1 - y0;
  const perSquared = 1 / (dx * dx + dy * dy + 1e-9);
  for (let row = top; row <= bottom; row++) {
    for (let column = left; column <= right; column++) {
      const px = column + 0.5 - x0;
      const py = row + 0.5 - y0;
      const along = (px * dx + py * dy) * perSquared;
      // The end belongs to the next segment, or joints would be drawn twice.
      if (along < 0 || along >= 1) continue;
      const ax = px - along * dx;
      const ay = py - along * dy;
      const squared = ax * ax + ay * ay;
      if (squared >= reach * reach) continue;
      mask[row * width + column]! *= 1 - opacity * Math.min(1, reach - Math.sqrt(squared));
    }
  }
}
