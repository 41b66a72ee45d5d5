import type { ImageSpec, Reject, Sample } from '@simgan/core';
import {
  type CameraIntrinsics,
  HAND_JOINT_COUNT,
  HAND_JOINTS,
  type HandAnnotation,
  PALM_CENTRE,
} from '../annotation.ts';
import { cropAround, project, toCrop, unproject } from '../camera.ts';
import { cubeOf, pixelKind } from '../hand-image.ts';
import { type CropHandOptions, cropHand } from '../preparation/crop-hand.ts';
import type { DepthFrame } from '../preparation/depth-frame.ts';
import { locateHand } from '../preparation/locate-hand.ts';
import { between, type Vec3 } from '../simulator/geometry.ts';

/** The joints of {@link HAND_JOINTS} that are known, by index: `[x, y, z]` in mm before the camera, y up. */
export type KnownJoints = ReadonlyMap<number, Vec3>;

/** A hand in a frame of a camera. */
export interface SeenHand {
  readonly frame: DepthFrame;
  readonly camera: CameraIntrinsics;
  readonly joints?: KnownJoints;
  readonly side?: 'left' | 'right';
  readonly cutting?: Omit<CropHandOptions, 'size'>;
}

/** A surface that fills less of the picture than this is no hand. */
const LEAST_SHARE = 0.005;

/**
 * The hand as the plugin's pictures show it, in the cube about its palm, or about the nearest surface if no joint
 * says where the palm is.
 *
 * @param form The form that `handImage` gives.
 */
export function handSample(
  file: string,
  { frame, camera, joints, side, cutting }: SeenHand,
  form: ImageSpec,
): Sample<HandAnnotation> | Reject {
  const cube = cubeOf(form);
  const size = form.width;
  const centre = joints ? palmOf(joints) : locateHand(frame, camera, cube);
  if (!centre) return { file, reason: 'No surface in it has the size of a hand.' };
  if (!(centre[2] > 0)) return { file, reason: `Its palm is ${centre[2]} mm before the camera.` };
  const crop = cropAround(centre, camera, { size, cube });
  const image = cropHand(frame, crop, { ...cutting, size });
  const surface = Array.from(image).filter((value) => pixelKind(value, cube) === 'depth').length;
  if (surface < LEAST_SHARE * image.length) {
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
  return { id: idOf(file), image, annotation };
}

/** Joints given as `[u, v, d]`: pixels of the frame and mm. */
export function jointsOfFrame(
  uvd: readonly (readonly [number, Vec3])[],
  camera: CameraIntrinsics,
): KnownJoints {
  return new Map(uvd.map(([index, joint]) => [index, unproject(joint, camera)]));
}

const WRIST = HAND_JOINTS.indexOf('PALM_6');
const MIDDLE_KNUCKLE = HAND_JOINTS.indexOf('F3_KNU1_B');

/** The middle of the palm, or what is nearest to it in the simulator's hands. */
function palmOf(joints: KnownJoints): Vec3 | undefined {
  const palm = joints.get(PALM_CENTRE);
  if (palm) return palm;
  const [wrist, knuckle] = [joints.get(WRIST), joints.get(MIDDLE_KNUCKLE)];
  return wrist && knuckle && between(wrist, knuckle, 0.65);
}

/** To micrometres and thousandths of a pixel, as the simulator writes them. */
function rounded(point: Vec3): [number, number, number] {
  return point.map((value) => Math.round(value * 1000) / 1000) as [number, number, number];
}

/** A path without its extension as the id of a sample: what some system cannot have in a file's name becomes `_`. */
function idOf(file: string): string {
  return file
    .replace(/\.[^./]+$/, '')
    .split('/')
    .map((part) => part.replace(/[<>:"|?*\\]|\p{Cc}/gu, '_').replace(/^\.+|[. ]+$/g, '_') || '_')
    .join('/');
}
