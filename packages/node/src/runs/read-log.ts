import { existsSync } from 'node:fs';
import { SimganError, type TrainStep } from '@simgan/core';
import { z } from 'zod';
import { readLines } from '../files/read-lines.ts';

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
export async function readLog(file: string): Promise<TrainStep[]> {
  const steps: TrainStep[] = [];
  if (!existsSync(file)) return steps;
  for await (const line of readLines(file)) {
    if (!line.isEnded) break;
    const problem = 'problem' in line ? line.problem : read(line.text, steps);
    if (problem === undefined) continue;
    throw new SimganError(
      'INVALID_FILE',
      `${file}, line ${line.number} is not a step of a training. ${problem} Restore the file from a copy, or resume the run.`,
    );
  }
  return steps;
}

function read(text: string, steps: TrainStep[]): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return 'It is not JSON.';
  }
  const parsed = trainStep.safeParse(value);
  if (parsed.success) {
    steps.push(parsed.data);
    return undefined;
  }
  const [{ path, message }] = parsed.error.issues as [z.core.$ZodIssue];
  return `${path.join('.') || 'It'}: ${message}.`;
}
