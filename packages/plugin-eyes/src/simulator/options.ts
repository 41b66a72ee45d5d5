import { SimganError } from '@simgan/core';

/** Lowest and highest, degrees. */
export type Degrees = readonly [low: number, high: number];

/** What the eye simulator and the stand-in camera may be told; everything has a default. */
export interface EyeSimulatorOptions {
  /** Of the pictures, pixels. Default 55 x 35, the paper's. */
  readonly width?: number;
  readonly height?: number;
  /** `true`: RGB. Default: grey. */
  readonly color?: boolean;
  /** Pitch of the gaze against the head, degrees, positive upwards. Default [-20, 20]; at most 30 either way. */
  readonly gazePitch?: Degrees;
  /** Yaw of the gaze against the head, degrees, positive to the picture's left. Default [-30, 30]; at most 40 either way. */
  readonly gazeYaw?: Degrees;
  /** Pitch of the head against the camera, degrees. Default [-15, 15]; at most 30 either way. */
  readonly headPitch?: Degrees;
  /** Yaw of the head against the camera, degrees. Default [-25, 25]; at most 40 either way. */
  readonly headYaw?: Degrees;
  /** Roll of the head, degrees. Default [-6, 6]; at most 45 either way. */
  readonly headRoll?: Degrees;
  /** Share of eyes that are closed. Default 0.03. */
  readonly closedRate?: number;
  /** Share of eyes caught within a blink. Default 0.05. */
  readonly blinkRate?: number;
}

/** The options with every default filled in. */
export type EyeOptions = Required<EyeSimulatorOptions>;

const limits = { gazePitch: 30, gazeYaw: 40, headPitch: 30, headYaw: 40, headRoll: 45 } as const;

/** @throws SimganError INVALID_ARGUMENT naming every option that is out of bounds. */
export function completeOptions(options: EyeSimulatorOptions): EyeOptions {
  const complete: EyeOptions = {
    width: 55,
    height: 35,
    color: false,
    gazePitch: [-20, 20],
    gazeYaw: [-30, 30],
    headPitch: [-15, 15],
    headYaw: [-25, 25],
    headRoll: [-6, 6],
    closedRate: 0.03,
    blinkRate: 0.05,
    ...options,
  };
  const problems: string[] = [];
  for (const side of ['width', 'height'] as const) {
    const length = complete[side];
    if (!Number.isInteger(length) || length < 8)
      problems.push(`${side} is ${length}, not a whole number of at least 8 pixels`);
  }
  for (const [name, limit] of Object.entries(limits) as [keyof typeof limits, number][]) {
    const [low, high] = complete[name];
    if (!(low >= -limit && low <= high && high <= limit))
      problems.push(`${name} is [${low}, ${high}], not a range within [-${limit}, ${limit}] degrees`);
  }
  for (const rate of ['closedRate', 'blinkRate'] as const) {
    const value = complete[rate];
    if (!(value >= 0 && value <= 1)) problems.push(`${rate} is ${value}, not a share between 0 and 1`);
  }
  if (problems.length > 0) {
    throw new SimganError(
      'INVALID_ARGUMENT',
      `The eye simulator cannot be made: ${problems.join('; ')}. Correct these options.`,
    );
  }
  return complete;
}
