import { type Dataset, spreadItems } from '../dataset.ts';
import type { SizedForm } from '../image.ts';
import { grayOf } from '../measures/gray.ts';
import type { RealImage } from '../sample.ts';
import { framingFigures, framingOf, type SetFraming, setFraming } from './framing.ts';
import { contentOf, groundOf } from './ground.ts';

/** How the framing of a synthetic set becomes that of the real one. Plain JSON. */
export interface FramingPlan {
  /** The brightness of the synthetic pictures' ground, 0 to 1. */
  readonly ground: number;
  readonly synthetic: SetFraming;
  readonly real: SetFraming;
}

/** A plan, or why there is none, as a clause. */
export type PlannedFraming =
  | { readonly plan: FramingPlan; readonly reason: string }
  | { readonly plan?: undefined; readonly reason: string };

/** How many pictures of each set are measured. */
const PICTURES = 400;

/** A set of which fewer pictures have a framing says nothing about the others. */
const LEAST_FRAMED = 0.8;

/** What counts as a difference: in the place and the slant, in logarithms of sizes, and in their spread over a set. */
const DIFFERENT = { x: 0.02, y: 0.02, width: 0.05, height: 0.05, slant: 0.05 } as const;

/**
 * Measures how the content of both sets fills its pictures: scale along both axes, place and slant, by the second
 * moments of what stands on a plain ground. Where there is no such ground, as in photographs, there is no plan.
 */
export async function planFraming({
  synthetic,
  real,
  image,
}: {
  readonly synthetic: Dataset<RealImage>;
  readonly real: Dataset<RealImage>;
  readonly image: SizedForm;
}): Promise<PlannedFraming> {
  const sets = { synthetic: await measureSet(synthetic, image), real: await measureSet(real, image) };
  for (const [name, set] of Object.entries(sets)) {
    if (!set) {
      return { reason: `the content of the ${name} pictures does not stand on a plain ground` };
    }
  }
  const [from, to] = [sets.synthetic!, sets.real!];
  const differing = framingFigures.filter((figure) => {
    const [before, goal] = [from.framing[figure], to.framing[figure]];
    return Math.max(Math.abs(before.mean - goal.mean), Math.abs(before.std - goal.std)) > DIFFERENT[figure];
  });
  if (differing.length === 0) return { reason: 'both sets are framed alike' };
  const figure = (name: (typeof framingFigures)[number]) => {
    const shown = ({ mean, std }: { mean: number; std: number }) =>
      name === 'width' || name === 'height'
        ? `${(100 * Math.exp(mean)).toFixed(1)}% × ${Math.exp(std).toFixed(2)}^±1`
        : `${mean.toFixed(2)} ± ${std.toFixed(2)}`;
    return `${name} ${shown(from.framing[name])} against ${shown(to.framing[name])}`;
  };
  return {
    plan: { ground: from.ground, synthetic: from.framing, real: to.framing },
    reason: `synthetic against real: ${differing.map(figure).join(', ')}`,
  };
}

async function measureSet(
  set: Dataset<RealImage>,
  image: SizedForm,
): Promise<{ ground: number; framing: SetFraming } | undefined> {
  const pictures: Float64Array[] = [];
  for await (const item of spreadItems(set, PICTURES)) pictures.push(grayOf(item.image, image));
  const ground = groundOf(pictures, image);
  if (ground === undefined) return undefined;
  const framings = pictures.flatMap((picture) => framingOf(contentOf(picture, ground), image) ?? []);
  if (framings.length < LEAST_FRAMED * pictures.length) return undefined;
  return { ground, framing: setFraming(framings) };
}
