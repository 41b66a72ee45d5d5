/** An interval of angles, degrees. */
export type Degrees = readonly [low: number, high: number];

/**
 * How a person sits before a camera: ranges of pose and gaze, degrees, as the options of the same names define them,
 * and of the distance from the camera to the eye, mm; and how blurred the eye is there, as a fraction of the picture's width.
 */
export interface Viewpoint {
  readonly gazePitch: Degrees;
  readonly gazeYaw: Degrees;
  readonly headPitch: Degrees;
  readonly headYaw: Degrees;
  readonly headRoll: Degrees;
  readonly distance: readonly [near: number, far: number];
  readonly blur: readonly [sharp: number, blurred: number];
}

/** What the option `camera` can name. */
export const cameraNames = ['any', 'laptop', 'monitor', 'phone'] as const;
type CameraName = (typeof cameraNames)[number];

/**
 * Screens hang below their camera, so that whoever reads looks down: a target 250 mm below a camera 550 mm away is
 * 24 degrees down. A phone is held below the face, which it sees from underneath.
 */
const viewpoints: Readonly<Record<CameraName, Viewpoint>> = {
  any: {
    gazePitch: [-25, 20],
    gazeYaw: [-30, 30],
    headPitch: [-15, 15],
    headYaw: [-25, 25],
    headRoll: [-6, 6],
    distance: [300, 650],
    blur: [0, 0],
  },
  laptop: {
    gazePitch: [-25, 3],
    gazeYaw: [-20, 20],
    headPitch: [-5, 5],
    headYaw: [-10, 10],
    headRoll: [-5, 5],
    distance: [400, 700],
    blur: [0.015, 0.05],
  },
  monitor: {
    gazePitch: [-28, 3],
    gazeYaw: [-28, 28],
    headPitch: [-12, 5],
    headYaw: [-18, 18],
    headRoll: [-5, 5],
    distance: [500, 900],
    blur: [0.015, 0.05],
  },
  phone: {
    gazePitch: [-28, 5],
    gazeYaw: [-12, 12],
    headPitch: [-5, 20],
    headYaw: [-15, 15],
    headRoll: [-10, 10],
    distance: [220, 450],
    blur: [0, 0.02],
  },
};

/** The options that say how a person sits before a camera. */
type ViewpointOptions = { readonly camera: CameraName } & {
  readonly [Range in Exclude<keyof Viewpoint, 'distance'>]?: Viewpoint[Range] | undefined;
};

/** The viewpoint of the named camera, with the ranges that the options give in its place. */
export function viewpointOf(options: ViewpointOptions): Viewpoint {
  const named = viewpoints[options.camera];
  return {
    gazePitch: options.gazePitch ?? named.gazePitch,
    gazeYaw: options.gazeYaw ?? named.gazeYaw,
    headPitch: options.headPitch ?? named.headPitch,
    headYaw: options.headYaw ?? named.headYaw,
    headRoll: options.headRoll ?? named.headRoll,
    distance: named.distance,
    blur: options.blur ?? named.blur,
  };
}
