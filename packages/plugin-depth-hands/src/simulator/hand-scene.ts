import { type Rng, SimganError } from '@simgan/core';
import {
  type CameraIntrinsics,
  type CompleteHandAnnotation,
  type HandCrop,
  PALM_CENTRE,
} from '../annotation.ts';
import { cropAround, NYU_KINECT, project, toCrop, unproject } from '../camera.ts';
import { handImage } from '../hand-image.ts';
import { fleshOn, WHOLE_FOREARM_MM } from './flesh.ts';
import { along, dot, type Frame, subtract, type Vec3 } from './geometry.ts';
import { occludedJoints } from './occlusion.ts';
import { randomPose } from './pose.ts';
import { withoutSelfPenetration } from './self-contact.ts';
import { randomShape } from './shape.ts';
import { articulate, jointPositions } from './skeleton.ts';
import { HandSurface } from './surface.ts';
import { type HandView, randomOrientation } from './view.ts';

/** What hands are simulated and how they are seen. */
export interface HandSimulatorOptions {
  /** Pixels along a side of the picture; 224 unless given. */
  readonly size?: number;
  /** Edge of the cube about the hand in mm, a whole number; 300 unless given. */
  readonly cube?: number;
  /** The NYU dataset's Kinect unless given. */
  readonly camera?: CameraIntrinsics;
  /** How far from the camera the palm is, in mm, at least 450; 550 to 950 unless given. */
  readonly distance?: readonly [nearest: number, farthest: number];
  /** `both`, half and half, unless given. */
  readonly side?: 'left' | 'right' | 'both';
  /** `facing` unless given. */
  readonly view?: HandView;
  /**
   * How closed hands are, from 0, open, to 1, a fist, where the real ones are only some of all; everything from open
   * hands to fists and the common gestures unless given.
   */
  readonly closure?: readonly [least: number, most: number] | undefined;
  /**
   * How much of the forearm is in sight, in mm beyond the wrist, where real pictures end at it; all that the cube holds
   * unless given.
   */
  readonly forearm?: readonly [shortest: number, longest: number];
}

/** Less would be no forearm. */
const SHORTEST_FOREARM_MM = 5;

/** A hand before a camera. */
export interface HandScene {
  readonly surface: HandSurface;
  readonly annotation: CompleteHandAnnotation;
}

/** The options with their defaults, checked. */
export type ResolvedHandOptions = Required<HandSimulatorOptions>;

/** @throws SimganError INVALID_ARGUMENT naming the option that cannot be used. */
export function resolveHandOptions(options: HandSimulatorOptions): ResolvedHandOptions {
  const resolved = {
    size: 224,
    cube: 300,
    camera: NYU_KINECT,
    distance: [550, 950],
    side: 'both',
    view: 'facing',
    closure: undefined,
    forearm: [WHOLE_FOREARM_MM, WHOLE_FOREARM_MM],
    ...options,
  } as const;
  handImage(resolved.size, resolved.cube);
  const [nearest, farthest] = resolved.distance;
  if (!(nearest >= 450 && farthest >= nearest)) {
    throw new SimganError(
      'INVALID_ARGUMENT',
      `Hands cannot be ${nearest} to ${farthest} mm away: give a distance of at least 450 mm, the nearer first, so that the forearm stays before the camera.`,
    );
  }
  const [least, most] = resolved.closure ?? [0, 1];
  if (!(least >= 0 && most >= least && most <= 1)) {
    throw new SimganError(
      'INVALID_ARGUMENT',
      `Hands cannot be closed by ${least} to ${most}: give shares from 0, open, to 1, a fist, the smaller first.`,
    );
  }
  const [shortest, longest] = resolved.forearm;
  if (!(shortest >= SHORTEST_FOREARM_MM && longest >= shortest && longest <= WHOLE_FOREARM_MM)) {
    throw new SimganError(
      'INVALID_ARGUMENT',
      `A forearm cannot be ${shortest} to ${longest} mm long: give lengths from ${SHORTEST_FOREARM_MM} to ${WHOLE_FOREARM_MM} mm, the shorter first.`,
    );
  }
  return resolved;
}

/** Puts a random person's hand in a random pose before the camera and cuts the cube about its palm. */
export function randomScene(rng: Rng, options: ResolvedHandOptions): HandScene {
  const shape = randomShape(rng.fork('shape'));
  const pose = withoutSelfPenetration(shape, randomPose(rng.fork('pose'), options.closure));
  const skeleton = articulate(shape, pose);
  const joints = jointPositions(skeleton, shape);

  const place = rng.fork('view');
  const side = options.side === 'both' ? (place.next() < 0.5 ? 'left' : 'right') : options.side;
  const orientation = randomOrientation(place, options.view);
  const centre = randomCentre(place, options);
  const palm = joints[PALM_CENTRE]!;
  const toCamera = (point: Vec3) => seen(subtract(point, palm), side, orientation, centre);

  const [shortest, longest] = options.forearm;
  const forearm = shortest + (longest - shortest) * rng.fork('forearm').next();
  const cones = fleshOn(skeleton, shape, forearm).map((cone) => ({
    ...cone,
    from: toCamera(cone.from),
    to: toCamera(cone.to),
  }));
  const surface = new HandSurface(cones);
  // A detector does not find the palm to the millimetre.
  const found: Vec3 = [centre[0] + offset(place), centre[1] + offset(place), centre[2] + offset(place)];
  const crop = cropAround(found, options.camera, options);
  return { surface, annotation: annotate(joints.map(toCamera), side, surface, crop, options) };
}

function annotate(
  joints: readonly Vec3[],
  side: 'left' | 'right',
  surface: HandSurface,
  crop: HandCrop,
  { camera, size }: ResolvedHandOptions,
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

/** A point of the hand relative to its palm, before the camera: x right, y up, z away from it. */
function seen([x, y, z]: Vec3, side: 'left' | 'right', orientation: Frame, centre: Vec3): Vec3 {
  // A left hand is a right hand's mirror image.
  const own: Vec3 = [side === 'right' ? x : -x, y, z];
  const viewed = (axis: 0 | 1 | 2) =>
    dot([orientation.x[axis], orientation.y[axis], orientation.z[axis]], own);
  return along(centre, [viewed(0), viewed(1), -viewed(2)], 1);
}

/** Where the palm is: so that the whole cube lies within the frame, where it fits. */
function randomCentre(rng: Rng, { distance, camera, cube }: ResolvedHandOptions): Vec3 {
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

/** To micrometres and thousandths of a pixel: what is written is what was computed with. */
function rounded([a, b, c]: Vec3): [number, number, number] {
  return [Math.round(a * 1000) / 1000, Math.round(b * 1000) / 1000, Math.round(c * 1000) / 1000];
}
