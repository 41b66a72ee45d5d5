import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { blobs, tinyRecipe } from '../../test/blobs.ts';
import '../../test/cpu-backend.ts';
import { eagerEngine } from '../engine/eager.ts';
import type { Engine } from '../engine/engine.ts';
import { refine } from '../refine.ts';
import { simulate } from '../simulate.ts';
import type { TrainingRecipe } from './recipe.ts';
import { createTrainingState, restoreCheckpoint, type TrainingState, takeCheckpoint } from './state.ts';
import { type TrainStep, train } from './train.ts';

const plugin = blobs();
const synthetic = simulate(plugin.simulator, { seed: 1, length: 20 });
const real = simulate(plugin.standIn!, { seed: 2, length: 20 });

function setUp(changes: Partial<TrainingRecipe> = {}, engine = eagerEngine('cpu', 'test', 'cpu')) {
  const recipe = { ...tinyRecipe, ...changes };
  const state = createTrainingState(plugin, recipe, 3);
  return { state, run: () => train({ plugin, state, synthetic, real, engine, seed: 4 }) };
}

const weightsOf = (variables: readonly tf.Variable[]) =>
  variables.map((variable) => [...variable.dataSync()]);
const refinerWeights = (state: TrainingState) => weightsOf(state.refiner.network.variables);
const discriminatorWeights = (state: TrainingState) => weightsOf(state.discriminator.network.variables);

async function collect(steps: AsyncIterable<TrainStep>): Promise<TrainStep[]> {
  const all: TrainStep[] = [];
  for await (const step of steps) all.push(step);
  return all;
}

