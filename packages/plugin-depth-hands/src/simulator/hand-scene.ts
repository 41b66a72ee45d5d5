import type { Rng } from '@simgan/core';
import { type CompleteHandAnnotation, PALM_CENTER } from '../annotation.ts';
import { cropAround, project, toCrop, unproject } from '../camera.ts';
import type { HandCrop } from '../camera-frame.ts';
import { fleshOn } from './flesh.ts';
import { along, dot, type Frame, subtract, type Vec3 } from './geometry.ts';
import { occludedJoints } from './occlusion.ts';
import type { HandSceneOptions } from './options.ts';
import { randomPose } from './pose.ts';
import { withoutSelfPenetration } from './self-contact.ts';
import { randomShape } from './shape.ts';
import { articulate, jointPositions } from './skeleton.ts';
import { HandSurface } from './surface.ts';
import { randomOrientation } from './view.ts';

/** A hand in front of a camera. */
export interface HandScene {
  readonly surface: HandSurface;
  readonly annotation: CompleteHandAnnotation;
}

/** Places a random person's hand in a random pose in front of the camera and crops the cube about its palm. */
export function randomScene(rng: Rng, options: HandSceneOptions): HandScene {
  const shape = randomShape(rng.fork('shape'));
  const pose = withoutSelfPenetration(shape, randomPose(rng.fork('pose'), options.closure, options.gestures));
  const skeleton = articulate(shape, pose);
  const joints = jointPositions(skeleton, shape);

  const place = rng.fork('view');
  const side = options.side === 'both' ? (place.next() < 0.5 ? 'left' : 'right') : options.side;
  const orientation = randomOrientation(place, options.view);
  const center = randomCenter(place, options);
  const palm = joints[PALM_CENTER]!;
  const toCamera = (point: Vec3) => seen(subtract(point, palm), side, orientation, center);

  const [shortest, longest] = options.forearm;
  const forearm = shortest + (longest - shortest) * rng.fork('forearm').next();
  const cones = fleshOn(skeleton, shape, forearm).map((cone) => ({
    ...cone,
    from: toCamera(cone.from),
    to: toCamera(cone.to),
  }));
  const surface = new HandSurface(cones);
  // A detector does not find the palm to the millimeter either.
  const found: Vec3 = [center[0] + offset(place), center[1] + offset(place), center[2] + offset(place)];
  const crop = cropAround(found, options.camera, options);
  return { surface, annotation: annotate(joints.map(toCamera), side, surface, crop, options) };
}

function annotate(
  joints: readonly Vec3[],
  side: 'left' | 'right',
  surface: HandSurface,
  crop: HandCrop,
  { camera, size }: HandSceneOptions,
): CompleteHandAnnotation {
  const xyz = joints.map(rounded);
  const uvd = xyz.map((joint) => rounded(toCrop(project(joint, camera), crop)));
  return {
    side,
    joints: { uvd, xyz, occluded: occludedJoints(surface, xyz, uvd, { crop, camera, size }) },
    camera: { ...camera },
    crop,
  };
}

/** A point of the hand relative to its palm, in the camera frame: x right, y up, z away from the camera. */
function seen([x, y, z]: Vec3, side: 'left' | 'right', orientation: Frame, center: Vec3): Vec3 {
  // A left hand is a right hand's mirror image.
  const own: Vec3 = [side === 'right' ? x : -x, y, z];
  const viewed = (axis: 0 | 1 | 2) =>
    dot([orientation.x[axis], orientation.y[axis], orientation.z[axis]], own);
  return along(center, [viewed(0), viewed(1), -viewed(2)], 1);
}

/** A random place of the palm such that the whole cube lies within the frame, where it fits. */
function randomCenter(rng: Rng, { distance, camera, cube }: HandSceneOptions): Vec3 {
  const [nearest, farthest] = distance;
  const d = nearest + (farthest - nearest) * rng.next();
  const within = (length: number, window: number) => {
    const room = Math.max(0, length - window);
    return (length - room) / 2 + room * rng.next();
  };
  const u = within(camera.width, (cube * camera.fx) / d);
  const v = within(camera.height, (cube * camera.fy) / d);
  return unproject([u, v, d], camera);
}

function offset(rng: Rng): number {
  return Math.min(5, Math.max(-5, 2.5 * rng.normal()));
}

/** To micrometers and thousandths of a pixel, before anything is computed from it, so that files hold it exactly. */
function rounded([a, b, c]: Vec3): [number, number, number] {
  return [Math.round(a * 1000) / 1000, Math.round(b * 1000) / 1000, Math.round(c * 1000) / 1000];
}
