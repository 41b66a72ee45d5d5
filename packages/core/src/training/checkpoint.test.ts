import type * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { blobs, tinyRecipe } from '../../test/blobs.ts';
import { remoteEngine } from '../../test/remote-engine.ts';
import { wasmEngine } from '../../test/wasm-engine.ts';
import { simulate } from '../simulate.ts';
import { type Checkpoint, restoreCheckpoint, takeCheckpoint } from './checkpoint.ts';
import type { TrainingRecipe } from './recipe.ts';
import { type TrainStep, train } from './train.ts';
import { createTraining, type Training } from './training.ts';

const plugin = blobs();
const synthetic = simulate(plugin.simulator, { seed: 1, length: 20 });
const real = simulate(plugin.standIn, { seed: 2, length: 20 });

const setUp = (changes: Partial<TrainingRecipe> = {}, engine = wasmEngine) =>
  createTraining({ plugin, recipe: { ...tinyRecipe, ...changes }, synthetic, real, engine, seed: 3 });

const weightsOf = (variables: readonly tf.Variable[]) =>
  variables.map((variable) => [...variable.dataSync()]);

async function collect(steps: AsyncIterable<TrainStep>): Promise<TrainStep[]> {
  const all: TrainStep[] = [];
  for await (const step of steps) all.push(step);
  return all;
}

/** Everything that a recipe can carry over from one step to the next. */
const everything = {
  optimizer: { kind: 'adam' },
  averaging: 0.9,
  steps: 6,
  lambda: { start: 1, target: 0.1 },
} as const;

/** Trains to the end from a checkpoint. */
async function resumed(checkpoint: Checkpoint, changes: Partial<TrainingRecipe>, engine = wasmEngine) {
  const training = await setUp(changes, engine);
  restoreCheckpoint(training, checkpoint);
  const steps = await collect(train(training));
  const last = await takeCheckpoint(training);
  training.dispose();
  return { steps, last };
}

/** The steps and the final state of a training that nobody interrupted, trained once for all tests. */
function uninterrupted(changes: Partial<TrainingRecipe>): ReturnType<typeof trainWhole> {
  const key = JSON.stringify(changes);
  const whole = wholes.get(key) ?? trainWhole(changes);
  wholes.set(key, whole);
  return whole;
}
const wholes = new Map<string, ReturnType<typeof trainWhole>>();

async function trainWhole(changes: Partial<TrainingRecipe>) {
  const training = await setUp(changes);
  const steps = await collect(train(training));
  const last = await takeCheckpoint(training);
  training.dispose();
  return { steps, last };
}

test('training that was stopped goes on from its checkpoint as if it had not been', async () => {
  const whole = await uninterrupted(everything);
  const first = await setUp(everything);
  for await (const { step } of train(first)) if (step === 7) break;
  const checkpoint = await takeCheckpoint(first);
  first.dispose();

  const rest = await resumed(checkpoint, everything);
  expect(rest.steps).toEqual(whole.steps.slice(7));
  expect(rest.last).toEqual(whole.last);
});

test('a checkpoint holds 32-bit floats and texts alone, as files do', async () => {
  const training = await setUp(everything);
  for await (const { step } of train(training)) if (step === 5) break;
  const { tensors, about } = await takeCheckpoint(training);
  for (const { data, shape } of Object.values(tensors)) {
    expect(data).toBeInstanceOf(Float32Array);
    expect(shape.reduce((a, b) => a * b, 1)).toBe(data.length);
  }
  expect(Object.values(about).every((text) => typeof text === 'string')).toBe(true);
  training.dispose();
});

test.each([1, 2, 3, 4])(
  'training that is aborted after update %i of a turn goes on within it',
  async (stopAt) => {
    const changes = { refinerUpdates: 3, discriminatorUpdates: 2, steps: 2, averaging: 0.9 } as const;
    const whole = await uninterrupted(changes);

    const first = await setUp(changes);
    const stop = new AbortController();
    const seen: string[] = [];
    const run = train(first, {
      signal: stop.signal,
      onUpdate(done, updates) {
        seen.push(`${done}/${updates}`);
        if (done === stopAt) stop.abort();
      },
    });
    expect(await collect(run)).toEqual(whole.steps.slice(0, 4));
    expect(seen).toEqual(['1/5', '2/5', '3/5', '4/5'].slice(0, stopAt));
    const { turn } = first;
    expect([turn.refinerUpdates, turn.discriminatorUpdates]).toEqual([
      Math.min(3, stopAt),
      Math.max(0, stopAt - 3),
    ]);
    const checkpoint = await takeCheckpoint(first);

    // From the checkpoint, and the interrupted training itself.
    const rest = await resumed(checkpoint, changes);
    expect(rest.steps).toEqual(whole.steps.slice(4));
    expect(rest.last).toEqual(whole.last);
    expect(await collect(train(first))).toEqual(whole.steps.slice(4));
    expect(await takeCheckpoint(first)).toEqual(whole.last);
    first.dispose();
  },
);

