import { createDataset, type Dataset, indexId } from './dataset.ts';
import { SimganError } from './errors.ts';
import { type Image, type ImageForm, imageProblem } from './image.ts';
import { createRng, type Rng } from './rng.ts';
import type { Sample } from './sample.ts';

/**
 * A function from random numbers to an annotated image. It draws from `rng` alone, so the same seed and
 * index give the same sample in any process.
 */
export type Simulator<Annotation> = (rng: Rng) => Simulated<Annotation> | Promise<Simulated<Annotation>>;

/** The output of a simulator: a picture and its exact ground truth. */
export interface Simulated<Annotation> {
  readonly image: Image;
  readonly annotation: Annotation;
}

/** Where a simulator comes from, for error messages, and the form that its images must have. */
export interface SimulatorOrigin {
  /** The name of its plugin. */
  readonly plugin?: string;
  /** Default: `simulator`. */
  readonly renderer?: 'simulator' | 'standIn';
  readonly image?: ImageForm;
}

/**
 * A simulator as a dataset. Sample `i` depends on `seed` and `i` alone: a longer dataset of the same seed
 * begins with the shorter one.
 *
 * Reading a sample throws SimganError RENDERING_FAILED naming plugin, seed and index if the simulator fails or does not
 * return an image and an annotation; a SimganError or AbortError that the simulator throws is passed on.
 */
export function simulate<Annotation>(
  simulator: Simulator<Annotation>,
  { seed, length, origin = {} }: { seed: number; length: number; origin?: SimulatorOrigin },
): Dataset<Sample<Annotation>> {
  return createDataset(length, async (index) => {
    const { image, annotation } = await simulateAt(simulator, seed, index, origin);
    return { id: indexId(index), image, annotation };
  });
}

/**
 * Sample `index` of {@link simulate} for a seed: the same in any thread or process.
 *
 * @param origin - if given, what the simulator returns and throws is checked as {@link simulate} does. Default: it is
 * passed on as it is.
 */
export async function simulateAt<Result extends Simulated<unknown>>(
  simulator: (rng: Rng) => Result | Promise<Result>,
  seed: number,
  index: number,
  origin?: SimulatorOrigin,
): Promise<Result> {
  const rng = sourceOf(seed).fork(index);
  if (!origin) return simulator(rng);
  let simulated: Result;
  try {
    simulated = await simulator(rng);
  } catch (error) {
    // What is meant for people, or was stopped by them, is passed on.
    if (error instanceof Error && ['SimganError', 'AbortError'].includes(error.name)) throw error;
    throw failure(origin, seed, index, thrown(error), error);
  }
  const problem = problemOf(simulated, origin.image);
  if (problem) throw failure(origin, seed, index, problem);
  return simulated;
}

/** What is wrong with what a simulator returned, as a clause. */
function problemOf(simulated: unknown, form: ImageForm | undefined): string | undefined {
  if (typeof simulated !== 'object' || simulated === null) {
    return `it returned ${simulated === null ? 'null' : typeof simulated} instead of { image, annotation }`;
  }
  const { image, annotation } = simulated as Partial<Simulated<unknown>>;
  const problem = imageProblem(image, form ?? ((image ?? {}) as Image));
  if (problem) return `its image cannot be used: ${problem}`;
  return annotation === undefined ? 'it returned no annotation' : undefined;
}

function failure(
  { plugin, renderer = 'simulator' }: SimulatorOrigin,
  seed: number,
  index: number,
  problem: string,
  cause?: unknown,
): SimganError {
  const who = renderer === 'simulator' ? 'simulator' : 'stand-in camera';
  return new SimganError(
    'RENDERING_FAILED',
    `The ${who}${plugin === undefined ? '' : ` of the plugin ${plugin}`} failed at sample ${index} of seed ${seed}: ${problem}.`,
    { cause },
  );
}

/** What was thrown, and the place in the plugin's code where it was. */
function thrown(error: unknown): string {
  if (!(error instanceof Error)) return `it threw ${describe(error)}, which is not an Error`;
  const place = /^\s+at (.*)$/m.exec(error.stack ?? '')?.[1];
  const what = `${error.name}: ${error.message.replace(/\.$/, '')}`;
  return place ? `${what}. It was thrown at ${place}` : what;
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 100));
  return typeof value === 'object' && value !== null ? 'an object' : String(value);
}

function sourceOf(seed: number): Rng {
  return createRng(seed).fork('simulate');
}
