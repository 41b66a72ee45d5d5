/** @file Files of arrays: safetensors, checkpoints, refiners; and the records of a run. */
import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Rng, readSafetensors, simulate, writeSafetensors } from '@simgan/core';
import {
  type Checkpoint,
  createTraining,
  restoreCheckpoint,
  takeCheckpoint,
  train,
} from '@simgan/core/training';
import { createEngine, loadCheckpoint, openRefiner, openRun, saveCheckpoint, trainRun } from '@simgan/node';
import blobs from '../../../packages/node/test/blobs-plugin.ts';
import { type Kind, writeFiles } from '../kind.ts';
import { mutateBytes, mutateText, pick } from '../mutate.ts';
import { Defect, type Outcome, outcomeOfError } from '../outcome.ts';

const plugin = blobs();

const safetensors: Kind = {
  name: 'safetensors',
  share: 1,
  async prepare() {
    const sound = writeSafetensors({
      tensors: {
        'a/kernel': { data: Float32Array.from({ length: 24 }, (_, i) => i / 7), shape: [2, 3, 4] },
        counts: { data: Int32Array.of(1, 2, 3), shape: [3] },
        scalar: { data: Float32Array.of(1), shape: [] },
        bytes: { data: Uint8Array.of(1, 2, 3, 4, 5), shape: [5] },
      },
      metadata: { note: 'a note', step: '7' },
    });
    return {
      attempt: async (rng) => {
        try {
          const { tensors, metadata } = readSafetensors(mutateSafetensors(sound, rng));
          for (const [name, { data, shape }] of Object.entries(tensors)) {
            if (data.length !== shape.reduce((a, b) => a * b, 1))
              throw new Defect(`${name} does not fill its shape`);
          }
          if (!Object.values(metadata).every((text) => typeof text === 'string'))
            throw new Defect('No texts');
          return 'success';
        } catch (error) {
          return outcomeOfError(error);
        }
      },
    };
  },
};

/** Changes bytes, or the header's text with its length. */
function mutateSafetensors(bytes: Uint8Array, rng: Rng): Uint8Array {
  if (rng.next() < 0.5) return mutateBytes(bytes, rng);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header = new TextDecoder().decode(bytes.subarray(8, 8 + length));
  const changed = mutateText(header, rng);
  const start = new Uint8Array(8);
  new DataView(start.buffer).setBigUint64(0, BigInt(changed.length), true);
  return Uint8Array.from(Buffer.concat([start, changed, bytes.subarray(8 + length)]));
}

/** A checkpoint with changes that its checksum covers, as another program might write it. */
function mutateContent({ tensors, about }: Checkpoint, rng: Rng): Checkpoint {
  const texts = { ...about };
  const arrays = { ...tensors };
  for (let i = 1 + rng.int(2); i > 0; i--) {
    const isText = rng.next() < 0.5;
    const name = pick(Object.keys(isText ? texts : arrays), rng);
    if (isText) {
      texts[name] = new TextDecoder().decode(mutateText(texts[name]!, rng));
      continue;
    }
    const { data, shape } = arrays[name]!;
    const changes = [
      () => ({ data: data.map((value, at) => (at === 0 ? pick([1e38, -0, 1e-45], rng) : value)), shape }),
      () => ({ data: data.slice(0, 1), shape: [1] }),
      () => ({ data, shape: [data.length] }),
      () => ({ data, shape: [1, ...shape] }),
      () => ({ data: new Float32Array(0), shape: [0, ...shape] }),
      () => undefined,
    ];
    const changed = pick(changes, rng)();
    if (changed) arrays[name] = changed;
    else delete arrays[name];
    if (rng.next() < 0.2)
      arrays[pick(['__proto__', 'more', 'history', 'matching/tints'], rng)] = { data, shape };
  }
  return { tensors: arrays, about: texts };
}