test('an abort during the warm-up ends between two steps', async () => {
  const whole = await uninterrupted({});
  const first = await setUp();
  const stop = new AbortController();
  for await (const { step } of train(first, { signal: stop.signal })) if (step === 3) stop.abort();
  expect(first.step).toBe(3);
  expect(await collect(train(first))).toEqual(whole.steps.slice(3));
  expect(await takeCheckpoint(first)).toEqual(whole.last);
  first.dispose();
});

test('within the loop a checkpoint holds the present weights, also of an engine that keeps them elsewhere', async () => {
  const whole = await uninterrupted(everything);
  const [here, remote] = [await setUp(everything), await setUp(everything, remoteEngine())];
  const initial = weightsOf(remote.refiner.network.variables);
  const states = async (training: Training) => {
    const checkpoints: Checkpoint[] = [];
    for await (const _ of train(training)) {
      // Without a checkpoint the engine keeps what it learned to itself.
      if (training === remote && checkpoints.length === 0) {
        expect(weightsOf(training.refiner.network.variables)).toEqual(initial);
      }
      checkpoints.push(await takeCheckpoint(training));
    }
    return checkpoints;
  };
  const [expected, actual] = [await states(here), await states(remote)];
  expect(actual).toEqual(expected);
  expect(
    new Set(actual.map(({ tensors }) => tensors['refiner/stem/kernel']!.data.join())).size,
  ).toBeGreaterThan(6);
  here.dispose();
  remote.dispose();

  const rest = await resumed(actual[6]!, everything, remoteEngine());
  expect(rest.steps).toEqual(whole.steps.slice(7));
  expect(rest.last).toEqual(whole.last);
});

test('after the loop the variables hold what was learned, whatever the engine', async () => {
  const training = await setUp(everything, remoteEngine());
  for await (const { step } of train(training)) if (step === 5) break;
  const { refiner, discriminator, averagedRefiner } = training;
  const shown = [refiner.network, discriminator.network, averagedRefiner].map(({ variables }) =>
    weightsOf(variables),
  );
  const { tensors } = await takeCheckpoint(training);
  const held = ['refiner/', 'discriminator/', 'averaged/'].map((group) =>
    Object.entries(tensors).flatMap(([name, { data }]) =>
      name.startsWith(group) && !name.includes('/optimizer/') ? [[...data]] : [],
    ),
  );
  expect(shown).toEqual(held);
  training.dispose();
});

test('a training that is put back to a checkpoint in the middle of its loop goes on from there', async () => {
  const whole = await uninterrupted(everything);
  for (const engine of [wasmEngine, remoteEngine()]) {
    const training = await setUp(everything, engine);
    let checkpoint: Checkpoint | undefined;
    const steps: TrainStep[] = [];
    for await (const step of train(training)) {
      steps.push(step);
      if (steps.length === 6) checkpoint = await takeCheckpoint(training);
      if (steps.length === 8) restoreCheckpoint(training, checkpoint!);
    }
    expect(steps).toEqual([...whole.steps.slice(0, 8), ...whole.steps.slice(6)]);
    expect(await takeCheckpoint(training)).toEqual(whole.last);
    training.dispose();
  }
});

test('a checkpoint of other networks is refused whole, with everything that does not fit', async () => {
  const training = await setUp({ averaging: 0.9 });
  for await (const { step } of train(training)) if (step === 6) break;
  const checkpoint = await takeCheckpoint(training);
  const { 'refiner/stem/bias': _, ...tensors } = checkpoint.tensors;
  const broken = {
    ...checkpoint,
    tensors: { ...tensors, 'averaged/image/kernel': { data: new Float32Array(2), shape: [2] } },
  };
  expect(() => restoreCheckpoint(training, broken)).toThrow(
    'refiner/stem/bias is missing; averaged/image/kernel is 2 where 1x1x4x1 is needed',
  );

  const { history } = checkpoint.tensors;
  const infinite = { ...history!, data: history!.data.map(() => Number.POSITIVE_INFINITY) };
  const refused: [Partial<Checkpoint>, string][] = [
    [{ about: {} }, 'it does not say how far training had come'],
    [{ about: { training: '{"step":-1}' } }, 'it does not say how far training had come'],
    [{ about: { training: 'null' } }, 'it does not say how far training had come'],
    [
      { about: { ...checkpoint.about, regularizer: 'abc' } },
      "the regularizer's features were abc and are none now",
    ],
    [
      { tensors: { ...checkpoint.tensors, history: infinite } },
      'its history holds values that are not finite',
    ],
    [
      { tensors: { ...checkpoint.tensors, history: { data: new Float32Array(14), shape: [7, 2] } } },
      'its history is 7x2',
    ],
  ];
  for (const [change, problem] of refused) {
    expect(() => restoreCheckpoint(training, { ...checkpoint, ...change })).toThrow(
      expect.objectContaining({ code: 'INVALID_FILE', message: expect.stringContaining(problem) }),
    );
  }
  expect(await takeCheckpoint(training)).toEqual(checkpoint);
  training.dispose();
});
