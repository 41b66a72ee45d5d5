import { mapDataset } from '../dataset.ts';
import { carryLabels, type LabelGeometry } from '../geometry/labels.ts';
import { moveCompanions } from '../geometry/move-companions.ts';
import { affineMap, type PictureMap } from '../geometry/picture-map.ts';
import { resampleBy } from '../geometry/resample-by.ts';
import type { Size } from '../image.ts';
import { grayOf } from '../measures/gray.ts';
import type { Sample } from '../sample.ts';
import { type Framing, framingFigures, framingOf } from './framing.ts';
import { contentOf } from './ground.ts';
import { type LabelLimits, labelLimits } from './label-limits.ts';
import type { FramingPlan } from './plan-framing.ts';
import type { RandomizedDomain } from './randomize.ts';
import type { Treatment } from './treatment.ts';

/** A picture's content is scaled by no more than this, and by no less than its inverse. */
const MOST_SCALE = 3;

/**
 * Gives synthetic pictures the framing of the real ones: the content of each is scaled along both axes, moved and
 * slanted, so that mean and spread of all five over the set are the real set's. A picture keeps its rank within its set
 * (a thin digit stays thinner than others), and no real picture is copied. Annotations are carried along; slant is left
 * out where they cannot follow it.
 *
 * @param plan - see {@link planFraming}.
 * @example
 * const { plan } = await planFraming({ synthetic, real, image });
 * const framed = plan ? frame(plugin, plan).treat(synthetic) : synthetic;
 */
export function frame({ image, annotation }: RandomizedDomain, plan: FramingPlan): Treatment {
  const geometry = annotation.geometry as LabelGeometry<unknown>;
  const limits = labelLimits(geometry);
  const treatOne = <Annotation>(sample: Sample<Annotation>): Sample<Annotation> => {
    const size = { width: sample.image.width, height: sample.image.height };
    const framing = framingOf(contentOf(grayOf(sample.image, image), plan.ground), size);
    if (!framing || !limits.moves) return sample;
    const map = mapBetween(framing, framingGoal(framing, plan), size, limits);
    return {
      ...sample,
      image: resampleBy(sample.image, map),
      annotation: carryLabels<unknown>(map, sample.annotation, geometry) as Annotation,
      ...moveCompanions(sample, map),
    };
  };
  return {
    name: 'framed',
    describe() {
      if (!limits.moves) return 'nothing: pictures that have companions stay where they are';
      const { synthetic, real } = plan;
      const times = (figure: 'width' | 'height') =>
        Math.exp(real[figure].mean - synthetic[figure].mean).toFixed(2);
      const slant = limits.bends ? `, slant ${(real.slant.mean - synthetic.slant.mean).toFixed(2)}` : '';
      const place = (figure: 'x' | 'y') => (100 * (real[figure].mean - synthetic[figure].mean)).toFixed(1);
      return `content on average ${times('width')} times as wide and ${times('height')} times as high, moved by ${place('x')}% and ${place('y')}%${slant}`;
    },
    apply: treatOne,
    treat: (samples) => mapDataset(samples, treatOne),
  };
}

/** The framing of the same rank in the real set. */
function framingGoal(framing: Framing, { synthetic, real }: FramingPlan): Framing {
  const goal = framingFigures.map((figure) => {
    const [from, to] = [synthetic[figure], real[figure]];
    // A set without any spread gets none: what differs by rounding alone is not spread out.
    const spread = from.std > 1e-3 ? to.std / from.std : 0;
    return [figure, to.mean + spread * (framing[figure] - from.mean)];
  });
  return Object.fromEntries(goal) as unknown as Framing;
}

function mapBetween(from: Framing, to: Framing, size: Size, { bends }: LabelLimits): PictureMap {
  const within = (log: number) =>
    Math.exp(Math.min(1, Math.max(-1, log / Math.log(MOST_SCALE))) * Math.log(MOST_SCALE));
  const scale = [within(to.width - from.width), within(to.height - from.height)] as const;
  // First the old slant is taken out, then the axes are scaled, then the new slant is put in.
  const shear = bends ? to.slant - (scale[0] * from.slant) / scale[1] : 0;
  const center = [from.x * size.width, from.y * size.height] as const;
  const shift = [(to.x - from.x) * size.width, (to.y - from.y) * size.height] as const;
  return affineMap(size, { scale, shear, center, shift });
}
