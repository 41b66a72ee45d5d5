import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { residualRefiner, type TrainingRecipe } from '@simgan/core';
import { certificateText } from '@simgan/core/evaluation';
import type { NetworkBuilder, Refiner } from '@simgan/core/networks';
import * as tf from '@tensorflow/tfjs-core';
import { expect, test } from 'vitest';
import { wasmEngine } from '../../../core/test/wasm-engine.ts';
import { blobPlace } from '../../test/blob-place.ts';
import { blobs } from '../../test/blobs.ts';
import { filesBelow, jsonLines, readJson, temporaryFolder } from '../../test/folders.ts';
import { augment } from './augment.ts';
import type { AugmentOptions } from './augment-options.ts';

const plugin = blobs();
const gentle: TrainingRecipe = {
  ...plugin.recipes.quick!,
  refiner: residualRefiner({ width: 4, blocks: 1, output: 'residual' }),
};
/** A refiner that mirrors its pictures, so that blobs move the farther the less they are in the middle. */
const mirror: NetworkBuilder<Refiner> = () => {
  const offset = tf.tidy(() => tf.variable(tf.zeros([1, 1, 1, 1])));
  return {
    noiseChannels: 0,
    receptiveField: 1,
    variables: [offset],
    apply: (batch) => tf.add(tf.reverse(batch, 2), offset),
    dispose: () => offset.dispose(),
  };
};
const mirroring: TrainingRecipe = { ...gentle, refiner: mirror, learningRate: 1e-6 };

const setUp = async (recipe: TrainingRecipe, more: Partial<AugmentOptions> = {}) => ({
  plugin,
  engine: wasmEngine,
  cwd: await temporaryFolder(),
  recipe,
  count: 40,
  ...more,
});

interface Line {
  readonly file_name: string;
  readonly simgan: {
    readonly id: string;
    readonly labelShift?: { readonly shift?: number; readonly moved?: true };
  };
}

test('a refinement that changes hardly anything is no different, and its labels are certified', async () => {
  const { verdict, dir, dataset } = await augment(await setUp({ ...gentle, learningRate: 1e-6 }));
  expect(verdict).toMatchObject({
    verdict: 'no different',
    looks: 'no different',
    labels: 'hold',
    use: 'not judged',
  });
  expect(verdict!.certificate).toMatchObject({ quantity: 'place', sampled: 40, within: 40, limit: 1 });
  expect(verdict!.certificate!.atLeast).toBeCloseTo(0.01 ** (1 / 40), 6);
  expect(verdict!.comparison!.closed.value).toBeCloseTo(0, 1);

  // Both descriptions carry it, beside the dataset, and have the hashes of its files.
  const certificate = certificateText(verdict!.certificate!);
  const card = await readFile(join(dir, 'README.md'), 'utf8');
  expect(card).toContain(`40 pictures. The pictures were simulated and then refined`);
  expect(card).toContain(`## Labels\n\n${certificate}\n`);
  expect(card).toContain('- How it was made: `dataset/dataset.json`.');
  expect(card).toContain('"path":["dataset/images/**","dataset/metadata.jsonl"]');
  const described = await readJson(join(dir, 'croissant.json'));
  expect(described).toMatchObject({ 'rai:dataAnnotationAnalysis': [certificate] });
  const hashes = await filesBelow(dataset);
  const listed = (described.distribution as { contentUrl?: string; sha256?: string }[]).filter(
    ({ contentUrl }) => contentUrl,
  );
  expect(listed.map(({ contentUrl, sha256 }) => [contentUrl, sha256])).toEqual(
    ['dataset.json', 'metadata.jsonl', 'rejects.jsonl'].map((name) => [`dataset/${name}`, hashes[name]]),
  );
});

test('labels that moved make the verdict worse', async () => {
  const { verdict } = await augment(await setUp(mirroring));
  expect(verdict).toMatchObject({ verdict: 'worse', labels: 'moved' });
  expect(verdict!.certificate!.atLeast).toBeLessThan(0.5);
});

