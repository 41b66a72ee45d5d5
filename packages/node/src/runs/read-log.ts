import type { TrainStep } from '@simgan/core';
import { z } from 'zod';
import { readSteps } from '../files/step-log.ts';

const at = { step: z.int().min(1), steps: z.int().min(1) };
const regularization = z.number();
const discriminator = z.looseObject({
  loss: z.number(),
  lossSum: z.number(),
  accuracyOnRefined: z.number(),
  accuracyOnReal: z.number(),
});
const refiner = z.looseObject({
  loss: z.number(),
  adversarial: z.number(),
  adversarialSum: z.number(),
  regularization,
  lambda: z.number(),
  displacement: z.number().optional(),
  displacementLambda: z.number().optional(),
});
const trainStep = z.discriminatedUnion('phase', [
  z.looseObject({ ...at, phase: z.literal('refiner warm-up'), regularization }),
  z.looseObject({ ...at, phase: z.literal('discriminator warm-up'), discriminator }),
  z.looseObject({ ...at, phase: z.literal('adversarial'), refiner, discriminator }),
]);

/**
 * The steps of a training's log; none if there is no log. A last line that is cut off is left out.
 *
 * @throws SimganError INVALID_FILE naming the line that is not a step.
 */
export function readLog(file: string): Promise<TrainStep[]> {
  return readSteps<TrainStep>(file, trainStep, 'a step of a training');
}
