import * as tf from '@tensorflow/tfjs-core';
import { expect, expectTypeOf, test } from 'vitest';
import { blobs, tinyRecipe } from '../../test/blobs.ts';
import { wasmEngine } from '../../test/wasm-engine.ts';
import type { Engine } from '../engine/engine.ts';
import { simulate } from '../simulate.ts';
import type { TrainingRecipe } from './recipe.ts';
import { type TrainStep, totalSteps, train } from './train.ts';
import { createTraining, type Training } from './training.ts';
import type { DiscriminatorLosses, RefinerLosses } from './update-losses.ts';

const plugin = blobs();
const synthetic = simulate(plugin.simulator, { seed: 1, length: 20 });
const real = simulate(plugin.standIn, { seed: 2, length: 20 });

const setUp = (changes: Partial<TrainingRecipe> = {}, engine = wasmEngine) =>
  createTraining({ plugin, recipe: { ...tinyRecipe, ...changes }, synthetic, real, engine, seed: 3 });

const weightsOf = (variables: readonly tf.Variable[]) =>
  variables.map((variable) => [...variable.dataSync()]);
const refinerWeights = (training: Training) => weightsOf(training.refiner.network.variables);
const discriminatorWeights = (training: Training) => weightsOf(training.discriminator.network.variables);

async function collect(steps: AsyncIterable<TrainStep>): Promise<TrainStep[]> {
  const all: TrainStep[] = [];
  for await (const step of steps) all.push(step);
  return all;
}

type Step<Phase extends TrainStep['phase']> = Extract<TrainStep, { phase: Phase }>;
const stepsOf = <Phase extends TrainStep['phase']>(steps: readonly TrainStep[], phase: Phase) =>
  steps.filter((step): step is Step<Phase> => step.phase === phase);

/** An engine that counts how often the steps of each kind run, told apart by what goes in and out. */
function countingEngine(): { engine: Engine; counts: Record<string, number> } {
  const counts: Record<string, number> = {};
  return {
    counts,
    engine: {
      ...wasmEngine,
      compile(step) {
        const compiled = wasmEngine.compile(step);
        return {
          ...compiled,
          async run(inputs) {
            const outputs = await compiled.run(inputs);
            const kind = `${Object.keys(inputs).sort()} > ${Object.keys(outputs).sort()}`;
            counts[kind] = (counts[kind] ?? 0) + 1;
            return outputs;
          },
        };
      },
    },
  };
}

