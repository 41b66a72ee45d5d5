import { z } from 'zod';
import { NYU_KINECT } from '../camera.ts';
import { WHOLE_FOREARM_MM } from './flesh.ts';
import { GESTURE_SETS } from './gestures.ts';
import { HAND_VIEWS } from './view.ts';

/** The forearm of a nearer hand could reach behind the camera. */
const NEAREST_MM = 450;
/** Less would be no forearm. */
const SHORTEST_FOREARM_MM = 5;

const interval = (low: number, high: number, tooLow?: string) => {
  const bound = z.number().min(low, tooLow).max(high);
  return z
    .tuple([bound, bound])
    .refine(([least, most]) => least <= most, 'The smaller number must come first')
    .readonly();
};

/** No camera has a longer focal length, more pixels along a side or a principal point farther out, pixels. */
const MOST_PIXELS = 100_000;

const focal = z.number().min(1).max(MOST_PIXELS);
const place = z.number().min(-MOST_PIXELS).max(MOST_PIXELS);
const side = z.int().min(1).max(MOST_PIXELS);

/** A camera as an option. */
export const handCamera = z.strictObject({
  fx: focal,
  fy: focal,
  cx: place,
  cy: place,
  width: side,
  height: side,
});

/** Which hands are simulated, and how they are seen. */
export const handSimulatorOptions = z.object({
  size: z
    .int()
    .min(8)
    .max(1024)
    .default(224)
    .describe('Pixels along a side of the square picture, 8 to 1024. Default: 224.'),
  cube: z
    .int()
    .min(50)
    .max(2000)
    .default(300)
    .describe('Edge of the metric cube about the hand in whole mm, 50 to 2000. Default: 300.'),
  camera: handCamera
    .default(NYU_KINECT)
    .describe(
      "The camera: fx, fy, cx, cy, width and height in pixels, at most 100000. Default: the NYU dataset's Kinect.",
    ),
  distance: interval(
    NEAREST_MM,
    10_000,
    `It must be at least ${NEAREST_MM} mm, so that the forearm stays in front of the camera`,
  )
    .default([550, 950])
    .describe(
      'Nearest and farthest distance of the palm from the camera in mm, 450 to 10000. Default: [550,950].',
    ),
  side: z
    .enum(['left', 'right', 'both'])
    .default('both')
    .describe('Which hands; with both, they are equally frequent. Default: both.'),
  view: z
    .enum(HAND_VIEWS)
    .default('facing')
    .describe(
      'Orientation: facing a sensor, frontal as in signs, or any, uniform over all rotations. Default: facing.',
    ),
  closure: interval(0, 1)
    .optional()
    .describe(
      'Least and most closed hand, 0 (open) to 1 (a fist). By default all hands and common gestures are simulated.',
    ),
  gestures: z
    .enum(GESTURE_SETS)
    .default('common')
    .describe(
      'What hands show: common gestures and grasps, or letters of the American manual alphabet alone. Without effect where closure is given. Default: common.',
    ),
  forearm: interval(SHORTEST_FOREARM_MM, WHOLE_FOREARM_MM)
    .default([WHOLE_FOREARM_MM, WHOLE_FOREARM_MM])
    .describe(
      'Shortest and longest visible forearm in mm from the wrist, 5 to 280 (as far as the cube). Default: [280,280].',
    ),
  behind: z
    .enum(['nothing', 'person'])
    .default('nothing')
    .describe(
      'What stands behind the hand: nothing, or a wall and in two of five pictures the person, whose body may reach into the cube. Default: nothing.',
    ),
  measurement: z
    .enum(['exact', 'kinect'])
    .default('exact')
    .describe(
      'How depth is measured: exactly, or as by the first Kinect, with steps, noise, flying pixels, shadows and holes. Default: exact.',
    ),
});

/** Options of `handSimulator`. */
export type HandSimulatorOptions = z.input<typeof handSimulatorOptions>;

/** Options with their defaults filled in. */
export type ResolvedHandOptions = z.output<typeof handSimulatorOptions>;

/** Which hands there are, whatever stands behind them and measures them. */
export type HandSceneOptions = Omit<ResolvedHandOptions, 'behind' | 'measurement'>;
