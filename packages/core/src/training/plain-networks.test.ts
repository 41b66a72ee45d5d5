import { expect, test } from 'vitest';
import { blobs, tinyRecipe } from '../../test/blobs.ts';
import { plainDiscriminator, plainRefiner } from '../../test/plain-networks.ts';
import { wasmEngine } from '../../test/wasm-engine.ts';
import type { NetworkBuilder, Refiner } from '../networks/network.ts';
import { createVariable } from '../networks/variables.ts';
import { simulate } from '../simulate.ts';
import { type Checkpoint, restoreCheckpoint, takeCheckpoint } from './checkpoint.ts';
import { type TrainStep, train } from './train.ts';
import { createTraining, trainedRefiner } from './training.ts';

const plugin = blobs();
const synthetic = simulate(plugin.simulator, { seed: 1, length: 20 });
const real = simulate(plugin.standIn, { seed: 2, length: 20 });

const setUp = (networks: Partial<typeof plugin>) =>
  createTraining({
    plugin: { ...plugin, ...networks },
    recipe: { ...tinyRecipe, optimizer: { kind: 'adam' }, averaging: 0.8 },
    ...{ synthetic, real, engine: wasmEngine, seed: 3 },
  });

test.each([
  ['named', (layer: string) => layer, ['first', 'second']],
  ['without names', () => undefined, ['variable0', 'variable1']],
] as const)(
  'networks of plain variables %s train, are averaged, and resume bit by bit',
  async (_, nameOf, names) => {
    const networks = { refiner: plainRefiner(nameOf), discriminator: plainDiscriminator(nameOf) };
    const whole = await setUp(networks);
    const steps: TrainStep[] = [];
    let checkpoint: Checkpoint | undefined;
    for await (const step of train(whole)) {
      steps.push(step);
      if (steps.length === 5) checkpoint = await takeCheckpoint(whole);
    }
    for (const name of names) {
      const [latest, average] = ['refiner', 'averaged'].map(
        (group) => checkpoint!.tensors[`${group}/${name}`]!,
      );
      expect(average!.shape).toEqual(latest!.shape);
      expect(average).not.toEqual(latest);
    }
    expect(checkpoint!.tensors).toHaveProperty([`discriminator/${names[0]}`]);

    const second = await setUp(networks);
    restoreCheckpoint(second, checkpoint!);
    const rest: TrainStep[] = [];
    for await (const step of train(second)) rest.push(step);
    expect(rest).toEqual(steps.slice(5));
    const last = await takeCheckpoint(second);
    expect(last).toEqual(await takeCheckpoint(whole));
    expect(last.tensors[`refiner/${names[1]}`]).not.toEqual(checkpoint!.tensors[`refiner/${names[1]}`]);

    const refiners = [whole, second].map(trainedRefiner);
    const sample = await synthetic.at(0);
    const [one, other] = await Promise.all(refiners.map((refiner) => refiner.refine(sample)));
    expect(other).toEqual(one);
    expect(other!.image).not.toEqual(sample.image);
    for (const refiner of refiners) await refiner.dispose();
    whole.dispose();
    second.dispose();
  },
);

const sentence = (name: string) => ({
  code: 'INVALID_PLUGIN',
  message: `Two variables of the network are called ${name}, so a file cannot tell them apart. Rename one.`,
});

test('two variables of one name are refused, whichever way they were made, and nothing is left behind', async () => {
  await expect(setUp({ refiner: plainRefiner(() => 'kernel') })).rejects.toMatchObject(sentence('kernel'));

  const twice: NetworkBuilder<Refiner> = (form, seed) => {
    const network = plugin.refiner(form, seed);
    const extra = ['stem', 'stem'].map((name) => createVariable(`${name}/gain`, new Float32Array(1), [1]));
    return { ...network, variables: [...network.variables, ...extra] };
  };
  await expect(setUp({ refiner: twice })).rejects.toMatchObject(sentence('stem/gain'));

  // The second network fails when the first is already there.
  const discriminator = plainDiscriminator(() => 'kernel');
  const broken: typeof discriminator = (form, seed) => {
    const networks = [discriminator(form, seed), discriminator(form, seed)];
    return { ...networks[0]!, variables: networks.flatMap(({ variables }) => variables) };
  };
  await expect(setUp({ discriminator: broken })).rejects.toMatchObject(sentence('kernel'));
});

test('a network that shares its variables with its averaged copy is refused', async () => {
  const made = plainRefiner((layer) => layer)(plugin.image, 1);
  await expect(setUp({ refiner: () => made })).rejects.toMatchObject({
    code: 'INVALID_PLUGIN',
    message: expect.stringContaining('The variable first of the network was not made by its builder.'),
  });
  made.dispose();
});

test('variables of the same names that others made in the process are not touched', async () => {
  const mine = plainRefiner((layer) => layer)(plugin.image, 1);
  const before = mine.variables.map((variable) => [variable.name, ...variable.dataSync()]);
  const training = await setUp({ refiner: plainRefiner((layer) => layer) });
  for await (const { step } of train(training)) if (step === 5) break;
  expect(mine.variables.map((variable) => [variable.name, ...variable.dataSync()])).toEqual(before);
  training.dispose();
  mine.dispose();
});
