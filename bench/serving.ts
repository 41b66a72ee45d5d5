/**
 * @file How long an opened refiner takes for one image, and per image in batches: the eyes plugin's recipe `quick`, its
 * correction of light included, compiled once. Run alone with `npm run bench -- --only serving`.
 */
import { createTraining, type Image, simulate, takeFrom, trainedRefiner } from '@simgan/core';
import { summarize } from '@simgan/core/measures';
import { createEngine } from '@simgan/node';
import { eyes } from '@simgan/plugin-eyes';

/** Single images refined one after the other, the first of them not counted. */
const SINGLES = { warmup: 20, measured: 200 };
/** Images per call, in batches of 32, and how many calls are measured after the first. */
const CALL = { images: 256, repeats: 5 };

/** Measures each number of threads and prints a table. */
export async function benchServing(say: (line?: string) => void, threads: readonly number[]): Promise<void> {
  say(
    `Refining with the eyes plugin's quick network (55x35, gray), histogram matching included. One image: median and 95th percentile of ${SINGLES.measured} calls; in batches of 32: per image, median of ${CALL.repeats} calls with ${CALL.images} images.`,
  );
  say();
  say(
    '| threads | first image with compiling, ms | one image, ms | 95% within, ms | per image in batches, ms |',
  );
  say('| --- | --- | --- | --- | --- |');
  for (const count of threads) {
    const { first, one, batched } = await measure(count);
    const cells = [first.toFixed(0), one.median.toFixed(2), one.p95.toFixed(2), batched.toFixed(2)];
    say(`| ${[count, ...cells].join(' | ')} |`);
  }
}

async function measure(threads: number) {
  const { engine } = await createEngine('onnx', { threads, device: 'cpu' });
  const plugin = eyes();
  const synthetic = simulate(plugin.simulator, { seed: 1, length: CALL.images });
  // Speed does not depend on the weights, so nothing is trained.
  const training = await createTraining({
    plugin,
    recipe: plugin.recipes.quick,
    synthetic: takeFrom(synthetic, 96),
    real: simulate(plugin.standIn, { seed: 2, length: 96 }),
    engine,
  });
  const refiner = trainedRefiner(training);
  const images: Image[] = [];
  for await (const { image } of synthetic) images.push(image);

  const timed = async (refine: () => Promise<unknown>): Promise<number> => {
    const start = performance.now();
    await refine();
    return performance.now() - start;
  };
  const first = await timed(() => refiner.refine(images[0]!));
  const singles: number[] = [];
  for (let call = 0; call < SINGLES.warmup + SINGLES.measured; call++) {
    singles.push(await timed(() => refiner.refine(images[call % images.length]!)));
  }
  await refiner.refine(images);
  const calls: number[] = [];
  for (let repeat = 0; repeat < CALL.repeats; repeat++) {
    calls.push((await timed(() => refiner.refine(images))) / images.length);
  }
  await refiner.dispose();
  training.dispose();
  await engine.dispose();
  return { first, one: summarize(singles.slice(SINGLES.warmup)), batched: summarize(calls).median };
}
