import { type Reject, type Sample, SimganError, type Size, type SizedForm } from '@simgan/core';
import { HAND_JOINT_COUNT, HAND_JOINTS, type HandAnnotation, PALM_CENTER } from '../annotation.ts';
import { cropAround, project, toCrop, unproject } from '../camera.ts';
import type { CameraIntrinsics } from '../camera-frame.ts';
import { cubeOf, pixelKind } from '../hand-image.ts';
import { type CropHandOptions, cropHand } from '../preparation/crop-hand.ts';
import type { DepthFrame } from '../preparation/depth-frame.ts';
import { locateHand } from '../preparation/locate-hand.ts';
import { between, type Vec3 } from '../simulator/geometry.ts';

/** The known joints of {@link HAND_JOINTS} by index: `[x, y, z]`, mm in the camera frame, y up. */
export type KnownJoints = ReadonlyMap<number, Vec3>;

/** Where a sample comes from. */
export interface SampleSource {
  /** The id of the sample; see `withIds`. */
  readonly id: string;
  /** For rejects. */
  readonly file: string;
}

/** A hand in a frame of a camera. */
export interface SeenHand {
  readonly frame: DepthFrame;
  readonly camera: CameraIntrinsics;
  readonly joints?: KnownJoints;
  readonly side?: 'left' | 'right';
  readonly cropping?: Omit<CropHandOptions, 'size'>;
  /** Millimeters per stored step, and at which distances of the palm, mm, that may be right. */
  readonly plausible?: {
    readonly unit: number;
    readonly distance: readonly [least: number, most: number];
  };
}

/** Hands are nearer to the camera and its axis, mm: 16 bits hold no larger depth. */
const FARTHEST = 65_535;
/** Nearer points are projected to infinity, mm. */
const NEAREST = 1;

/** A surface that fills a smaller share of the picture is no hand. */
const LEAST_SHARE = 0.005;

/**
 * The hand as the plugin's pictures show it: in the cube about its palm, which is located by the joints, or else by the
 * nearest surface.
 *
 * @param form - as `handImage` returns it.
 */
export function handSample(
  { id, file }: SampleSource,
  { frame, camera, joints, side, cropping, plausible }: SeenHand,
  form: SizedForm,
): Sample<HandAnnotation> | Reject {
  const cube = cubeOf(form);
  const size = form.width;
  const center = joints ? palmOf(joints) : locateHand(frame, camera, cube);
  if (!center) return { file, reason: 'None of its surfaces has the size of a hand.' };
  const problem = plausible && distanceProblem(center[2], plausible);
  if (problem !== undefined) return { file, reason: problem };
  const [outlier] = [center, ...(joints?.values() ?? [])].filter((point) => !canBeSeen(point));
  if (outlier) {
    const place = outlier.map((value) => Math.round(value)).join(', ');
    return {
      file,
      reason: `A point of its hand is at (${place}) mm, not in front of the camera and within ${FARTHEST / 1000} m of it.`,
    };
  }
  const crop = cropAround(center, camera, { size, cube });
  const image = cropHand(frame, crop, { ...cropping, size });
  const surface = image.data.filter((value) => pixelKind(value, cube) === 'depth').length;
  if (surface < LEAST_SHARE * image.data.length) {
    return { file, reason: `Nothing was measured in the cube of ${cube} mm about its palm.` };
  }
  const each = (place: (joint: Vec3) => Vec3) =>
    Array.from({ length: HAND_JOINT_COUNT }, (_, index) => {
      const joint = joints?.get(index);
      return joint ? rounded(place(joint)) : null;
    });
  const annotation: HandAnnotation = {
    ...(side && { side }),
    ...(joints && {
      joints: {
        uvd: each((joint) => toCrop(project(joint, camera), crop)),
        xyz: each((joint) => joint),
      },
    }),
    camera: { ...camera },
    crop,
  };
  const { width, height } = frame;
  // A crop's pixels are counted by their centers, pictures' points from the outer corner.
  const scale = [1 / crop.scaleU, 1 / crop.scaleV] as const;
  const shift = [0.5 - (crop.u + 0.5) * scale[0], 0.5 - (crop.v + 0.5) * scale[1]] as const;
  return { id, image, annotation, source: { file, width, height, scale, shift } };
}

function distanceProblem(
  found: number,
  { unit, distance: [least, most] }: NonNullable<SeenHand['plausible']>,
): string | undefined {
  if (found >= least && found <= most) return undefined;
  const meters = (millimeters: number) => `${Math.round(millimeters / 10) / 100} m`;
  return (
    `With ${unit} mm per stored step its hand would be ${meters(found)} from the camera, and depth cameras see hands from ` +
    `${meters(least)} to ${meters(most)}. Give the right unit: the option depthUnit of the plugin, such as 0.125, 0.2 or 10.`
  );
}

/** Whether a point, mm in the camera frame, is one that a camera can see. */
function canBeSeen([x, y, z]: Vec3): boolean {
  return z >= NEAREST && z <= FARTHEST && Math.abs(x) <= FARTHEST && Math.abs(y) <= FARTHEST;
}

/** @throws SimganError INVALID_IMAGE if a picture is not a frame of the camera. */
export function checkFrameSize({ width, height }: Size, camera: Size): void {
  if (width === camera.width && height === camera.height) return;
  throw new SimganError(
    'INVALID_IMAGE',
    `It is ${width} x ${height}, and frames are ${camera.width} x ${camera.height}.`,
  );
}

/** Joints from `[u, v, d]`: pixels of the frame and mm. */
export function jointsOfFrame(
  uvd: readonly (readonly [number, Vec3])[],
  camera: CameraIntrinsics,
): KnownJoints {
  return new Map(uvd.map(([index, joint]) => [index, unproject(joint, camera)]));
}

const WRIST = HAND_JOINTS.indexOf('PALM_6');
const MIDDLE_KNUCKLE = HAND_JOINTS.indexOf('F3_KNU1_B');

/** The middle of the palm, or the point nearest to it in the simulator's hands. */
function palmOf(joints: KnownJoints): Vec3 | undefined {
  const palm = joints.get(PALM_CENTER);
  if (palm) return palm;
  const [wrist, knuckle] = [joints.get(WRIST), joints.get(MIDDLE_KNUCKLE)];
  return wrist && knuckle && between(wrist, knuckle, 0.65);
}

/** To micrometers and thousandths of a pixel, as the simulator writes them. */
function rounded(point: Vec3): [number, number, number] {
  return point.map((value) => Math.round(value * 1000) / 1000) as [number, number, number];
}
