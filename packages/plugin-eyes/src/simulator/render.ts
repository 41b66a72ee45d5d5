import type { Rng } from '@simgan/core';
import type { Appearance } from './appearance.ts';
import { raysOf } from './camera.ts';
import { type Face, type FacePoint, faceAt, facePoint } from './face.ts';
import { drawHair } from './hair.ts';
import { type LidRow, lookUp, tabulate } from './lids.ts';
import type { EyeScene } from './scene.ts';
import { eyeShader, type Ray } from './shade-eye.ts';
import { skinShader } from './shade-skin.ts';
import type { Vector } from './vector.ts';

/** Light that reaches the camera: linear RGB without an upper bound, `[height, width, 3]`. */
export interface Radiance {
  readonly data: Float32Array;
  readonly width: number;
  readonly height: number;
}

/**
 * Casts one ray per pixel at the face and, where it passes between the lids, at the eyeball. Edges are anti-aliased
 * by analytic coverage, so that one ray per pixel is enough.
 */
export function render(
  rng: Rng,
  scene: EyeScene,
  appearance: Appearance,
  width: number,
  height: number,
): Radiance {
  const { camera, face } = scene;
  const { origin, base, right, down } = raysOf(camera);
  const footprint = (camera.distance - 8) / camera.focalLength;
  const table = tabulate(scene.lids);
  const shadeSkin = skinShader(scene, appearance, footprint);
  const shadeEye = eyeShader(scene, appearance, origin, footprint);
  const hair = drawHair(rng.fork('hair'), scene, width, height);
  const [hairRed, hairGreen, hairBlue] = appearance.skin.hair;
  const data = new Float32Array(width * height * 3);
  const surface = facePoint();
  const ray: Ray = { dx: 0, dy: 0, dz: 0 };
  const lids: LidRow = { upper: 0, lower: 0, upperCosine: 1, lowerCosine: 1, crease: 0 };
  const skin = new Float64Array(3);
  const eye = new Float64Array(3);
  const sharpness = 1 / footprint;
  let rowStart = camera.distance - 10;

  for (let row = 0; row < height; row++) {
    let t = rowStart;
    let before = t;
    for (let column = 0; column < width; column++) {
      let dx = base[0] + column * right[0] + row * down[0];
      let dy = base[1] + column * right[1] + row * down[1];
      let dz = base[2] + column * right[2] + row * down[2];
      const unit = 1 / Math.sqrt(dx * dx + dy * dy + dz * dz);
      dx *= unit;
      dy *= unit;
      dz *= unit;

      // Newton's method from the depth extrapolated from the two previous pixels, where one step is enough.
      const found = t;
      if (column > 1) t += t - before;
      before = found;
      const guesses = column < 2 ? 4 : 1;
      let x = origin[0] + t * dx;
      let y = origin[1] + t * dy;
      let lost = false;
      for (let guess = 0; guess < guesses; guess++) {
        surface.x = x;
        surface.y = y;
        faceAt(face, surface);
        const miss = origin[2] + t * dz + surface.height;
        if (guess === guesses - 1 && (miss > 1 || miss < -1)) lost = true;
        t -= miss / Math.max(0.25, dz + surface.slopeX * dx + surface.slopeY * dy);
        x = origin[0] + t * dx;
        y = origin[1] + t * dy;
      }
      if (lost) {
        // The neighbor lies on another fold of the face.
        t = firstHit(face, origin, dx, dy, dz, surface);
        before = t;
        x = origin[0] + t * dx;
        y = origin[1] + t * dy;
      }
      if (column === 0) rowStart = t;
      surface.x = x;
      surface.y = y;

      lookUp(table, x, lids);
      const belowUpper = (y - lids.upper) * lids.upperCosine * sharpness + 0.5;
      const aboveLower = (lids.lower - y) * lids.lowerCosine * sharpness + 0.5;
      const open = Math.max(0, Math.min(1, belowUpper) + Math.min(1, aboveLower) - 1);

      const at = (row * width + column) * 3;
      if (open < 1) shadeSkin(surface, lids, skin);
      if (open > 0) {
        ray.dx = dx;
        ray.dy = dy;
        ray.dz = dz;
        shadeEye(surface, ray, lids, eye);
        for (let c = 0; c < 3; c++) data[at + c] = skin[c]! + open * (eye[c]! - skin[c]!);
      } else {
        data[at] = skin[0]!;
        data[at + 1] = skin[1]!;
        data[at + 2] = skin[2]!;
      }
      const passes = hair[row * width + column]!;
      if (passes < 1) {
        const lit = 1 - passes;
        data[at] = data[at]! * passes + lit * hairRed;
        data[at + 1] = data[at + 1]! * passes + lit * hairGreen;
        data[at + 2] = data[at + 2]! * passes + lit * hairBlue;
      }
    }
  }
  return { data, width, height };
}

/** No part of the face is higher, mm. */
const summit = 40;

/** The first hit of a ray with the face by ray marching: slow, and robust where the face occludes itself. */
function firstHit(
  face: Face,
  origin: Vector,
  dx: number,
  dy: number,
  dz: number,
  surface: FacePoint,
): number {
  const isAbove = (t: number) => {
    surface.x = origin[0] + t * dx;
    surface.y = origin[1] + t * dy;
    faceAt(face, surface);
    return origin[2] + t * dz + surface.height < 0;
  };
  const step = 1;
  let far = (-summit - origin[2]) / dz;
  const end = far + 4 * summit;
  while (far < end && isAbove(far)) far += step;
  let near = far - step;
  for (let halving = 0; halving < 12; halving++) {
    const middle = 0.5 * (near + far);
    if (isAbove(middle)) near = middle;
    else far = middle;
  }
  return far;
}
