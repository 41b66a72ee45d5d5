import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createDataset, createImage, type Dataset, mapDataset, type RealImage, simulate } from '@simgan/core';
import { expect, test } from 'vitest';
import { anyPictures } from '../../test/bar-folders.ts';
import { blobs, writeRealPictures } from '../../test/blobs.ts';
import { temporaryFolder } from '../../test/folders.ts';
import { readPicture } from '../pictures/decode-picture.ts';
import type { JobEvent } from '../runs/events.ts';
import { inspectSets } from './inspect-sets.ts';

const plugin = blobs();

test('two sets are compared and corrections are found; only the preview is written', async () => {
  const cwd = await temporaryFolder();
  await writeRealPictures(join(cwd, 'real'), 24);
  const events: JobEvent[] = [];
  const job = { plugin, cwd, real: 'real', count: 24 };
  const inspection = await inspectSets({ ...job, out: 'look', onEvent: (event) => events.push(event) });
  expect(inspection.preview).toBe(join(cwd, 'look', 'preview.png'));
  expect((await readPicture(inspection.preview!, { channels: 1, bits: 8 })).image.height).toBe(4 + 3 * 102);
  expect(events.map(({ type }) => type).filter((type) => type !== 'progress')).toEqual([
    'synthetic',
    'real',
    'match',
  ]);
  // The camera is lighter by 30 and makes noise.
  const { synthetic, real } = inspection.photometry;
  expect(real.length).toBe(24);
  expect(inspection.findings.length).toBeGreaterThan(0);
  for (const { finding, advice } of inspection.findings)
    expect(finding.length * advice.length).toBeGreaterThan(0);
  expect(synthetic).not.toEqual(real);
  expect(inspection.match).not.toBe('none');
  expect(inspection.plan.corrections.map(({ correction }) => correction).join()).toBe(
    inspection.match.replaceAll(/:[\d.]+/g, ''),
  );
  const { distances } = inspection;
  // Corrections are done where they bring the sets closer.
  expect(distances.matched.kernel).toBeLessThan(distances.synthetic.kernel);
  expect(distances.matched.intensity).toBeLessThan(distances.synthetic.intensity);
  expect(
    Object.values(distances)
      .flatMap((one) => Object.values(one))
      .every(Number.isFinite),
  ).toBe(true);

  await rm(join(cwd, 'look'), { recursive: true });
  const again = await inspectSets(job);
  expect(again).toEqual({ ...inspection, preview: undefined });
  expect(await readdir(cwd)).toEqual(['real']);
});

test('corrections may be given, or disabled', async () => {
  const cwd = await temporaryFolder();
  const job = { plugin, cwd, count: 16 };
  const none = await inspectSets({ ...job, match: 'none' });
  expect(none.match).toBe('none');
  expect(none.distances.matched).toEqual(none.distances.synthetic);
  const given = await inspectSets({ ...job, match: [{ correction: 'noise', strength: 0.1 }] });
  expect(given.match).toBe('noise:0.1');
  expect(given.distances.matched).not.toEqual(given.distances.synthetic);
});

test('copies in the real set are found; images may have any size', async () => {
  const anySize = blobs({ anySize: true });
  const one = await simulate(anySize.standIn, { seed: 1, length: 1 }).at(0);
  const copies: Dataset<RealImage> = mapDataset(
    simulate(anySize.standIn, { seed: 1, length: 16 }),
    ({ id }) => ({ id, image: one.image }),
  );
  const { findings, photometry } = await inspectSets({
    plugin: anySize,
    real: copies,
    count: 16,
    match: 'none',
  });
  expect(photometry.real.length).toBe(16);
  expect(findings.map(({ finding }) => finding).join('\n')).toMatch(/cop(y|ies)|same|identical|twice/i);
});

test('framing is measured on whole pictures, also where a refiner trains on crops', async () => {
  /** Bright squares on black whose sides are a share of the picture's, in its middle. */
  const squares = (share: number, side: number) =>
    createDataset(40, (index) => {
      const image = createImage({ width: side, height: side, channels: 1, bits: 8 });
      const half = (share * side * (1 + 0.1 * Math.sin(index))) / 2;
      for (let at = 0; at < side * side; at++) {
        const [x, y] = [(at % side) + 0.5, Math.floor(at / side) + 0.5];
        if (Math.max(Math.abs(x - side / 2), Math.abs(y - side / 2)) < half) image.data[at] = 220;
      }
      return { id: `${index}`, image, annotation: { objects: [] } };
    });
  const framingOf = async (share: number) => {
    const sets = { synthetic: squares(0.4, 32), real: squares(share, 48) };
    const { findings } = await inspectSets({ plugin: anyPictures(), ...sets, match: 'none', count: 40 });
    return findings.filter(({ source }) => source === 'framing').map(({ finding }) => finding);
  };
  expect((await framingOf(0.6)).join()).toMatch(/framed differently: .*width .* against /);
  // Crops of larger pictures would show less around the same content.
  expect(await framingOf(0.4)).toEqual([]);
});
