import type { Signals } from '@simgan/core/monitoring';
import { z } from 'zod';
import { readSteps } from '../files/step-log.ts';

const share = z.number();
const signals = z.object({
  step: z.int().min(1),
  moved: z.number(),
  gradientCorrelation: z.number(),
  fixedPattern: share,
  border: z.number(),
  diversity: z.number(),
  detail: z.number(),
  distance: z.number(),
  distanceBefore: z.number(),
  distanceControl: z.number(),
  lambda: z.number(),
  regularization: z.number(),
  discriminatorLoss: z.number(),
  accuracyOnRefined: share,
  accuracyOnReal: share,
  accuracyOnHeldOut: share.optional(),
  labels: z
    .object({
      unit: z.string().max(100),
      median: z.number(),
      p95: z.number(),
      lost: share,
      found: z.int().min(0),
    })
    .optional(),
  use: z
    .object({
      verdict: z.enum(['better', 'no different', 'worse', 'refused']),
      score: z.number(),
      raw: z.number(),
      noise: z.number(),
      reason: z.string().max(10_000),
    })
    .optional(),
});

/**
 * The looks at a training that its folder's `looks.jsonl` holds, the earliest first; none if there is no such file. A
 * last line that is cut off is left out.
 *
 * @throws SimganError INVALID_FILE naming the line that is no look.
 */
export function readLooks(file: string): Promise<Signals[]> {
  return readSteps<Signals>(file, signals, 'a look at a training');
}
