import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { blobs, tinyRecipe } from '../../test/blobs.ts';
import { wasmEngine } from '../../test/wasm-engine.ts';
import type { Engine } from '../engine/engine.ts';
import { simulate } from '../simulate.ts';
import { takeCheckpoint } from './checkpoint.ts';
import type { TrainingRecipe } from './recipe.ts';
import { train } from './train.ts';
import { createTraining } from './training.ts';

const plugin = blobs();
const synthetic = simulate(plugin.simulator, { seed: 1, length: 20 });
const real = simulate(plugin.standIn, { seed: 2, length: 20 });

/** An engine that takes its time to report, and tells what begins and what is reported. */
function slowEngine(): { engine: Engine; events: string[] } {
  const events: string[] = [];
  const compile = ((step) => {
    const compiled = wasmEngine.compile(step);
    return {
      ...compiled,
      async run(inputs) {
        const name = inputs.lambda ? 'refiner' : inputs.real ? 'discriminator' : 'refined';
        events.push(`${name} begins`);
        const outputs = await compiled.run(inputs);
        await setTimeout(20);
        events.push(`${name} reports`);
        return outputs;
      },
    };
  }) as Engine['compile'];
  return { engine: { ...wasmEngine, compile }, events };
}

async function turnOf(changes: Partial<TrainingRecipe>) {
  const { engine, events } = slowEngine();
  const recipe = { ...tinyRecipe, warmup: { refiner: 0, discriminator: 0 }, steps: 1, ...changes };
  const training = await createTraining({ plugin, recipe, synthetic, real, engine, seed: 3 });
  const saved: (string | undefined)[] = [];
  const onUpdate = async () => {
    if (changes.discriminatorUpdates) saved.push((await takeCheckpoint(training)).about.training);
  };
  for await (const { phase } of train(training, { onUpdate })) events.push(phase);
  training.dispose();
  return { events, saved };
}

test('an update begins before the losses of the one before are read', async () => {
  const { events } = await turnOf({ refinerUpdates: 2 });
  expect(events.slice(0, 3)).toEqual(['refiner begins', 'refiner begins', 'refiner reports']);
  expect(events.indexOf('refined begins')).toBeLessThan(events.lastIndexOf('refiner reports'));
  expect(events.slice(-2)).toEqual(['discriminator reports', 'adversarial']);
});

test('a weight that follows the losses waits for them', async () => {
  const { events } = await turnOf({ refinerUpdates: 2, lambda: { start: 1, target: 0.1 } });
  expect(events.slice(0, 3)).toEqual(['refiner begins', 'refiner reports', 'refiner begins']);
});

test('a checkpoint within a turn waits for the losses of its update', async () => {
  const { saved } = await turnOf({ refinerUpdates: 2, discriminatorUpdates: 2 });
  const turns = saved.map((text) => (JSON.parse(text!) as { turn: object }).turn);
  expect(turns).toEqual([
    { refinerUpdates: 1, discriminatorUpdates: 0, refiner: expect.any(Object) },
    { refinerUpdates: 2, discriminatorUpdates: 0, refiner: expect.any(Object) },
    expect.objectContaining({ discriminatorUpdates: 1, discriminator: expect.any(Object) }),
  ]);
});

test('a training that diverges says so, although its losses are read late', async () => {
  const training = await createTraining({
    plugin,
    recipe: {
      ...tinyRecipe,
      warmup: { refiner: 0, discriminator: 0 },
      refinerUpdates: 3,
      learningRate: 1e30,
    },
    synthetic,
    real,
    engine: wasmEngine,
    seed: 3,
  });
  const run = async () => {
    for await (const _ of train(training));
  };
  await expect(run()).rejects.toMatchObject({ code: 'TRAINING_DIVERGED' });
  training.dispose();
});
