import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createImageRefiner,
  createRng,
  createTraining,
  cropImage,
  type Dataset,
  datasetOf,
  type Engine,
  encodeImages,
  imageProblem,
  imageRange,
  type Network,
  type Plugin,
  type RealImage,
  type Refiner,
  restoreCheckpoint,
  type Sample,
  type Simulator,
  type SizedForm,
  simulate,
  type TrainingRecipe,
  type TrainStep,
  takeCheckpoint,
  train,
} from '@simgan/core';
import { carryLabels, mirrorTransform, resizeTransform } from '@simgan/core/geometry';
import { buildNetwork, noiseBatch } from '@simgan/core/networks';
import { networksOf, trainingForm } from '@simgan/core/training';
import { createEngine, type EngineName, exportRefiner, readDataset, writeDataset } from '@simgan/node';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { expectBlobsWhereLabelsAre } from './moved-blobs.ts';

/** The laws, as `skip` names them. */
export const laws = [
  'the simulator is deterministic in seed and index, whatever was asked before',
  'different indices give different images',
  'images have the form of the spec and stay in its range',
  'annotations satisfy the schema and survive JSON',
  'labels follow their picture: the geometry covers every field, and mirroring twice changes nothing',
  'the refiner keeps the shape, stays in [-1, 1] and is the same for the same seed',
  'the discriminator judges local patches with two logits each',
  'the regularizer is 0 on equal images, positive otherwise, and has a gradient',
  'one update of a network moves its variables and no others',
  'refinement changes pixels and nothing else, the same in batches of every size',
  'a refiner that moves things does so smoothly and invertibly, and labels land on the pixels that they mark',
  'a training that is interrupted and resumed ends in the same bytes',
  'an exported refiner agrees with the engine',
  'a dataset survives the way to disk and back',
  'training runs on every engine, and they agree',
  'a refined pixel depends on the pixels of its receptive field alone',
] as const;

export type Law = (typeof laws)[number];

/** Options for {@link testPlugin}. */
export interface TestPluginOptions<Annotation = unknown> {
  /** Renders the pictures to test with, for a plugin that has no simulator of its own. */
  readonly simulator?: Simulator<Annotation>;
  /** Laws that the plugin does not keep, each with the reason, which the test's name then states. */
  readonly skip?: readonly { readonly law: Law; readonly reason: string }[];
  /** How many samples of the simulator are looked at. Default: 24. */
  readonly samples?: number;
  /** The engines that must agree. Default: `wasm` and `onnx` (`cpu` takes minutes on networks of the paper's size). */
  readonly engines?: readonly EngineName[];
}

/**
 * The definition of a plugin as a vitest suite: call it in a test file with the plugin made by its factory.
 * Every recipe's networks are held to the laws, on images cropped so that the suite takes seconds.
 *
 * @example
 * ```ts no-run
 * import { testPlugin } from '@simgan/testing';
 * import crosses from 'simgan-plugin-crosses';
 *
 * testPlugin(crosses());
 * ```
 */