test('Algorithm 1 makes exactly the steps of the recipe', async () => {
  const { engine, counts } = countingEngine();
  const training = await setUp({ refinerUpdates: 3, discriminatorUpdates: 2, steps: 5 }, engine);
  const steps = await collect(train(training));
  expect(steps.map(({ phase }) => phase)).toEqual([
    ...Array(2).fill('refiner warm-up'),
    ...Array(2).fill('discriminator warm-up'),
    ...Array(5).fill('adversarial'),
  ]);
  expect(steps.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(totalSteps(training.recipe)).toBe(9);
  expect(steps.every((step) => step.steps === 9)).toBe(true);
  expect(counts).toEqual({
    'learningRate,synthetic > regularization': 2,
    'lambda,learningRate,synthetic > adversarial,adversarialSum,loss,regularization': 5 * 3,
    'learningRate,real,refined > accuracyOnReal,accuracyOnRefined,loss,lossSum': 2 + 5 * 2,
    'synthetic > refined': 2 + 5 * 2,
  });
  training.dispose();
});

test('each phase reports what it measured and nothing else', async () => {
  const training = await setUp({ steps: 1, warmup: { refiner: 1, discriminator: 1 } });
  const [refinerWarmup, discriminatorWarmup, adversarial] = await collect(train(training));
  expect(Object.keys(refinerWarmup!).sort()).toEqual(['phase', 'regularization', 'step', 'steps']);
  expect(Object.keys(discriminatorWarmup!).sort()).toEqual(['discriminator', 'phase', 'step', 'steps']);
  expect(Object.keys(adversarial!).sort()).toEqual(['discriminator', 'phase', 'refiner', 'step', 'steps']);
  expectTypeOf<Step<'refiner warm-up'>['regularization']>().toEqualTypeOf<number>();
  expectTypeOf<Step<'adversarial'>['refiner']>().toEqualTypeOf<RefinerLosses>();
  expectTypeOf<Step<'discriminator warm-up'>['discriminator']>().toEqualTypeOf<DiscriminatorLosses>();
  // @ts-expect-error the warm-up of the refiner has no adversarial loss
  expect(stepsOf([refinerWarmup!], 'refiner warm-up')[0]!.refiner).toBeUndefined();
  // @ts-expect-error nor does the discriminator judge anything then
  expect(stepsOf([refinerWarmup!], 'refiner warm-up')[0]!.discriminator).toBeUndefined();
  training.dispose();
});

test('the discriminator is frozen in a refiner step, and the refiner in a discriminator step', async () => {
  const refinerOnly = await setUp({ warmup: { refiner: 3, discriminator: 0 }, steps: 0 });
  const before = [refinerWeights(refinerOnly), discriminatorWeights(refinerOnly)];
  await collect(train(refinerOnly));
  expect(refinerWeights(refinerOnly)).not.toEqual(before[0]);
  expect(discriminatorWeights(refinerOnly)).toEqual(before[1]);
  refinerOnly.dispose();

  const discriminatorOnly = await setUp({ warmup: { refiner: 0, discriminator: 3 }, steps: 0 });
  await collect(train(discriminatorOnly));
  expect(refinerWeights(discriminatorOnly)).toEqual(before[0]);
  expect(discriminatorWeights(discriminatorOnly)).not.toEqual(before[1]);
  discriminatorOnly.dispose();
});

test('an adversarial refiner step moves the refiner, and only through the discriminator if lambda is 0', async () => {
  const changes = { warmup: { refiner: 0, discriminator: 0 }, lambda: 0, steps: 1 };
  const training = await setUp(changes);
  const before = refinerWeights(training);
  await collect(train(training));
  expect(refinerWeights(training)).not.toEqual(before);
  training.dispose();

  // With a discriminator that says nothing (all weights 0) there is nothing to learn from.
  const mute = await setUp(changes);
  for (const variable of mute.discriminator.network.variables) {
    tf.tidy(() => variable.assign(tf.zerosLike(variable)));
  }
  await collect(train(mute));
  expect(refinerWeights(mute)).toEqual(before);
  mute.dispose();
});

test('with a history buffer the discriminator learns something else than without', async () => {
  const learned = async (historySize: number) => {
    const training = await setUp({ historySize, steps: 3 });
    await collect(train(training));
    const weights = discriminatorWeights(training);
    expect(training.history.size).toBe(Math.min(historySize, 2 * 5));
    training.dispose();
    return weights;
  };
  expect(await learned(6)).not.toEqual(await learned(0));
});

test('the losses fall: the warm-up learns the identity, the discriminator tells the two apart', async () => {
  const training = await setUp({
    optimizer: { kind: 'adam' },
    warmup: { refiner: 30, discriminator: 80 },
    steps: 0,
  });
  const steps = await collect(train(training));
  const regularizations = stepsOf(steps, 'refiner warm-up').map(({ regularization }) => regularization);
  expect(regularizations.at(-1)).toBeLessThan(regularizations[0]! / 2);
  const judgments = stepsOf(steps, 'discriminator warm-up').map(({ discriminator }) => discriminator);
  const judged = judgments.at(-1)!;
  expect(judged.loss).toBeLessThan(judgments[0]!.loss / 2);
  expect(judged.accuracyOnReal).toBeGreaterThan(0.9);
  expect(judged.accuracyOnRefined).toBeGreaterThan(0.9);
  // 5 x 6 patches; eq. 1 sums both halves.
  expect(judged.lossSum).toBeCloseTo(judged.loss * 2 * 30, 3);
  training.dispose();
});

test('a held lambda moves, the average follows the weights with its decay', async () => {
  const training = await setUp({
    lambda: { start: 1, target: 1e-4 },
    averaging: 0.75,
    refinerUpdates: 1,
    warmup: { refiner: 0, discriminator: 0 },
    steps: 1,
  });
  const [before] = refinerWeights(training);
  const [step] = stepsOf(await collect(train(training)), 'adversarial');
  expect(step!.refiner.lambda).toBe(1);
  expect(training.lambda).toBeGreaterThan(1);
  const [after] = refinerWeights(training);
  const average = [...training.averagedRefiner.variables[0]!.dataSync()];
  for (const [i, value] of average.entries()) {
    expect(value).toBeCloseTo(0.75 * before![i]! + 0.25 * after![i]!, 6);
  }
  expect(average).not.toEqual(after);
  training.dispose();
});

test('the same seed gives the same bytes, another seed others', async () => {
  const weights = async (seed: number) => {
    const options = { plugin, recipe: tinyRecipe, synthetic, real, engine: wasmEngine, seed };
    const training = await createTraining(options);
    await collect(train(training));
    const result = [refinerWeights(training), discriminatorWeights(training)];
    training.dispose();
    return result;
  };
  expect(await weights(3)).toEqual(await weights(3));
  expect(await weights(3)).not.toEqual(await weights(4));
});

test('losses that are not finite end the run with a reason', async () => {
  const wild = await setUp({ learningRate: 1e30, steps: 20 });
  await expect(collect(train(wild))).rejects.toMatchObject({
    code: 'TRAINING_DIVERGED',
    message: expect.stringMatching(/^Training has diverged: \w+ is /),
  });
  wild.dispose();
});

test('the warm-up of a refiner that copies faithfully ends early', async () => {
  const warmup = { refiner: 80, discriminator: 1 };
  const changes = { steps: 1, learningRate: 0.02 };
  const stepsWith = async (more: { faithful?: number }) => {
    const training = await setUp({ ...changes, warmup: { ...warmup, ...more } });
    const steps = await collect(train(training));
    training.dispose();
    return steps;
  };
  const all = await stepsWith({});
  expect(stepsOf(all, 'refiner warm-up')).toHaveLength(80);
  const some = await stepsWith({ faithful: 0.3 });
  const learned = stepsOf(some, 'refiner warm-up');
  expect(learned.length).toBeLessThan(60);
  expect(learned.at(-1)!.regularization).toBeLessThan(0.4);
  // The steps that were skipped count as done.
  expect(some.slice(learned.length - 1).map(({ step }) => step)).toEqual([80, 81, 82]);
});
