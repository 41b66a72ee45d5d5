import type { Rng } from '@simgan/core';
import { around, between } from './draw.ts';

/**
 * The surface of the face around the eye as a height above the plane through the eyeball's center: lids
 * drawn over the ball as a paraboloid, smoothly joined with an orbit of brow ridge, nose and temple. The
 * eye is a hole in this surface (see `lids.ts`), so whatever lies behind it cannot show through.
 */
export interface Face {
  /** Height of the lids over the eyeball's center and their radii of curvature, mm. */
  readonly lidHeight: number;
  readonly lidRadiusX: number;
  readonly lidRadiusUp: number;
  readonly lidRadiusDown: number;
  /** Depth of the orbit, mm above the center: low for deep-set eyes. */
  readonly orbit: number;
  /** How softly lids and orbit join, mm. */
  readonly join: number;
  readonly brow: { readonly height: number; readonly y: number; readonly width: number };
  readonly nose: { readonly height: number; readonly x: number; readonly width: number };
  /** Fall of the temple, 1/mm. */
  readonly temple: number;
  /** Rise of the cheek, 1/mm. */
  readonly cheek: number;
}

export function drawFace(rng: Rng): Face {
  return {
    lidHeight: between(rng, 13.1, 13.7),
    lidRadiusX: between(rng, 13.5, 16.5),
    lidRadiusUp: between(rng, 12.2, 13.4),
    lidRadiusDown: between(rng, 15, 20),
    orbit: around(rng, 5, 1.4),
    join: between(rng, 3, 6),
    brow: { height: around(rng, 7, 1.6), y: between(rng, -21, -14), width: between(rng, 8, 11) },
    nose: { height: around(rng, 11, 1.6), x: between(rng, -27, -24), width: between(rng, 9, 12) },
    temple: between(rng, 0.004, 0.009),
    cheek: between(rng, 0.05, 0.45),
  };
}

/**
 * One point of the face, reused from pixel to pixel. Values that change with every pixel are passed between
 * functions in such records, because numbers passed on their own cost an allocation each.
 */
export interface FacePoint {
  /** Where it is in the eye's frame, mm. */
  x: number;
  y: number;
  /** Height above the plane through the eyeball's center, towards the viewer, mm. */
  height: number;
  slopeX: number;
  slopeY: number;
}

/** A point for {@link faceAt} to fill in. */
export function facePoint(x = 0, y = 0): FacePoint {
  return { x, y, height: 0, slopeX: 0, slopeY: 0 };
}

/** Writes height and slopes of the face at the point's x and y into it. */
export function faceAt(face: Face, point: FacePoint): void {
  const { x, y } = point;
  const lidRadiusY = y < 0 ? face.lidRadiusUp : face.lidRadiusDown;
  const lid = face.lidHeight - (x * x) / (2 * face.lidRadiusX) - (y * y) / (2 * lidRadiusY);
  let orbit = face.orbit;
  let orbitX = 0;
  let orbitY = 0;
  {
    const t = (y - face.brow.y) / face.brow.width;
    const r = 1 / (1 + t * t);
    orbit += face.brow.height * r * r;
    orbitY -= (4 * face.brow.height * t * r * r * r) / face.brow.width;
  }
  {
    const t = x < face.nose.x ? 0 : (x - face.nose.x) / face.nose.width;
    const r = 1 / (1 + t * t);
    orbit += face.nose.height * r * r;
    orbitX -= (4 * face.nose.height * t * r * r * r) / face.nose.width;
  }
  if (x > 4) {
    const beyond = Math.min(x - 4, 40);
    orbit -= face.temple * beyond * beyond;
    orbitX -= 2 * face.temple * beyond;
  }
  if (y > 4) {
    // Rises to a straight slope without a kink, which would show as an edge.
    const below = y - 4;
    const r = below / (below + 8);
    orbit += face.cheek * below * r;
    orbitY += face.cheek * r * (2 - r);
  }
  // A smooth maximum: 0.5 (a + b + sqrt((a - b)^2 + k^2)).
  const difference = lid - orbit;
  const root = Math.sqrt(difference * difference + face.join * face.join);
  const share = 0.5 * (1 + difference / root);
  point.height = 0.5 * (lid + orbit + root);
  point.slopeX = (-share * x) / face.lidRadiusX + (1 - share) * orbitX;
  point.slopeY = (-share * y) / lidRadiusY + (1 - share) * orbitY;
}
