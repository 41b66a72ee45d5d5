import { type Dataset, spreadItems } from '../dataset.ts';
import type { SizedForm } from '../image.ts';
import { grayOf } from '../measures/gray.ts';
import type { RealImage, Sample } from '../sample.ts';
import { mean, quantile, std } from '../statistics.ts';
import type { EstimatorAnswer } from './estimator-answer.ts';

/** The contrast of the synthetic pictures with one label, beside that of real pictures. Shares of the range. */
export interface GroupContrast {
  /** The class, or a third of a quantity: `pitch, lowest third`. */
  readonly group: string;
  /** Mean std of the pictures of the group. */
  readonly contrast: number;
  /** Between these are nine tenths of all real pictures. */
  readonly low: number;
  readonly high: number;
}

/** Groups of fewer pictures say nothing. */
const FEWEST = 10;

/**
 * The contrast of synthetic pictures by their labels: classes, or thirds of each quantity. A group whose contrast
 * hardly any real picture has was drawn without something that real pictures of it show.
 *
 * @param limit - the number of pictures of each set that are measured. Default: 400.
 */
export async function contrastByGroup<Annotation>(
  synthetic: Dataset<Sample<Annotation>>,
  real: Dataset<RealImage>,
  { image, answer, limit = 400 }: { image: SizedForm; answer: EstimatorAnswer<Annotation>; limit?: number },
): Promise<GroupContrast[]> {
  const contrasts: number[] = [];
  for await (const item of spreadItems(real, limit)) contrasts.push(std(grayOf(item.image, image)));
  if (contrasts.length < FEWEST) return [];
  const [low, high] = [quantile(contrasts, 0.05), quantile(contrasts, 0.95)];
  const samples: { contrast: number; annotation: Annotation }[] = [];
  for await (const sample of spreadItems(synthetic, limit)) {
    samples.push({ contrast: std(grayOf(sample.image, image)), annotation: sample.annotation });
  }
  return groupsOf(
    samples.map(({ annotation }) => annotation),
    answer,
  ).flatMap(({ group, members }) =>
    members.length < FEWEST
      ? []
      : [{ group, contrast: mean(members.map((index) => samples[index]!.contrast)), low, high }],
  );
}

/** Groups of annotations by their indices; points are no labels of what a picture shows. */
function groupsOf<Annotation>(
  annotations: readonly Annotation[],
  answer: EstimatorAnswer<Annotation>,
): { group: string; members: number[] }[] {
  if (answer.kind === 'points') return [];
  if (answer.kind === 'class') {
    return answer.classes.map((group, wanted) => ({
      group: JSON.stringify(group),
      members: annotations.flatMap((annotation, index) =>
        answer.truth(annotation) === wanted ? [index] : [],
      ),
    }));
  }
  return answer.names.flatMap((name, place) => {
    const known = annotations.flatMap((annotation, index) => {
      const value = answer.truth(annotation)?.[place];
      return value === undefined ? [] : [{ index, value }];
    });
    known.sort((a, b) => a.value - b.value);
    const third = known.length / 3;
    return ['lowest', 'middle', 'highest'].map((part, n) => ({
      group: `${name}, ${part} third`,
      members: known.slice(Math.round(n * third), Math.round((n + 1) * third)).map(({ index }) => index),
    }));
  });
}