test('nothing is judged where nothing was done', async () => {
  const { verdict } = await augment({ ...(await setUp(gentle)), recipe: undefined, treat: 'raw' });
  expect(verdict).toBeUndefined();
});

test('each line has its shift, and samples beyond the limit are flagged', async () => {
  const result = await augment(await setUp(mirroring, { maxLabelShift: 0.5 }));
  const lines = (await jsonLines(join(result.dataset, 'metadata.jsonl'))) as unknown as Line[];
  expect(lines).toHaveLength(40);
  for (const { simgan } of lines) {
    const { shift, moved } = simgan.labelShift!;
    expect(moved ?? false).toBe(shift! > 0.5);
  }
  expect(lines.filter(({ simgan }) => simgan.labelShift!.moved).length).toBeGreaterThan(10);
});

test('samples beyond the limit are dropped with a reason; a resumed job drops the same', async () => {
  const drop = { maxLabelShift: 2.5, movedLabels: 'drop', treat: 'refined' } as const;
  const options = await setUp(mirroring, drop);
  const result = await augment({ ...options, out: 'whole' });
  const lines = (await jsonLines(join(result.dataset, 'metadata.jsonl'))) as unknown as Line[];
  const rejects = await jsonLines(join(result.dataset, 'rejects.jsonl'));
  expect(rejects.length).toBeGreaterThan(0);
  expect(lines.length).toBeGreaterThan(0);
  expect(lines.length + rejects.length).toBe(40);
  expect(result).toMatchObject({ count: lines.length, rejects: rejects.length });
  expect(rejects[0]).toMatchObject({
    of: 'refined',
    reason: expect.stringMatching(/moved \d\.\d\d px, more than 2.5/),
  });
  expect(lines.map(({ file_name }) => file_name)).toEqual(
    lines.map((_, n) => `images/${String(n).padStart(7, '0')}.png`),
  );
  // The certificate is of the pictures that are there.
  expect(result.verdict!.certificate!.sampled).toBe(lines.length);

  const controller = new AbortController();
  const stopped = augment({
    ...options,
    out: 'out',
    signal: controller.signal,
    onEvent: (event) => {
      if (event.type === 'progress' && event.phase === 'refine' && event.done === 5)
        controller.abort(new Error('Ctrl-C'));
    },
  });
  await expect(stopped).rejects.toThrow('Ctrl-C');
  const resumed = await augment({ ...options, out: 'out', existing: 'resume' });
  expect(await filesBelow(resumed.dataset)).toEqual(await filesBelow(result.dataset));
  expect(await readJson(join(resumed.dataset, 'dataset.json'))).toMatchObject({ count: lines.length });
});

test('what the training found of the use of its refiner is part of the verdict', async () => {
  const use = { every: 1, pictures: 40, steps: 4 };
  const steering = { every: 3, least: 3, patience: 20, pictures: 16, labelShift: 50, use };
  const judging = (recipe: TrainingRecipe, out: string) =>
    setUp(recipe, { out, plugin: { ...plugin, estimator: blobPlace }, treat: ['refined'] });
  const recipe: TrainingRecipe = { ...gentle, steps: 6, refinerUpdates: 1, steering };
  const { verdict } = await augment(await judging(recipe, 'judged'));
  expect(verdict!.use).not.toBe('not judged');
  expect(verdict!.reasons.join(' ')).toMatch(/This was judged at step \d+ of the training\./);
  const unjudged = await judging({ ...recipe, steering: { ...steering, use: false } }, 'unjudged');
  expect((await augment(unjudged)).verdict!.use).toBe('not judged');
});

test('a guard that cannot work is refused with what is missing', async () => {
  const options = await setUp(gentle);
  await expect(augment({ ...options, movedLabels: 'drop' })).rejects.toThrow(
    '`movedLabels` needs `maxLabelShift`',
  );
  await expect(augment({ ...options, maxLabelShift: -1 })).rejects.toThrow('must be above 0, not -1');
});