export function testPlugin<Annotation>(
  plugin: Plugin<Annotation>,
  options: TestPluginOptions<Annotation> = {},
): void {
  const { skip = [], samples = 24, engines = ['wasm', 'onnx'] } = options;
  const simulator = plugin.simulator ?? options.simulator;
  if (!simulator) throw new Error(`The plugin ${plugin.name} has no simulator: pass one to test it with.`);
  const tested = { ...plugin, simulator };
  const law = (name: Law, keep: () => void | Promise<void>) => {
    const reason = skip.find((entry) => entry.law === name)?.reason;
    if (reason) test.skip(`${name} (skipped: ${reason})`, keep);
    else test(name, keep);
  };

  describe(`plugin ${plugin.name}`, () => {
    let engine: Engine;
    let tensors = 0;
    beforeAll(async () => {
      engine = (await createEngine('wasm')).engine;
    });
    afterAll(() => engine.dispose());
    beforeEach(async () => {
      await tf.setBackend('wasm');
      tensors = tf.memory().numTensors;
    });
    afterEach(() => {
      expect(tf.memory().numTensors, 'tensors that outlived their owner').toBe(tensors);
    });

    const dataset = (seed: number, length = samples) => simulate(simulator, { seed, length });
    const cameras = { simulator, ...(plugin.standIn && { 'stand-in': plugin.standIn }) };

    describe.each(Object.entries(cameras))('%s', (_, camera) => {
      law('the simulator is deterministic in seed and index, whatever was asked before', async () => {
        const forwards = simulate(camera, { seed: 1, length: 6 });
        const inOrder = [];
        for await (const sample of forwards) inOrder.push(sample);
        const again = simulate(camera, { seed: 1, length: 600 });
        for (const index of [5, 0, 3]) expect(await again.at(index)).toEqual(inOrder[index]);
        expect(await simulate(camera, { seed: 2, length: 6 }).at(0)).not.toEqual(inOrder[0]);
      });

      law('different indices give different images', async () => {
        const images = new Set<string>();
        for await (const { image } of simulate(camera, { seed: 3, length: samples }))
          images.add(image.data.join());
        expect(images.size).toBe(samples);
      });

      law('images have the form of the spec and stay in its range', async () => {
        const [low, high] = imageRange(plugin.image);
        for await (const { id, image } of simulate(camera, { seed: 4, length: samples })) {
          expect(imageProblem(image, plugin.image), `image ${id}`).toBeUndefined();
          const outside = image.data.find((value) => value < low || value > high);
          expect(outside, `a value of image ${id} beyond [${low}, ${high}]`).toBeUndefined();
        }
      });

      law('annotations satisfy the schema and survive JSON', async () => {
        for await (const { id, annotation } of simulate(camera, { seed: 5, length: samples })) {
          const copy: unknown = JSON.parse(JSON.stringify(annotation));
          expect(copy, `annotation of ${id}`).toEqual(annotation);
          const result = await plugin.annotation['~standard'].validate(copy);
          expect(result.issues, `annotation of ${id}`).toBeUndefined();
          expect((result as { value: Annotation }).value).toEqual(annotation);
        }
      });

      law(laws[4], async () => {
        for await (const { id, image, annotation } of simulate(camera, { seed: 6, length: samples })) {
          const { geometry } = plugin.annotation;
          const mirrored = carryLabels(mirrorTransform(image), annotation, geometry);
          const result = await plugin.annotation['~standard'].validate(JSON.parse(JSON.stringify(mirrored)));
          expect(result.issues, `mirrored annotation of ${id}`).toBeUndefined();
          const twice = carryLabels(mirrorTransform(image), mirrored, geometry);
          expectClose(twice, annotation, `annotation of ${id} mirrored twice`);
          const larger = resizeTransform(image, { width: 2 * image.width, height: 3 * image.height });
          const back = resizeTransform(larger.to, image);
          const scaled = carryLabels(back, carryLabels(larger, annotation, geometry), geometry);
          expectClose(scaled, annotation, `annotation of ${id} enlarged and reduced again`);
        }
      });
    });

    describe.each(recipesWithTheirOwnNetworks(plugin))('networks of recipe %s', (_, recipe) => {
      const networks = networksOf(plugin, recipe);

      law('the refiner keeps the shape, stays in [-1, 1] and is the same for the same seed', async () => {
        const image = cropped(plugin, recipe, 40);
        const batch = await testBatch(tested, 3, image);
        const output = (seed: number) => {
          const refiner = buildNetwork(networks.refiner, image, seed);
          const values = tf.tidy(() => {
            const refined = applyRefiner(refiner, batch, image);
            expect(refined.shape).toEqual(batch.shape);
            return Float32Array.from(refined.dataSync());
          });
          refiner.dispose();
          return values;
        };
        const values = output(7);
        for (const value of values) if (!(Math.abs(value) <= 1)) expect.fail(`a refined value is ${value}`);
        expect(output(7)).toEqual(values);
        expect(output(8)).not.toEqual(values);
        batch.dispose();
      });

      law('a refined pixel depends on the pixels of its receptive field alone', async () => {
        const image = cropped(plugin, recipe, 72);
        const refiner = buildNetwork(networks.refiner, image, 7);
        nudge(refiner);
        const batch = await testBatch(tested, 1, image);
        const [x, y] = [Math.floor(image.width / 2), Math.floor(image.height / 2)];
        const touched = tf.tidy(() => {
          const pixel = tf.pad(tf.ones([1, 1, 1, image.channels]), [
            [0, 0],
            [y, image.height - 1 - y],
            [x, image.width - 1 - x],
            [0, 0],
          ]);
          // Any other value in the middle of the range.
          return tf.where(tf.greater(pixel, 0), tf.sub(0.5, tf.abs(batch)), batch) as tf.Tensor4D;
        });
        const [before, after] = [batch, touched].map((one) =>
          tf.tidy(() => applyRefiner(refiner, one, image).dataSync()),
        );
        const halo = Math.floor(refiner.receptiveField / 2);
        let moved = 0;
        for (const [i, value] of before!.entries()) {
          if (value === after![i]) continue;
          const pixel = Math.floor(i / image.channels);
          const [dx, dy] = [(pixel % image.width) - x, Math.floor(pixel / image.width) - y];
          moved = Math.max(moved, Math.abs(dx), Math.abs(dy));
        }
        expect(moved, 'how far a pixel reaches, beside half of the receptive field').toBeLessThanOrEqual(
          halo,
        );
        tf.dispose([batch, touched]);
        refiner.dispose();
      });

      law('the discriminator judges local patches with two logits each', async () => {
        const image = cropped(plugin, recipe, 128);
        const batch = await testBatch(tested, 1, image);
        const discriminator = buildNetwork(networks.discriminator, image, 7);
        const cornered = tf.tidy(() => {
          const corner = tf.pad(tf.ones([1, 2, 2, image.channels]), [
            [0, 0],
            [0, image.height - 2],
            [0, image.width - 2],
            [0, 0],
          ]);
          return tf.sub(batch, corner) as tf.Tensor4D;
        });
        const [whole, changed] = [batch, cornered].map((input) => tf.tidy(() => discriminator.apply(input)));
        const [, rows, columns, classes] = whole!.shape as [number, number, number, number];
        expect(classes).toBe(2);
        expect(rows * columns).toBeGreaterThan(1);
        const [before, after] = [whole!.dataSync(), changed!.dataSync()];
        const last = (rows * columns - 1) * 2;
        expect([after[last], after[last + 1]]).toEqual([before[last], before[last + 1]]);
        expect([after[0], after[1]]).not.toEqual([before[0], before[1]]);
        tf.dispose([batch, cornered, whole!, changed!]);
        discriminator.dispose();
      });

      law('the regularizer is 0 on equal images, positive otherwise, and has a gradient', async () => {
        const image = cropped(plugin, recipe, 40);
        const batch = await testBatch(tested, 2, image);
        tf.tidy(() => {
          const moved = tf.add(tf.mul(batch, 0.5), 0.2) as tf.Tensor4D;
          expect(networks.regularizer(batch, batch).dataSync()[0]).toBe(0);
          expect(networks.regularizer(moved, batch).dataSync()[0]).toBeGreaterThan(0);
          const gradient = tf.grad((x) => networks.regularizer(x as tf.Tensor4D, batch))(moved);
          expect(tf.sum(tf.abs(gradient)).dataSync()[0]).toBeGreaterThan(0);
        });
        batch.dispose();
      });

      law('one update of a network moves its variables and no others', async () => {
        const image = cropped(plugin, recipe, 24);
        for (const who of ['refiner', 'discriminator'] as const) {
          const warmup = { refiner: 0, discriminator: 0, [who]: 1 };
          const small = { ...tiny(recipe), averaging: 0, steps: 0, warmup };
          const pictures = await croppedSamples(tested, 4, image);
          const training = await createTraining({
            ...sets(pictures),
            plugin: { ...plugin, image },
            recipe: small,
            engine,
          });
          // The refiner starts at the identity in some recipes, where the regularizer has no gradient.
          nudge(training.refiner.network);
          const players = {
            refiner: training.refiner.network,
            discriminator: training.discriminator.network,
          };
          const before = {
            refiner: snapshot(players.refiner),
            discriminator: snapshot(players.discriminator),
          };
          for await (const _ of train(training));
          for (const [name, network] of Object.entries(players) as [keyof typeof players, Network][]) {
            const moved = snapshot(network) !== before[name];
            expect(moved, `the ${name} moves in an update of the ${who}`).toBe(name === who);
          }
          training.dispose();
        }
      });

      law('refinement changes pixels and nothing else, the same in batches of every size', async () => {
        const image = cropped(plugin, recipe, 40);
        const originals = await croppedSamples(tested, 3, image);
        const network = buildNetwork(networks.refiner, image, 1);
        nudge(network);
        const refineBy = async (batchSize: number) => {
          const { geometry } = plugin.annotation;
          const refiner = createImageRefiner({ network, image, engine, batchSize, geometry });
          const refined: Sample<Annotation>[] = [];
          for await (const sample of refiner.refine(originals)) refined.push(sample);
          await refiner.dispose();
          return refined;
        };
        const refined = await refineBy(2);
        expect(refined.length).toBe(3);
        for (let i = 0; i < 3; i++) {
          const original = await originals.at(i);
          // A refiner that moves things moves labels too, and says how far.
          const { displacement, annotation, ...others } = refined[i]!;
          const { annotation: labels, ...rest } = original;
          expect({ ...others, image: original.image }).toEqual(rest);
          const { issues } = await plugin.annotation['~standard'].validate(annotation);
          expect(issues).toBeUndefined();
          if (!network.warping) expect(annotation).toEqual(labels);
          expect(displacement === undefined).toBe(network.warping === undefined);
          expect(imageProblem(refined[i]!.image, image)).toBeUndefined();
          expect(refined[i]!.image.data).not.toEqual(original.image.data);
        }
        expect(await refineBy(1)).toEqual(refined);
        network.dispose();
      });

      law(
        'a refiner that moves things does so smoothly and invertibly, and labels land on the pixels that they mark',
        () => {
          const image = cropped(plugin, recipe, 40);
          const network = buildNetwork(networks.refiner, image, 1);
          nudge(network);
          tf.tidy(() => expectBlobsWhereLabelsAre(network, image));
          network.dispose();
        },
      );

      law('a training that is interrupted and resumed ends in the same bytes', async () => {
        const image = cropped(plugin, recipe, 16);
        const pictures = await croppedSamples(tested, 4, image);
        const options = {
          ...sets(pictures),
          plugin: { ...plugin, image },
          recipe: tiny(recipe),
          engine,
          seed: 3,
        };
        const whole = await createTraining(options);
        for await (const _ of train(whole));
        const first = await createTraining(options);
        for await (const { step } of train(first)) if (step === 1) break;
        const checkpoint = await takeCheckpoint(first);
        first.dispose();
        const second = await createTraining(options);
        restoreCheckpoint(second, checkpoint);
        for await (const _ of train(second));
        expect(await takeCheckpoint(second)).toEqual(await takeCheckpoint(whole));
        second.dispose();
        whole.dispose();
      });

      law('an exported refiner agrees with the engine', async () => {
        const image = cropped(plugin, recipe, 24);
        const network = buildNetwork(networks.refiner, image, 5);
        nudge(network);
        const directory = await temporaryFolder();
        const { maxDifference } = await exportRefiner(join(directory, 'refiner.onnx'), network, {
          image,
          engine,
        });
        expect(maxDifference).toBeLessThan(1e-4);
        network.dispose();
      });

      law('training runs on every engine, and they agree', async () => {
        const image = cropped(plugin, recipe, 16);
        const pictures = await croppedSamples(tested, 4, image);
        const losses: Record<string, TrainStep[]> = {};
        for (const name of engines) {
          const { engine: other } = await createEngine(name);
          const small = { ...tiny(recipe), steps: 2, refinerUpdates: 1, discriminatorUpdates: 1 };
          const training = await createTraining({
            ...sets(pictures),
            plugin: { ...plugin, image },
            recipe: small,
            engine: other,
          });
          const steps: TrainStep[] = [];
          for await (const step of train(training)) steps.push(step);
          training.dispose();
          await other.dispose();
          losses[name] = steps;
        }
        const [reference, ...others] = engines;
        for (const name of others) {
          for (const [i, step] of losses[name]!.entries()) {
            const expected = losses[reference!]![i]!;
            if (step.phase !== 'adversarial' || expected.phase !== 'adversarial') {
              expect.fail(`step ${i} is ${step.phase} on ${name} and ${expected.phase} on ${reference}`);
            }
            expect(step.refiner.adversarial).toBeCloseTo(expected.refiner.adversarial, 3);
            expect(step.refiner.regularization).toBeCloseTo(expected.refiner.regularization, 3);
            expect(step.discriminator.loss).toBeCloseTo(expected.discriminator.loss, 3);
          }
        }
      });
    });

    law('a dataset survives the way to disk and back', async () => {
      const directory = await temporaryFolder();
      const samples = dataset(6, 3);
      await writeDataset(directory, samples, { plugin, existing: 'refuse' });
      const { samples: read } = await readDataset(directory, plugin);
      expect(read.length).toBe(3);
      for (let i = 0; i < 3; i++) {
        // What was read also says where it was read from.
        const { source: _, ...sample } = await read.at(i);
        expect(sample).toEqual(await samples.at(i));
      }
    });
  });
}

