import { createHash } from 'node:crypto';
import { type Dataset, type RealImage, spreadItems } from '@simgan/core';
import type { Job } from './job.ts';

/** Pictures that are looked at, spread over the set. */
const LOOKED_AT = 128;
/** From this share of them a set is said to have copies, or pictures without content. */
const MANY = 0.25;

/**
 * Warns of real pictures that a discriminator knows by heart at once: copies of each other, and pictures of one value, as a
 * lens cap or a failed conversion makes them.
 */
export async function warnOfSameness(real: Dataset<RealImage>, job: Job): Promise<void> {
  const seen = new Set<string>();
  let looked = 0;
  let flat = 0;
  for await (const { image } of spreadItems(real, LOOKED_AT)) {
    const { data, channels } = image;
    looked += 1;
    if (data.every((value, i) => value === data[i % channels])) flat += 1;
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    seen.add(createHash('sha256').update(bytes).digest('hex'));
  }
  const of =
    looked < real.length ? `Of ${looked} real pictures that were looked at` : `Of ${looked} real pictures`;
  if (flat >= MANY * looked) {
    job.emit({
      type: 'warning',
      message: `${of}, ${flat} have one value everywhere: they show nothing, and refined pictures will be drawn towards it. Leave them out, or see whether \`real\` was converted correctly.`,
    });
  }
  const copies = looked - seen.size;
  if (copies >= MANY * looked && copies > 0) {
    const others = seen.size === 1 ? 'the one picture that is there' : `the ${seen.size} different ones`;
    job.emit({
      type: 'warning',
      message: `${of}, ${copies} are copies of others: the discriminator will know ${others} by heart. Add other pictures, or train for fewer steps.`,
    });
  }
}
