import { mnistToUsps, uspsToMnist } from './digits.ts';
import { gazeStrips } from './gaze-strips.ts';
import { handsStandIn } from './hands-stand-in.ts';
import { openEyes } from './open-eyes.ts';
import { printToMnist, printToUsps } from './print-digits.ts';
import type { Task, TaskPlaces } from './task.ts';
import { texturedFashion } from './textured-fashion.ts';

// biome-ignore lint/suspicious/noExplicitAny: each task has an annotation of its own, which only the task itself reads
export type AnyTask = Task<any>;

/** Opens tasks by name: reads their pictures. */
export const tasks = {
  'print-mnist': printToMnist,
  'print-usps': printToUsps,
  'mnist-usps': ({ data }) => mnistToUsps(data),
  'usps-mnist': ({ data }) => uspsToMnist(data),
  'fashion-textured': texturedFashion,
  'open-eyes': ({ data }) => openEyes(data),
  'gaze-strips': ({ data }) => gazeStrips(data),
  'gaze-strips-any': ({ data }) => gazeStrips(data, 'any'),
  hands: () => handsStandIn(),
} as const satisfies Readonly<Record<string, (places: TaskPlaces) => Promise<AnyTask>>>;

export { defaultPlaces, type Task, type TaskPlaces } from './task.ts';
