/**
 * @file Failures provoked in three domains, and what the looks at each training said: the table of docs/steering.md.
 * Eyes and hands are trained towards their stand-in cameras, print digits by the plugin images towards MNIST. Each failure
 * is a training of a few turns that is made to fail in one way; the first row is the quick recipe as it is, which should
 * get no symptom.
 *
 *     npm run research:failures -- --data DIR       # DIR holds digits/; without it eyes and hands alone
 *
 * Options: `--fonts /usr/share/fonts/truetype`, `--steps 12`, `--healthy 40` (turns of the first row), `--domains
 * eyes,hands,digits`, `--threads 1`.
 */
import { parseArgs } from 'node:util';
import {
  createTraining,
  type Dataset,
  datasetOf,
  itemsOf,
  type Network,
  type NetworkBuilder,
  type Plugin,
  type RealImage,
  type Refiner,
  type Sample,
  SimganError,
  type SizedForm,
  selectItems,
  simulate,
  type TrainingRecipe,
  takeFrom,
  train,
} from '@simgan/core';
import { createLookout, followPictures, type Signals, symptomsOf } from '@simgan/core/monitoring';
import { trainingForm } from '@simgan/core/training';
import { createEngine } from '@simgan/node';
import { depthHands } from '@simgan/plugin-depth-hands';
import { eyes } from '@simgan/plugin-eyes';
import { images } from '@simgan/plugin-images';
import * as tf from '@tensorflow/tfjs-core';
import { openReport } from './report.ts';
import { printToMnist } from './tasks/print-digits.ts';

const { values: options } = parseArgs({
  options: {
    data: { type: 'string' },
    fonts: { type: 'string', default: '/usr/share/fonts/truetype' },
    domains: { type: 'string', default: 'eyes,hands,digits' },
    steps: { type: 'string', default: '12' },
    healthy: { type: 'string', default: '40' },
    threads: { type: 'string', default: '1' },
  },
});
const [steps, healthy] = [Number(options.steps), Number(options.healthy)];

interface Domain {
  readonly plugin: Plugin;
  readonly synthetic: Dataset<Sample<unknown>>;
  readonly real: Dataset<RealImage>;
  readonly heldOut: Dataset<RealImage>;
}

const PICTURES = 96;

const ofCamera = (plugin: Plugin): Domain => ({
  plugin,
  synthetic: simulate(plugin.simulator!, { seed: 1, length: PICTURES }),
  real: simulate(plugin.standIn!, { seed: 2, length: PICTURES }),
  heldOut: simulate(plugin.standIn!, { seed: 3, length: PICTURES / 2 }),
});

const domains: Readonly<Record<string, () => Promise<Domain | undefined>>> = {
  eyes: async () => ofCamera(eyes() as Plugin),
  hands: async () => ofCamera(depthHands({ size: 32 }) as Plugin),
  async digits() {
    if (options.data === undefined) return undefined;
    const { raw, real } = await printToMnist({ data: options.data, fonts: options.fonts });
    return {
      plugin: images({ channels: 1, crop: 28 }) as Plugin,
      synthetic: (await raw(1, PICTURES)) as Dataset<Sample<unknown>>,
      real: takeFrom(real, PICTURES),
      heldOut: selectItems(
        real,
        Array.from({ length: PICTURES / 2 }, (_, n) => PICTURES + n),
      ),
    };
  },
};

/** A refiner that does one thing whatever it learns; one value of it is free, so that there is something to train. */
const fixed =
  (apply: (batch: tf.Tensor4D, free: tf.Variable) => tf.Tensor): NetworkBuilder<Refiner> =>
  () => {
    const free = tf.variable(tf.zeros([1, 1, 1, 1]), true);
    const variables = [free];
    return {
      ...{ noiseChannels: 0, receptiveField: 1, variables },
      apply: (batch) => apply(batch, free) as tf.Tensor4D,
      dispose: () => tf.dispose(variables),
    } satisfies Refiner & Network;
  };

/** The same shape for every picture, `[1, height, width, 1]`, as a constant that the engine can trace. */
const shape = ({ width, height }: SizedForm, paint: (x: number, y: number) => number) =>
  tf.engine().makeTensor(
    Float32Array.from({ length: width * height }, (_, i) => paint(i % width, Math.floor(i / width))),
    [1, height, width, 1],
    'float32',
    tf.findBackend('cpu'),
  );

