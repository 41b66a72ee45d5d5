import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { simulate } from '@simgan/core';
import { expect, test } from 'vitest';
import { marks, movingRecipe } from '../../../core/test/marks.ts';
import { wasmEngine } from '../../../core/test/wasm-engine.ts';
import { blobs } from '../../test/blobs.ts';
import { jsonLines, readJson, temporaryFolder, writeFiles } from '../../test/folders.ts';
import { readDataset } from '../datasets/read-dataset.ts';
import { encodePng } from '../pictures/encode-picture.ts';
import { openRefiner } from '../runs/open-refiner.ts';
import { augment } from './augment.ts';

const plugin = blobs();
const points = marks({ ...movingRecipe, steps: 3 });
const engine = wasmEngine;

test('a refiner that moves things writes moved labels, and each line says how far; opened again, it gives the same', async () => {
  const cwd = await temporaryFolder();
  const { dataset, run } = await augment({ plugin: points, engine, cwd, count: 5 });
  const lines = await jsonLines(join(dataset, 'metadata.jsonl'));
  const { samples } = await readDataset(dataset, points);
  const raw = simulate(points.simulator, { seed: 1, length: 5 });
  expect(lines).toHaveLength(5);
  for (const [i, line] of lines.entries()) {
    const { displacement } = line.simgan as { displacement: Record<string, number> };
    expect(Object.keys(displacement)).toEqual(['rms', 'largest', 'share']);
    expect(displacement.rms).toBeGreaterThan(0);
    const { annotation } = await samples.at(i);
    expect(annotation!.at).not.toEqual((await raw.at(i)).annotation.at);
  }
  const refiner = await openRefiner(run!, { plugin: points, engine });
  const again = await refiner.refine(await raw.at(2));
  expect(again.annotation).toEqual((await samples.at(2)).annotation);
  expect(again.image.data).toEqual((await samples.at(2)).image.data);
  await refiner.dispose();
});

test('`displacement` lets any recipe move things, and the run remembers it', async () => {
  const cwd = await temporaryFolder();
  const options = { plugin, engine, cwd, count: 4, out: 'out' };
  const { run, dataset } = await augment({ ...options, displacement: 0.5 });
  const config = await readJson(join(run!, 'run.json'));
  expect(config).toMatchObject({ numbers: { displacement: { target: 0.5 } } });
  // Blobs have a single x and y, which no field can move: they stay, and lines say so.
  for (const line of await jsonLines(join(dataset, 'metadata.jsonl'))) {
    expect((line.simgan as { displacement: object }).displacement).toEqual({ rms: 0, largest: 0, share: 0 });
  }
  const refiner = await openRefiner(run!, { plugin, engine });
  expect(refiner.network.warping).toBeDefined();
  await refiner.dispose();
  expect(await readFile(join(run!, 'log.jsonl'), 'utf8')).toContain('"displacementLambda"');
});

test('labels that nobody declared cannot move along and are refused before anything is trained, declared ones move', async () => {
  const cwd = await temporaryFolder();
  const files: Record<string, string | Uint8Array> = {};
  const named: string[] = [];
  for await (const { id, image } of simulate(points.simulator, { seed: 4, length: 12 })) {
    files[`own/${id}.png`] = await encodePng(image);
    named.push(JSON.stringify({ file_name: `${id}.png`, name: 'own', spot: [3, 4.5] }));
  }
  await writeFiles(cwd, { ...files, 'own/metadata.jsonl': `${named.join('\n')}\n` });
  await expect(augment({ plugin: points, engine, cwd, synthetic: 'own' })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining("The annotation's field spot: it holds numbers"),
  });
  const labelGeometry = { spot: 'point' };
  const job = { plugin: points, engine, cwd, synthetic: 'own', labelGeometry, steps: 3, out: 'moved' };
  const { dataset } = await augment(job);
  const [line] = await jsonLines(join(dataset, 'metadata.jsonl'));
  const { spot, simgan } = line as { spot: number[]; simgan: { displacement: { largest: number } } };
  const { largest } = simgan.displacement;
  expect(largest).toBeGreaterThan(0);
  const distance = Math.hypot(spot[0]! - 3, spot[1]! - 4.5);
  expect(distance).toBeGreaterThan(0);
  expect(distance).toBeLessThanOrEqual(largest + 1e-3);
});
