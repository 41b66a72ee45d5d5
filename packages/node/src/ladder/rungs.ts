/** @file The rungs of the ladder: what may be done to synthetic pictures, from the least to the most. */
import { SimganError } from '@simgan/core';
import { suggestion } from '@simgan/core/plugin';

/** What each rung does, as text for people, in the order in which they are tried. */
export const rungs = {
  randomized: 'classic augmentation, labels carried along',
  framed: "scale, place and slant of the real set's content",
  grounded: 'parts of real pictures behind what stands on a plain ground',
  camera: "the real camera's blur, noise and JPEG",
  lit: 'shading, sharpness and tone of the real set as well',
  refined: 'a trained refiner that changes pixels',
  warped: 'a trained refiner that moves things first, labels carried along',
  'pseudo-labeled': 'real pictures as well, with the labels that networks read from them',
} as const;

/** The name of a rung. */
export type RungName = keyof typeof rungs;

/** The names in the order in which rungs are tried. */
export const rungNames = Object.keys(rungs) as readonly RungName[];

/** Rungs of which the higher replaces the lower. */
const alternatives: readonly (readonly RungName[])[] = [
  ['camera', 'lit'],
  ['refined', 'warped'],
];

/**
 * What is done to synthetic pictures: `auto`, what is judged useful; `raw`, nothing; rungs by name; or what some
 * earlier comparison recommended.
 */
export type Treat = 'auto' | 'raw' | RungName | readonly RungName[];

/** Whether two rungs exclude each other. */
export function areAlternatives(one: RungName, other: RungName): boolean {
  return one !== other && alternatives.some((group) => group.includes(one) && group.includes(other));
}

/** Some rungs and one more, which replaces its alternative, in order. */
export function withRung(standing: readonly RungName[], name: RungName): RungName[] {
  const kept = standing.filter((other) => other !== name && !areAlternatives(other, name));
  return rungNames.filter((rung) => rung === name || kept.includes(rung));
}

/** Whether a rung trains a refiner. */
export function isLearned(name: RungName): name is 'refined' | 'warped' {
  return name === 'refined' || name === 'warped';
}

/** Whether a choice may end in training a refiner. */
export function trainsRefiner(treat: Treat = 'auto'): boolean {
  const names = rungsOf(treat);
  return names === 'auto' || names.some(isLearned);
}

/** The rungs in the order in which they are tried; those of one batch are judged together. */
export const rungBatches: readonly (readonly RungName[])[] = [
  rungNames.filter((name) => !isLearned(name) && name !== 'pseudo-labeled'),
  rungNames.filter(isLearned),
  // Networks label real pictures by what stands at the end.
  ['pseudo-labeled'],
];

/** The rungs that a choice names, in order; `auto` as it is. @throws SimganError INVALID_ARGUMENT if it cannot be. */
export function rungsOf(treat: Treat): readonly RungName[] | 'auto' {
  if (treat === 'auto') return treat;
  const names = treat === 'raw' ? [] : typeof treat === 'string' ? [treat] : treat;
  const problems = names.flatMap((name) =>
    rungNames.includes(name)
      ? []
      : [
          `\`treat\`: there is no treatment ${JSON.stringify(name)}; use auto, raw, or ${rungNames.join(', ')}.${suggestion(name, [...rungNames, 'auto', 'raw'])}`,
        ],
  );
  for (const [index, name] of names.entries()) {
    for (const other of names.slice(index + 1)) {
      if (name === other) problems.push(`\`treat\`: ${name} is given more than once.`);
      if (areAlternatives(name, other)) problems.push(`\`treat\`: ${name} and ${other} exclude each other.`);
    }
  }
  if (problems.length > 0) throw new SimganError('INVALID_ARGUMENT', problems.join(' '), { problems });
  return rungNames.filter((name) => names.includes(name));
}

/** `raw`, or the rungs with commas: as `treat` is written on a command line. */
export function treatText(names: readonly RungName[]): string {
  return names.length === 0 ? 'raw' : names.join(',');
}

/** The inverse of {@link treatText}. @throws SimganError INVALID_ARGUMENT if the text names something else. */
export function parseTreat(text: string): Treat {
  const names = text.split(',').map((name) => name.trim());
  if (names.length === 1 && (names[0] === 'auto' || names[0] === 'raw')) return names[0];
  return rungsOf(names as RungName[]);
}