const checkpoint: Kind = {
  name: 'checkpoint',
  share: 1,
  async prepare(dir) {
    const { engine } = await createEngine('cpu');
    const training = await createTraining({
      plugin,
      recipe: plugin.recipes.quick,
      synthetic: simulate(plugin.simulator, { seed: 1, length: 8 }),
      real: simulate(plugin.standIn, { seed: 2, length: 8 }),
      engine,
      seed: 3,
    });
    for await (const { step } of train(training)) if (step === 4) break;
    const sound = await takeCheckpoint(training);
    const whole = join(dir, 'whole.safetensors');
    await saveCheckpoint(whole, sound);
    const bytes = await readFile(whole);
    return {
      async attempt(rng, index) {
        const file = join(dir, `${index % 2}.safetensors`);
        const isCovered = rng.next() < 0.6;
        if (isCovered) await saveCheckpoint(file, mutateContent(sound, rng));
        else await writeFiles(dir, { [`${index % 2}.safetensors`]: mutateBytes(bytes, rng) });
        try {
          const loaded = await loadCheckpoint(file);
          restoreCheckpoint(training, loaded!);
          const { step, lambda } = training;
          if (!Number.isSafeInteger(step) || !Number.isFinite(lambda))
            throw new Defect(`Step ${step}, lambda ${lambda}`);
          return 'success';
        } catch (error) {
          return outcomeOfError(error);
        }
      },
      async close() {
        training.dispose();
        await engine.dispose();
      },
    };
  },
};

/** A run of a few steps, trained once for all kinds of a process. */
async function smallRun(dir: string): Promise<string> {
  const run = join(dir, 'run');
  await trainRun({ plugin, recipe: 'matched', engine: 'cpu', steps: 2, out: run, seed: 1 });
  return run;
}

const refiner: Kind = {
  name: 'refiner',
  share: 0.3,
  async prepare(dir) {
    const run = await smallRun(dir);
    const sound = await readFile(join(run, 'refiner.safetensors'));
    const { tensors, metadata } = readSafetensors(sound);
    const { sha256: _, ...about } = metadata;
    const content = { tensors: { ...tensors }, about } as unknown as Checkpoint;
    const { engine } = await createEngine('cpu');
    const { image } = await simulate(plugin.simulator, { seed: 5, length: 1 }).at(0);
    return {
      async attempt(rng, index) {
        const name = `${index % 2}.safetensors`;
        const file = join(dir, name);
        if (rng.next() < 0.6) await saveCheckpoint(file, mutateContent(content, rng));
        else await writeFiles(dir, { [name]: mutateBytes(sound, rng) });
        try {
          const opened = await openRefiner(file, { plugin, engine });
          try {
            const refined = await opened.refine(image);
            if (refined.width !== image.width) throw new Defect('The refined image has another size');
          } finally {
            await opened.dispose();
          }
          return 'success';
        } catch (error) {
          return outcomeOfError(error);
        }
      },
      close: () => engine.dispose(),
    };
  },
};

/** A text file of a run's folder, damaged, and the run opened. */
function runKind(name: 'run.json' | 'log.jsonl'): Kind {
  return {
    name,
    share: 1,
    isTolerant: name === 'log.jsonl',
    async prepare(dir) {
      const run = await smallRun(dir);
      const text = await readFile(join(run, name), 'utf8');
      await copyFile(join(run, name), join(dir, name));
      return {
        async attempt(rng): Promise<Outcome> {
          await writeFiles(run, { [name]: mutateText(text, rng) });
          try {
            const { config, steps, isDone } = await openRun(run);
            if (typeof config.recipe !== 'string' || !isDone) throw new Defect('The run has no recipe');
            const isStep = (value: unknown) => Number((value as { step?: unknown } | null)?.step) > 0;
            if (!(await steps()).every(isStep)) throw new Defect('What is no step is given as one');
            return 'success';
          } catch (error) {
            return outcomeOfError(error);
          }
        },
      };
    },
  };
}

export const weightKinds: readonly Kind[] = [
  safetensors,
  checkpoint,
  refiner,
  runKind('run.json'),
  runKind('log.jsonl'),
];