/** What makes a training fail, by the symptom that it should get. */
const failures = (form: SizedForm): Readonly<Record<string, Partial<TrainingRecipe>>> => ({
  'no effect': { lambda: 1000 },
  'discriminator won': {
    learningRate: 0.003,
    discriminatorUpdates: 8,
    steps: 4 * steps,
    refiner: fixed((batch, free) => tf.add(batch, tf.mul(free, 1e-6))),
  },
  'discriminator learns nothing': { optimizer: { kind: 'sgd' }, learningRate: 1e-7 },
  'target out of reach': { lambda: { start: 0.05, target: 1.5 }, learningRate: 1e-5 },
  collapse: { refiner: fixed((batch, free) => tf.add(tf.add(tf.mul(batch, 0.02), free), 0.1)) },
  'content redrawn': { refiner: fixed((batch, free) => tf.add(tf.neg(batch), free)) },
  'fixed pattern': {
    refiner: fixed((batch, free) =>
      tf.add(
        tf.add(tf.mul(batch, 0.9), free),
        shape(form, (x, y) => ((x + y) % 2 ? 0.2 : -0.2)),
      ),
    ),
  },
  frame: {
    refiner: fixed((batch, free) =>
      tf.add(
        tf.add(batch, free),
        shape(form, (x, y) => (Math.min(x, y, form.width - 1 - x, form.height - 1 - y) < 2 ? 0.5 : 0)),
      ),
    ),
  },
  'labels move': { refiner: fixed((batch, free) => tf.add(tf.reverse(batch, 2), free)) },
  'farther from real': {
    lambda: 1000,
    refiner: fixed((batch, free) => tf.add(tf.sub(tf.mul(batch, 0.2), 0.7), free)),
  },
  'real pictures memorized': { discriminatorUpdates: 6, learningRate: 0.002, lambda: 1000, steps: 4 * steps },
  divergence: { learningRate: 1e6, optimizer: { kind: 'sgd' } },
});

const TAUGHT = ['healthy', 'no effect', 'discriminator won'];

const { figures, say, note, save, minutes } = openReport('failures');
const { engine } = await createEngine('onnx', { threads: Number(options.threads), device: 'cpu' });

/** What is said of a training at its end, with this changed. */
async function provoke(domain: Domain, name: string, change: Partial<TrainingRecipe>): Promise<string[]> {
  const { plugin } = domain;
  const quick = plugin.recipes.quick as TrainingRecipe;
  const turns = change.steps ?? steps;
  const every = Math.max(1, Math.floor(turns / 3));
  const recipe: TrainingRecipe = {
    ...quick,
    steps,
    batchSize: 8,
    historySize: 64,
    averaging: 0.5,
    match: 'none',
    // What is about the discriminator needs one that has learned.
    warmup: { refiner: 0, discriminator: TAUGHT.includes(name) ? 20 : 2 },
    ...change,
    steering: { ...quick.steering, every, least: every, pictures: 32, use: false },
  };
  const real = name === 'real pictures memorized' ? takeFrom(domain.real, 8) : domain.real;
  const training = await createTraining({ ...domain, real, recipe, engine, seed: 3 });
  const followed = followPictures({ training, synthetic: domain.synthetic, probe: plugin.probe });
  const lookout = await createLookout({ training, followed, heldOut: domain.heldOut });
  const looks: Signals[] = [];
  const first = recipe.warmup.discriminator;
  try {
    for await (const step of train(training)) {
      if (step.phase !== 'adversarial' || (step.step - first) % every !== 0) continue;
      looks.push(await lookout.look(step));
    }
    note(`${plugin.name}: ${name}: ${JSON.stringify(looks.at(-1))}`);
    return symptomsOf(looks, recipe).map((symptom) => `${symptom.name}: ${symptom.finding}`);
  } catch (error) {
    if (error instanceof SimganError && error.code === 'TRAINING_DIVERGED')
      return [`divergence: ${error.message}`];
    throw error;
  } finally {
    await lookout.dispose();
    await followed.dispose();
    training.dispose();
  }
}

const said: Record<string, Record<string, readonly string[]>> = {};
for (const name of options.domains.split(',')) {
  const domain = await domains[name]?.();
  if (!domain) continue;
  // In memory: they are drawn for every training.
  const [synthetic, real, heldOut] = [
    datasetOf(await itemsOf(domain.synthetic)),
    datasetOf(await itemsOf(domain.real)),
    datasetOf(await itemsOf(domain.heldOut)),
  ];
  const held = { ...domain, synthetic, real, heldOut };
  const rows: Record<string, readonly string[]> = {};
  said[name] = rows;
  const form = trainingForm(domain.plugin.image, domain.plugin.recipes.quick as TrainingRecipe);
  for (const [failure, change] of Object.entries({ healthy: { steps: healthy }, ...failures(form) })) {
    if (failure === 'labels move' && !domain.plugin.probe) continue;
    rows[failure] = await provoke(held, failure, change);
    figures.said = said;
    save();
  }
}
await engine.dispose();

say('## Failures provoked in three domains');
say();
say(
  `Each is a training of ${steps} turns with batches of 8, looked at three times; ${minutes().toFixed(0)} minutes in all. In bold what it was made for.`,
);
for (const [name, rows] of Object.entries(said)) {
  say();
  say(`### ${name}`);
  say();
  say('| made for | what was said |');
  say('| --- | --- |');
  for (const [failure, symptoms] of Object.entries(rows)) {
    const cell = symptoms.map((text) =>
      text.replace(/^([^:]+)/, (_, one) => (one === failure ? `**${one}**` : one)),
    );
    say(`| ${failure} | ${cell.join('<br>') || 'nothing'} |`);
  }
}
note(`saved in ${save()}`);
