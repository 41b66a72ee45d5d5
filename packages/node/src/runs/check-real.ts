import { createHash } from 'node:crypto';
import { type Dataset, type Image, type RealImage, spreadItems } from '@simgan/core';
import type { Job } from './job.ts';
import type { OpenSources } from './sources.ts';

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
    seen.add(digestOf(image));
  }
  const of = ofLooked(looked, real.length);
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

/**
 * Warns where real pictures are synthetic ones, as when one folder is given twice: nothing can be learned from them. What
 * a simulator or a renderer has yet to draw is in no folder.
 */
export async function warnOfCopies({ synthetic, real }: OpenSources, job: Job): Promise<void> {
  const isDrawn = synthetic.origin === 'simulator' || synthetic.origin.startsWith('renderer ');
  if (real.isStandIn || isDrawn) return;
  const drawn = new Set<string>();
  for await (const { image } of spreadItems(synthetic.training, LOOKED_AT)) drawn.add(digestOf(image));
  let looked = 0;
  let copies = 0;
  for await (const { image } of spreadItems(real.images, LOOKED_AT)) {
    looked += 1;
    if (drawn.has(digestOf(image))) copies += 1;
  }
  if (copies < MANY * looked || copies === 0) return;
  job.emit({
    type: 'warning',
    message: `${ofLooked(looked, real.images.length)}, ${copies} are synthetic pictures, value by value: a refiner learns nothing from them, and no figure against them says anything. See whether \`real\` names the folder that you mean.`,
  });
}

function ofLooked(looked: number, count: number): string {
  return looked < count ? `Of ${looked} real pictures that were looked at` : `Of ${looked} real pictures`;
}

function digestOf({ width, height, data }: Image): string {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return createHash('sha256').update(`${width}x${height} `).update(bytes).digest('hex');
}
