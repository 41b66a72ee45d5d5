import type { Appearance } from './appearance.ts';
import { irisAxes } from './eyeball.ts';
import type { FacePoint } from './face.ts';
import { fiberNoise } from './iris.ts';
import { caruncleReach } from './labels.ts';
import type { LidRow } from './lids.ts';
import { irradiance, reflected } from './light.ts';
import { noiseLevel, sampleNoise } from './noise.ts';
import type { EyeScene } from './scene.ts';
import { skinNoise } from './skin.ts';
import { scale, type Vector } from './vector.ts';

/** The direction of a ray from the camera, a unit vector in the eye's frame. */
export interface Ray {
  dx: number;
  dy: number;
  dz: number;
}

/**
 * Writes the light that comes through the opening of the lids along a ray into `out`, linear RGB. `opening` is
 * where the ray passes through.
 */
export type EyeShader = (opening: FacePoint, ray: Ray, lids: LidRow, out: Float64Array) => void;

/** Shades the eyeball of one scene; `footprint` is the size of a pixel on it, mm. */
export function eyeShader(
  scene: EyeScene,
  { eye, lighting, skin }: Appearance,
  origin: Vector,
  footprint: number,
): EyeShader {
  const { eyeball, gaze, lids: pose } = scene;
  const { radius, irisRadius, irisDepth, pupilRadius, corneaRadius } = eyeball;
  const [gx, gy, gz] = gaze;
  const [right, down] = irisAxes(gaze);
  const [ox, oy, oz] = origin;
  const originGaze = ox * gx + oy * gy + oz * gz;
  const originSquared = ox * ox + oy * oy + oz * oz;
  const cornea = scale(gaze, eyeball.corneaDepth);
  const [kx, ky, kz] = [ox - cornea[0], oy - cornea[1], oz - cornea[2]];
  const corneaSquared = kx * kx + ky * ky + kz * kz;
  const key = lighting.lamps[0]!;
  const keyRight = key.direction[0] * right[0] + key.direction[1] * right[1] + key.direction[2] * right[2];
  const keyDown = key.direction[0] * down[0] + key.direction[1] * down[1] + key.direction[2] * down[2];
  const fibers = noiseLevel(fiberNoise(), footprint / 0.1);
  const coarseFibers = noiseLevel(fiberNoise(), footprint / 0.1, 1);
  const vessels = noiseLevel(skinNoise(), footprint / 0.12);
  const limbus = Math.max(0.75, 1.15 * footprint);
  const pupilEdge = Math.max(0.16, footprint);
  const { inner: corner, outer } = pose.shape;
  const width = outer[0] - corner[0];
  const caruncleRadius = caruncleReach * width;
  // Computed once, used by every pixel.
  const perLimbus = 1 / limbus;
  const perRadius = 1 / radius;
  const perZone = 1 / (irisRadius - pupilRadius);
  const perPupilEdge = 1 / pupilEdge;
  const perCornea = 1 / corneaRadius;
  const corneaBlur = 0.05 + (2 * footprint) / corneaRadius;
  /** The light that a wet surface with this normal reflects (Schlick's approximation). */
  const mirrored = (dx: number, dy: number, dz: number, nx: number, ny: number, nz: number, blur: number) => {
    const facing = -(dx * nx + dy * ny + dz * nz);
    const grazing = 1 - Math.max(0, Math.min(1, facing));
    const squared = grazing * grazing;
    const share = 0.025 + 0.25 * squared * squared * grazing;
    return (
      share * reflected(lighting, dx + 2 * facing * nx, dy + 2 * facing * ny, dz + 2 * facing * nz, blur)
    );
  };
  const irisLight = new Float64Array(3);

  return ({ x, y }, { dx, dy, dz }, lids, out) => {
    // How deep below the lids the opening is crossed: lids, and the lashes on the upper one, shade the eye.
    const belowUpper = Math.max(0, (y - lids.upper) * lids.upperCosine);
    const aboveLower = Math.max(0, (lids.lower - y) * lids.lowerCosine);
    const shade =
      (1 - 0.62 / (1 + belowUpper * belowUpper * 0.35)) * (1 - 0.3 / (1 + aboveLower * aboveLower * 1.4));

    const away = dx * gx + dy * gy + dz * gz;
    const toIris = (irisDepth - originGaze) / away;
    const ix = ox + toIris * dx - irisDepth * gx;
    const iy = oy + toIris * dy - irisDepth * gy;
    const iz = oz + toIris * dz - irisDepth * gz;
    const fromCenter = away < 0 ? Math.sqrt(ix * ix + iy * iy + iz * iz) : 99;
    const irisness = Math.max(0, Math.min(1, (irisRadius - fromCenter) * perLimbus + 0.5));

    const along = ox * dx + oy * dy + oz * dz;
    const inside = along * along - originSquared + radius * radius;
    let nx = 0;
    let ny = 0;
    let nz = -1;
    if (irisness < 1) {
      if (inside > 0) {
        const t = -along - Math.sqrt(inside);
        nx = (ox + t * dx) * perRadius;
        ny = (oy + t * dy) * perRadius;
        nz = (oz + t * dz) * perRadius;
      } else {
        // Beside the ball: the tissue that lines the lids, turned as the ball's outline next to it.
        nx = ox - along * dx;
        ny = oy - along * dy;
        nz = oz - along * dz;
        const length = 1 / Math.sqrt(nx * nx + ny * ny + nz * nz);
        nx *= length;
        ny *= length;
        nz *= length;
      }
      irradiance(lighting, nx, ny, nz, 0.45, out);
      const u = x * (0.7 / 0.12) + eye.offset[0];
      const v = y * (2.2 / 0.12) + eye.offset[1];
      const ridge = 1 - 2.5 * Math.abs(sampleNoise(vessels, u, v));
      const edge = Math.min(1, Math.abs(x) * (1 / 14));
      const red = Math.min(
        0.7,
        eye.veins * (0.15 + 0.85 * edge * edge) * (0.3 + (ridge > 0 ? 1.2 * ridge : 0)),
      );
      // Towards the ball's outline the white turns into the pink that lines the lids.
      const lining = Math.max(0, Math.min(1, 0.8 - inside * 0.02));
      out[0]! *= eye.white[0] * (1 - 0.12 * red - 0.3 * lining);
      out[1]! *= eye.white[1] * (1 - 0.55 * red - 0.5 * lining);
      out[2]! *= eye.white[2] * (1 - 0.5 * red - 0.48 * lining);

      // The caruncle: a pink knob that fills the inner corner.
      const px = (x - corner[0] - 0.25 * caruncleRadius) / caruncleRadius;
      const pink = Math.max(0, Math.min(1, (1 - px) * 2.2));
      if (pink > 0) {
        const tone = 0.55 + 0.45 * Math.sqrt(skin.base[1]);
        const light = (out[1]! / Math.max(0.05, eye.white[1])) * tone;
        out[0]! += pink * (0.9 * light - out[0]!);
        out[1]! += pink * (0.46 * light - out[1]!);
        out[2]! += pink * (0.42 * light - out[2]!);
      }
    }

    if (irisness > 0) {
      irradiance(lighting, gx, gy, gz, 0.3, irisLight);
      const a = ix * right[0] + iy * right[1] + iz * right[2];
      const b = ix * down[0] + iy * down[1] + iz * down[2];
      const angle = Math.atan2(b, a) * (256 / (2 * Math.PI));
      const zone = (fromCenter - pupilRadius) * perZone;
      const fiber =
        sampleNoise(fibers, angle + eye.offset[0], fromCenter * 5 + eye.offset[1]) +
        0.6 * sampleNoise(coarseFibers, angle * 2, fromCenter * 9 + eye.offset[1]);
      const wavy = zone + 0.07 * fiber;
      const out1 = Math.max(0, Math.min(1, (wavy - eye.collarette) * 5 + 0.5));
      const ridge = Math.max(0, 1 - Math.abs(wavy - eye.collarette) * 8) * 0.18;
      const ring = Math.max(0, Math.min(1, (zone - 1 + eye.ringWidth) / eye.ringWidth));
      const ruff = Math.max(0, Math.min(1, 1 - zone * 9));
      // The cornea gathers the light on the far side of the iris.
      const caustic = 1 - (0.55 * (a * keyRight + b * keyDown)) / irisRadius;
      const factor =
        Math.max(0.2, 1 + eye.fibers * fiber + ridge) *
        (1 - eye.ring * ring * ring) *
        (1 - 0.5 * ruff) *
        Math.max(0.4, caustic);
      const pupil = Math.max(0, Math.min(1, (pupilRadius - fromCenter) * perPupilEdge + 0.5));
      for (let channel = 0; channel < 3; channel++) {
        const tone = eye.inner[channel]! + out1 * (eye.outer[channel]! - eye.inner[channel]!);
        const light = irisLight[channel]! * (tone * factor * (1 - pupil) + 0.006 * pupil);
        out[channel]! += irisness * (light - out[channel]!);
      }
    }

    // The tear film reflects the room: dimly and blurred on the white, sharply on the cornea.
    let mirror = irisness < 1 ? (1 - irisness) * 0.35 * mirrored(dx, dy, dz, nx, ny, nz, 0.5) : 0;
    if (irisness > 0) {
      const t0 = kx * dx + ky * dy + kz * dz;
      const hit = t0 * t0 - corneaSquared + corneaRadius * corneaRadius;
      if (hit > 0) {
        const t = -t0 - Math.sqrt(hit);
        nx = (kx + t * dx) * perCornea;
        ny = (ky + t * dy) * perCornea;
        nz = (kz + t * dz) * perCornea;
        mirror += irisness * mirrored(dx, dy, dz, nx, ny, nz, corneaBlur);
      }
    }
    mirror *= Math.min(1, belowUpper * 0.8);
    out[0] = out[0]! * shade + mirror;
    out[1] = out[1]! * shade + mirror;
    out[2] = out[2]! * shade + mirror;

    // Tears collect along the lower lid.
    const tear = 1 - Math.abs(aboveLower - 0.2) / Math.max(0.35, 0.6 * footprint);
    if (tear > 0) {
      const light = 0.06 * tear * key.color[1];
      out[0]! += light;
      out[1]! += light;
      out[2]! += light;
    }
  };
}
