import { SimganError } from '../errors.ts';
import {
  affineMap,
  type ControlGrid,
  carryLabels,
  displacementMap,
  type LabelGeometry,
  moveCompanions,
  type PictureMap,
  scaleGrid,
} from '../geometry/index.ts';
import type { Image, Size } from '../image.ts';
import type { RealImage, Sample } from '../sample.ts';
import { allowedShare, type DisplacementLimits, kindsIn } from './displacement-limits.ts';
import { measureField } from './measure-field.ts';

/** What a run of a network that moves things gives: pictures, and the values of their control points. */
export interface WarpedRun {
  readonly images: readonly Image[];
  readonly fields: readonly ArrayLike<number>[];
}

/** What {@link refineWarped} needs to know. */
export interface WarpedOptions {
  readonly grid: Pick<ControlGrid, 'rows' | 'columns'>;
  readonly geometry?: LabelGeometry<unknown> | undefined;
  readonly limits?: DisplacementLimits | undefined;
  /** Runs the network on pictures, with all displacements times a share for each picture. */
  run(pictures: readonly RealImage[], shares: readonly number[]): Promise<WarpedRun>;
}

/** What changes in a sample that was refined by moving things. */
export type WarpedParts = Pick<RealImage, 'image' | 'displacement'> &
  Partial<Pick<Sample<unknown>, 'annotation' | 'companions'>>;

/**
 * Refines pictures, moves their labels by the same fields, and keeps fields within the limits of their labels: a picture
 * whose field goes beyond is refined again with the field scaled down.
 *
 * @param items - the samples with their labels.
 * @param pictures - the same after corrections of light.
 * @throws SimganError INVALID_ARGUMENT if a sample has labels and there is no geometry, or as `carryLabels` does.
 */
export async function refineWarped(
  items: readonly object[],
  pictures: readonly RealImage[],
  options: WarpedOptions,
): Promise<WarpedParts[]> {
  const { grid, geometry, limits, run } = options;
  const annotations = items.map((item) => ('annotation' in item ? item.annotation : undefined));
  if (!geometry && annotations.some((annotation) => annotation !== undefined)) {
    throw new SimganError(
      'INVALID_ARGUMENT',
      "This refiner moves things, and how the samples' labels follow is not known. Pass the geometry of the plugin's annotation.",
    );
  }
  const full = await run(
    pictures,
    pictures.map(() => 1),
  );
  const shares = pictures.map(({ image }, i) => {
    const field = { ...grid, values: full.fields[i]! };
    const share = allowedShare(image, field, kindsIn(annotations[i], geometry), limits);
    return placeableShare(image, field, share, annotations[i], geometry);
  });
  const beyond = pictures.flatMap((_, i) => (shares[i]! < 1 ? [i] : []));
  const again =
    beyond.length > 0
      ? await run(
          beyond.map((i) => pictures[i]!),
          beyond.map((i) => shares[i]!),
        )
      : undefined;
  return pictures.map(({ image: { width, height } }, i) => {
    const place = beyond.indexOf(i);
    const [{ images, fields }, at] = place < 0 ? [full, i] : [again!, place];
    const field = { ...grid, values: fields[at]! };
    const { rms, largest } = measureField({ width, height }, field);
    const annotation = annotations[i];
    const map = mapOfField({ width, height }, field);
    return {
      image: images[at]!,
      displacement: { rms: rounded(rms), largest: rounded(largest), share: rounded(shares[i]!) },
      ...(annotation !== undefined && {
        annotation: carryLabels(map, annotation as object, geometry as LabelGeometry<object>),
      }),
      ...(rms > 0 && moveCompanions(items[i] as Pick<Sample<unknown>, 'companions'>, map)),
    };
  });
}

function mapOfField(size: Size, field: ControlGrid): PictureMap {
  // Where nothing is moved, labels of every kind have an answer.
  const isStill = Array.from(field.values).every((value) => value === 0);
  return isStill ? affineMap(size) : displacementMap(size, field);
}

/**
 * A share at which all labels have a place: those far outside of the picture may have none in a strong field. Halved a
 * few times, then nothing is moved.
 */
function placeableShare(
  size: Size,
  field: ControlGrid,
  share: number,
  annotation: unknown,
  geometry: LabelGeometry<unknown> | undefined,
): number {
  if (annotation === undefined || !geometry) return share;
  for (const part of [share, share / 2, share / 4]) {
    try {
      const map = mapOfField(size, scaleGrid(field, part));
      carryLabels(map, annotation as object, geometry as LabelGeometry<object>);
      return part;
    } catch (error) {
      if (!(error instanceof SimganError)) throw error;
    }
  }
  return 0;
}

/** Enough digits for statistics, so that lines stay short. */
function rounded(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}