/** Recipes that share all networks with an earlier one have nothing of their own to test. */
function recipesWithTheirOwnNetworks(plugin: Plugin): [name: string, recipe: TrainingRecipe][] {
  const seen: ReturnType<typeof networksOf>[] = [];
  return Object.entries(plugin.recipes).filter(([, recipe]) => {
    const networks = networksOf(plugin, recipe);
    const known = seen.some((other) => {
      const kinds = ['refiner', 'discriminator', 'regularizer'] as const;
      return kinds.every((kind) => other[kind] === networks[kind]);
    });
    seen.push(networks);
    return !known;
  });
}

/** A recipe that trains in a moment, on whole images. */
function tiny({ crop: _, ...recipe }: TrainingRecipe): TrainingRecipe {
  return {
    ...recipe,
    // Adam divides by gradients that are almost 0 in the first steps, and amplifies what is rounding.
    optimizer: { kind: 'momentum', momentum: 0.9 },
    batchSize: 2,
    historySize: 4,
    steps: 2,
    refinerUpdates: 2,
    discriminatorUpdates: 1,
    warmup: { refiner: 0, discriminator: 0 },
    match: 'none',
  };
}

function sets(pictures: Dataset<RealImage>) {
  return { synthetic: pictures, real: pictures };
}

async function temporaryFolder(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'simgan-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

/** Numbers equal to a millionth, everything else equal. */
function expectClose(actual: unknown, expected: unknown, what: string): void {
  if (typeof expected === 'number') {
    expect(Math.abs((actual as number) - expected), what).toBeLessThan(
      1e-6 * Math.max(1, Math.abs(expected)),
    );
  } else if (typeof expected === 'object' && expected !== null) {
    expect(Object.keys(actual as object), what).toEqual(Object.keys(expected));
    for (const [key, value] of Object.entries(expected)) {
      expectClose((actual as Record<string, unknown>)[key], value, `${what}, ${key}`);
    }
  } else expect(actual, what).toEqual(expected);
}

function cropped({ image }: Pick<Plugin, 'image'>, recipe: TrainingRecipe, side: number): SizedForm {
  const form = trainingForm(image, recipe);
  return { ...form, width: Math.min(form.width, side), height: Math.min(form.height, side) };
}

/** A plugin with the simulator that it is tested with. */
type Tested<Annotation> = Plugin<Annotation> & { readonly simulator: Simulator<Annotation> };

/** Simulated samples cut down to the middle of their images. */
async function croppedSamples<Annotation>(
  { simulator }: Tested<Annotation>,
  length: number,
  form: SizedForm,
) {
  const samples = [];
  for await (const sample of simulate(simulator, { seed: 9, length })) {
    const { width, height } = form;
    const left = Math.floor((sample.image.width - width) / 2);
    const top = Math.floor((sample.image.height - height) / 2);
    samples.push({ ...sample, image: cropImage(sample.image, { left, top, width, height }) });
  }
  return datasetOf(samples);
}

async function testBatch<Annotation>(
  plugin: Tested<Annotation>,
  size: number,
  image: SizedForm,
): Promise<tf.Tensor4D> {
  const images = [];
  for await (const sample of await croppedSamples(plugin, size, image)) images.push(sample.image);
  const { data, shape } = encodeImages(images, image);
  return tf.tensor4d(data, shape as [number, number, number, number]);
}

function applyRefiner(refiner: Refiner, batch: tf.Tensor4D, image: SizedForm): tf.Tensor4D {
  if (refiner.noiseChannels === 0) return refiner.apply(batch);
  const sources = Array.from({ length: batch.shape[0] }, (_, i) => createRng(1).fork(i));
  const { data, shape } = noiseBatch(sources, image, refiner.noiseChannels);
  return refiner.apply(batch, tf.tensor4d(data, shape as [number, number, number, number]));
}

/** Moves every weight a little, so that a network that starts at the identity leaves it. */
function nudge(network: Network): void {
  const rng = createRng(2);
  for (const variable of network.variables) {
    const noise = Float32Array.from({ length: variable.size }, () => rng.normal() * 0.05);
    tf.tidy(() => variable.assign(tf.add(variable, tf.tensor(noise, variable.shape))));
  }
}

function snapshot(network: Network): string {
  return network.variables.map((variable) => variable.dataSync().join()).join(';');
}
