import { SimganError } from '../errors.ts';
import { createImage, type Image, type ImageForm, imageProblem, type PixelWindow } from '../image.ts';
import { placeTile, type Tile, type TilePlan, tilesOf } from './tiles.ts';

/** What refining a picture in tiles takes. */
interface TileOptions {
  readonly form: ImageForm;
  readonly plan: TilePlan;
  readonly tilesPerRun: number;
  /** Refines windows of the picture: one picture of a window's size for each, in order; what follows is ignored. */
  run(windows: readonly PixelWindow[]): Promise<readonly Image[]>;
}

/**
 * Refines a picture in tiles. The next tiles are prepared while the engine works on the last ones.
 *
 * @throws SimganError INVALID_IMAGE if the picture is not of the form.
 */
export async function refineTiles(
  image: Image,
  { form, plan, tilesPerRun, run }: TileOptions,
): Promise<Image> {
  const problem = imageProblem(image, form);
  if (problem) throw new SimganError('INVALID_IMAGE', `The picture cannot be refined: ${problem}.`);
  const refined = createImage(image);
  const tiles = tilesOf(image, plan);
  const place = async ({ part, results }: Started) => {
    for (const [i, result] of (await results).slice(0, part.length).entries()) {
      placeTile(refined, result, part[i]!);
    }
  };
  let started: Started | undefined;
  for (let first = 0; first < tiles.length; first += tilesPerRun) {
    const part = tiles.slice(first, first + tilesPerRun);
    const results = run(part.map(({ window }) => window));
    results.catch(() => {}); // thrown when it is awaited
    if (started) await place(started);
    started = { part, results };
  }
  if (started) await place(started);
  return refined;
}

interface Started {
  readonly part: readonly Tile[];
  readonly results: Promise<readonly Image[]>;
}
