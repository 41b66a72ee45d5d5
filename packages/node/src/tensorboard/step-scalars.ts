import type { TrainStep } from '@simgan/core';

/**
 * The numbers of a step by TensorBoard's tags, such as `refiner/adversarial`. The warm-up of the refiner continues the
 * line of its regularizer.
 */
export function stepScalars({
  step: _,
  steps: __,
  phase: ___,
  ...report
}: TrainStep): Record<string, number> {
  const scalars: Record<string, number> = {};
  for (const [name, part] of Object.entries(report)) {
    if (typeof part === 'number') scalars[`refiner/${name}`] = part;
    else {
      for (const [loss, amount] of Object.entries<unknown>(part)) {
        if (typeof amount === 'number') scalars[`${name}/${loss}`] = amount;
      }
    }
  }
  return scalars;
}
