import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { barsPlugin, barsTask } from '../../test/bars.ts';
import { blobs } from '../../test/blobs.ts';
import { readJson, temporaryFolder } from '../../test/folders.ts';
import { createEngine } from '../engines/engines.ts';
import { readPicture } from '../pictures/decode-picture.ts';
import { compareTreatments } from './compare-treatments.ts';

// Compiled, since judging takes a dozen small trainings.
const { engine } = await createEngine('onnx', { threads: 1, device: 'cpu' });
afterAll(() => engine.dispose());

test('each rung is judged against what stands, with looks, labels and cost beside it; the better one is recommended', async () => {
  const cwd = await temporaryFolder();
  const comparison = await compareTreatments({ ...barsTask(), cwd, engine, quick: true });
  // Bars in other light: classic augmentation with light and shading is what helps.
  expect(comparison.treat).toBe('randomized');
  const byName = Object.fromEntries(comparison.rungs.map((rung) => [rung.name, rung]));
  expect(byName.randomized).toMatchObject({ below: 'raw', taken: true, verdict: { verdict: 'better' } });
  expect(byName.randomized!.what).toContain('shading 0.3');
  expect(byName.refined).toMatchObject({ below: 'randomized', taken: false });
  expect(byName.warped).toMatchObject({ below: 'randomized', taken: false });
  expect(comparison.reason).toContain('Use randomized.');
  for (const { verdict, looks, seconds } of comparison.rungs.filter((rung) => rung.verdict)) {
    expect(verdict!.score).toBeGreaterThanOrEqual(0);
    expect(looks!.kernelDistance).toBeGreaterThan(comparison.control.kernelDistance);
    expect(seconds).toBeGreaterThan(0);
  }
  expect(Math.abs(comparison.control.auc - 0.5)).toBeLessThan(0.2);
  expect(comparison.raw.looks.auc).toBeGreaterThan(0.8);
  // A row of every set that was judged, and one of real pictures.
  const judged = comparison.rungs.filter((rung) => rung.verdict).length;
  const { image } = await readPicture(comparison.sheet, { channels: 1, bits: 8 });
  expect(image.height).toBe(4 + (judged + 2) * (14 + 4 + 100 + 4));
  expect(await readJson(join(cwd, 'bars-compared', 'comparison.json'))).toMatchObject({
    treat: 'randomized',
    control: comparison.control,
  });
  expect(await readFile(join(cwd, 'bars-compared', 'comparison.json'), 'utf8')).toContain('"verdict"');
});

test('without an estimator nothing can be compared, and it is said', async () => {
  await expect(compareTreatments({ plugin: blobs(), engine })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringContaining('The plugin blobs has no estimator whose answers can be compared'),
  });
  await expect(
    compareTreatments({ ...barsTask({ real: 10 }), plugin: barsPlugin(), engine }),
  ).rejects.toThrow('too few pictures to judge their use by');
});