/** An engine that counts how often the steps of each kind run, told apart by what goes in and out. */
function countingEngine(): { engine: Engine; counts: Record<string, number> } {
  const inner = eagerEngine('cpu', 'test', 'cpu');
  const counts: Record<string, number> = {};
  return {
    counts,
    engine: {
      ...inner,
      compile(step) {
        const compiled = inner.compile(step);
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
  const { state, run } = setUp({ refinerUpdates: 3, discriminatorUpdates: 2, steps: 5 }, engine);
  const steps = await collect(run());
  expect(steps.map(({ phase }) => phase)).toEqual([
    ...Array(2).fill('refiner warm-up'),
    ...Array(2).fill('discriminator warm-up'),
    ...Array(5).fill('adversarial'),
  ]);
  expect(steps.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(counts).toEqual({
    'learningRate,synthetic > regularization': 2,
    'lambda,learningRate,synthetic > adversarial,adversarialSum,loss,regularization': 5 * 3,
    'learningRate,real,refined > accuracyOnReal,accuracyOnRefined,loss,lossSum': 2 + 5 * 2,
    'synthetic > refined': 2 + 5 * 2,
  });
  state.dispose();
});

test('the discriminator is frozen in a refiner step, and the refiner in a discriminator step', async () => {
  const refinerOnly = setUp({ warmup: { refiner: 3, discriminator: 0 }, steps: 0 });
  const before = [refinerWeights(refinerOnly.state), discriminatorWeights(refinerOnly.state)];
  await collect(refinerOnly.run());
  expect(refinerWeights(refinerOnly.state)).not.toEqual(before[0]);
  expect(discriminatorWeights(refinerOnly.state)).toEqual(before[1]);
  refinerOnly.state.dispose();

  const discriminatorOnly = setUp({ warmup: { refiner: 0, discriminator: 3 }, steps: 0 });
  await collect(discriminatorOnly.run());
  expect(refinerWeights(discriminatorOnly.state)).toEqual(before[0]);
  expect(discriminatorWeights(discriminatorOnly.state)).not.toEqual(before[1]);
  discriminatorOnly.state.dispose();
});

test('an adversarial refiner step moves the refiner, and only through the discriminator if lambda is 0', async () => {
  const { state, run } = setUp({ warmup: { refiner: 0, discriminator: 0 }, lambda: 0, steps: 1 });
  const before = refinerWeights(state);
  await collect(run());
  expect(refinerWeights(state)).not.toEqual(before);
  state.dispose();

  // With a discriminator that says nothing (all weights 0) there is nothing to learn from.
  const mute = setUp({ warmup: { refiner: 0, discriminator: 0 }, lambda: 0, steps: 1 });
  for (const variable of mute.state.discriminator.network.variables) {
    tf.tidy(() => variable.assign(tf.zerosLike(variable)));
  }
  await collect(mute.run());
  expect(refinerWeights(mute.state)).toEqual(before);
  mute.state.dispose();
});

test('the discriminator sees the past: with history it learns otherwise than without', async () => {
  const learned = async (historySize: number) => {
    const { state, run } = setUp({ historySize, steps: 3 });
    await collect(run());
    const weights = discriminatorWeights(state);
    expect(state.history.size).toBe(Math.min(historySize, 2 * 5));
    state.dispose();
    return weights;
  };
  expect(await learned(6)).not.toEqual(await learned(0));
});

test('the losses fall: the warm-up learns the identity, the discriminator tells the two apart', async () => {
  const { state, run } = setUp({
    optimizer: { kind: 'adam' },
    warmup: { refiner: 30, discriminator: 80 },
    steps: 0,
  });
  const steps = await collect(run());
  const [first, last] = [steps[0]!, steps[29]!];
  expect(last.refiner!.regularization).toBeLessThan(first.refiner!.regularization / 2);
  const judged = steps.at(-1)!.discriminator!;
  expect(judged.loss).toBeLessThan(steps[30]!.discriminator!.loss / 2);
  expect(judged.accuracyOnReal).toBeGreaterThan(0.9);
  expect(judged.accuracyOnRefined).toBeGreaterThan(0.9);
  // 5 x 6 patches; eq. 1 sums both halves.
  expect(judged.lossSum).toBeCloseTo(judged.loss * 2 * 30, 3);
  state.dispose();
});

test('a held lambda moves, the average follows the weights with its decay', async () => {
  const { state, run } = setUp({
    lambda: { start: 1, target: 1e-4 },
    averaging: 0.75,
    refinerUpdates: 1,
    warmup: { refiner: 0, discriminator: 0 },
    steps: 1,
  });
  const [before] = refinerWeights(state);
  const [step] = await collect(run());
  expect(step!.refiner!.lambda).toBe(1);
  expect(state.lambda).toBeGreaterThan(1);
  const [after] = refinerWeights(state);
  const average = [...state.averagedRefiner.variables[0]!.dataSync()];
  for (const [i, value] of average.entries()) {
    expect(value).toBeCloseTo(0.75 * before![i]! + 0.25 * after![i]!, 6);
  }
  expect(average).not.toEqual(after);
  state.dispose();
});

test('the same seed gives the same bytes', async () => {
  const weights = async () => {
    const { state, run } = setUp();
    await collect(run());
    const result = [refinerWeights(state), discriminatorWeights(state)];
    state.dispose();
    return result;
  };
  expect(await weights()).toEqual(await weights());
});

test('training that was stopped goes on from its checkpoint as if it had not been', async () => {
  const changes = {
    optimizer: { kind: 'adam' },
    averaging: 0.9,
    steps: 6,
    lambda: { start: 1, target: 0.1 },
  } as const;
  const whole = setUp(changes);
  const allSteps = await collect(whole.run());

  const first = setUp(changes);
  for await (const { step } of first.run()) if (step === 7) break;
  const checkpoint = await takeCheckpoint(first.state);
  first.state.dispose();
  const second = setUp(changes);
  restoreCheckpoint(second.state, checkpoint);
  const rest = await collect(second.run());

  expect(rest).toEqual(allSteps.slice(7));
  expect(await takeCheckpoint(second.state)).toEqual(await takeCheckpoint(whole.state));
  whole.state.dispose();
  second.state.dispose();
});

test('training that is stopped within a turn goes on within it', async () => {
  const changes = { refinerUpdates: 3, discriminatorUpdates: 2, steps: 2 } as const;
  const whole = setUp(changes);
  const allSteps = await collect(whole.run());

  for (const stopAt of [1, 3, 4]) {
    const first = setUp(changes);
    const stop = new AbortController();
    const seen: string[] = [];
    const run = train({
      ...{ plugin, state: first.state, synthetic, real, seed: 4, signal: stop.signal },
      engine: eagerEngine('cpu', 'test', 'cpu'),
      onUpdate(done, updates) {
        seen.push(`${done}/${updates}`);
        if (done === stopAt) stop.abort();
      },
    });
    // The abort is noticed after the next update; the turn is not finished.
    expect((await collect(run)).length).toBe(stopAt === 4 ? 5 : 4);
    expect(seen).toEqual(['1/5', '2/5', '3/5', '4/5'].slice(0, stopAt));
    const checkpoint = await takeCheckpoint(first.state);
    first.state.dispose();

    const second = setUp(changes);
    restoreCheckpoint(second.state, checkpoint);
    const rest = await collect(second.run());
    expect(rest).toEqual(allSteps.slice(stopAt === 4 ? 5 : 4));
    expect(await takeCheckpoint(second.state)).toEqual(await takeCheckpoint(whole.state));
    second.state.dispose();
  }
  whole.state.dispose();
});

test('a checkpoint of other networks is refused whole, with everything that does not fit', async () => {
  const { state } = setUp({ averaging: 0.9 });
  const before = refinerWeights(state);
  const checkpoint = await takeCheckpoint(state);
  const { 'refiner/stem/bias': _, ...tensors } = checkpoint.tensors;
  const broken = {
    ...checkpoint,
    tensors: { ...tensors, 'averaged/image/kernel': { data: new Float32Array(2), shape: [2] } },
  };
  expect(() => restoreCheckpoint(state, broken)).toThrow(
    'refiner/stem/bias is missing; averaged/image/kernel is 2 where 1x1x4x1 is needed',
  );
  expect(refinerWeights(state)).toEqual(before);
  state.dispose();
});

test('less than a batch of pictures and losses that are no numbers end the run with a reason', async () => {
  const { state } = setUp({ batchSize: 21 });
  const engine = eagerEngine('cpu', 'test', 'cpu');
  await expect(collect(train({ plugin, state, synthetic, real, engine, seed: 4 }))).rejects.toThrow(
    'There are 20 synthetic pictures, fewer than the one batch of 21 that a step takes.',
  );
  state.dispose();

  const wild = setUp({ learningRate: 1e30, steps: 20 });
  await expect(collect(wild.run())).rejects.toThrow('Training has diverged');
  wild.state.dispose();
});

test('refine changes pixels and nothing else, whatever the batch', async () => {
  const { state } = setUp();
  const engine = eagerEngine('cpu', 'test', 'cpu');
  const refined = async (batchSize: number) => {
    const samples = [];
    const options = { refiner: state.averagedRefiner, image: plugin.image, engine, batchSize };
    for await (const sample of refine(synthetic, options)) samples.push(sample);
    return samples;
  };
  const [whole, parts] = [await refined(32), await refined(3)];
  expect(parts).toEqual(whole);
  for (let i = 0; i < synthetic.length; i++) {
    const original = await synthetic.at(i);
    expect({ ...whole[i]!, image: original.image }).toEqual(original);
    expect(whole[i]!.image).not.toEqual(original.image);
  }
  state.dispose();
});
