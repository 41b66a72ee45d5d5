import type { LabelGeometry } from '../../geometry/labels.ts';
import type { ImageForm } from '../../image.ts';
import { summarize } from '../../statistics.ts';
import type { LabelPreservation, QuantityPreservation, RefinedPair } from '../label-preservation.ts';
import { displacementAt, type NoDisplacement } from './displacement.ts';
import { type LabelPlace, placesOf } from './places.ts';

/** Options for {@link measureDisplacements}. */
export interface DisplacementOptions<Annotation> {
  /** The geometry of the annotations, which says where labels are. */
  readonly geometry: LabelGeometry<NoInfer<Annotation>>;
  /** The range of the pictures' values, if it is not the full scale. */
  readonly image?: Pick<ImageForm, 'range'>;
  /** Places of one picture that are looked at, spread over all it has. Default: 64. */
  readonly placesPerPicture?: number;
}

/**
 * Measures how far refinement moved what is seen where the labels are, for annotations of any kind: each place is found
 * again in the refined picture by {@link displacementAt}. On the edge of a box or outline, what counts is the motion
 * across it.
 *
 * Quantities are `points`, `boxes` and `outlines`, as far as the annotations have them; counts are of places, not of
 * pictures. Nothing is measured against the annotation: only where the same content was before and is now. Where the
 * refiner moved things, what its labels moved by is subtracted for points, and edges of boxes and outlines are not
 * measured.
 *
 * @returns `undefined` if no annotation has a place.
 * @example
 * const pairs = pairById(synthetic, mapDataset(synthetic, (sample) => refiner.refine(sample)));
 * const { quantities } = (await measureDisplacements(pairs, { geometry: plugin.annotation.geometry }))!;
 * console.log(quantities.points?.shift.median, 'px');
 */
export async function measureDisplacements<Annotation>(
  pairs: AsyncIterable<RefinedPair<Annotation>> | Iterable<RefinedPair<Annotation>>,
  { geometry, image, placesPerPicture = 64 }: DisplacementOptions<Annotation>,
): Promise<LabelPreservation | undefined> {
  const tallies = new Map<LabelPlace['kind'], Tally>();
  let count = 0;
  for await (const { synthetic, refined } of pairs) {
    count += 1;
    const places = placesOf(synthetic.annotation, geometry);
    const carried = refined.displacement && refined.annotation;
    const after = carried ? placesOf<Annotation>(carried, geometry) : places;
    const moves = places.map((place, i) => moveOf(place, after[i]));
    for (const [place, move] of spread(
      places.map((place, i) => [place, moves[i]] as const),
      placesPerPicture,
    )) {
      const tally = tallies.get(place.kind) ?? { shifts: [], lost: 0, abstained: 0 };
      tallies.set(place.kind, tally);
      const found = displacementAt(synthetic.image, refined.image, place.point, image);
      const shift = move ? shiftAt(place, lessMove(found, move)) : 'unseen';
      if (shift === 'lost') tally.lost += 1;
      else if (shift === 'unseen') tally.abstained += 1;
      else tally.shifts.push(shift);
    }
  }
  if (tallies.size === 0) return undefined;
  const quantities = [...tallies].map(
    ([kind, { shifts, lost, abstained }]): [string, QuantityPreservation] => [
      kind,
      {
        unit: 'px',
        shift: summarize(shifts),
        lost,
        abstained,
        toAnnotation: { synthetic: summarize([]), refined: summarize([]) },
      },
    ],
  );
  return { pairs: count, quantities: Object.fromEntries(quantities) };
}

interface Tally {
  readonly shifts: number[];
  lost: number;
  abstained: number;
}

/** An edge that is seen at more than 45 degrees from the labeled one is another. */
const SAME_EDGE = Math.SQRT1_2;

/** How far a refiner that moves things moved a label; `undefined` if that was not to the same place of its content. */
function moveOf(
  { kind, point }: LabelPlace,
  after: LabelPlace | undefined,
): readonly [number, number] | undefined {
  const move = after && ([after.point[0] - point[0], after.point[1] - point[1]] as const);
  return kind === 'points' || (move?.[0] === 0 && move[1] === 0) ? move : undefined;
}

function lessMove(
  found: ReturnType<typeof displacementAt>,
  [x, y]: readonly [number, number],
): ReturnType<typeof displacementAt> {
  return typeof found === 'string' ? found : { ...found, dx: found.dx - x, dy: found.dy - y };
}

/** How far a label moved, pixels. */
function shiftAt({ across }: LabelPlace, found: ReturnType<typeof displacementAt>): number | NoDisplacement {
  if (typeof found === 'string') return found;
  const { dx, dy, along } = found;
  if (!across) return Math.hypot(dx, dy);
  if (!along) return Math.abs(dx * across[0] + dy * across[1]);
  return Math.abs(along[0] * across[0] + along[1] * across[1]) >= SAME_EDGE ? Math.hypot(dx, dy) : 'unseen';
}

function spread<Item>(items: readonly Item[], most: number): Item[] {
  if (items.length <= most) return [...items];
  return Array.from({ length: most }, (_, n) => items[Math.floor((n * items.length) / most)]!);
}
