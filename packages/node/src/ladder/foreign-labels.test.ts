import { createImage, datasetOf, type Sample, sizedForm } from '@simgan/core';
import { describe, expect, test } from 'vitest';
import { blobs } from '../../test/blobs.ts';
import { parseLabelGeometry } from '../datasets/label-declaration.ts';
import { openGeometry } from '../datasets/open-geometry.ts';
import { startJob } from '../runs/job.ts';
import { rungMaker } from './prepare-rung.ts';
import { rawStack, treatedBy } from './stack.ts';

const plugin = blobs();
const form = sizedForm(plugin.image);
const { width, height } = form;

/** Pictures with a bright pixel, which a field of another program's marks. */
const samples = datasetOf<Sample<unknown>>(
  Array.from({ length: 24 }, (_, n) => {
    const image = createImage(form);
    const [x, y] = [3 + (n % (width - 6)), 3 + (n % (height - 6))];
    image.data.fill(200, (y * width + x) * form.channels, (y * width + x + 1) * form.channels);
    return {
      id: String(n),
      image,
      annotation: { marks: [{ at: [x + 0.5, y + 0.5], 'a.b': 'c', class: n }], n, label: n + 7 },
    };
  }),
);

function maker(declared: Record<string, string>, others: 'invariant' | 'refused') {
  const synthetic = {
    ...{ samples, training: samples, annotations: 'foreign' as const, rejects: [], origin: 'here' },
    geometry: openGeometry(parseLabelGeometry(declared), others) as never,
  };
  const real = { images: samples, rejects: [], origin: 'there', isStandIn: false };
  const recipe = Object.values(plugin.recipes)[0]!;
  const means = { plugin, recipe, synthetic, real, seed: 1, job: startJob({}), task: 'Nothing judges.' };
  return rungMaker({ ...means, train: () => Promise.reject(new Error('Nothing is learned here.')) });
}

describe('labels of another program', () => {
  test('take part in what moves pictures where they are declared', async () => {
    for (const make of [
      maker({ 'marks.at': 'point', n: 'invariant' }, 'refused'),
      maker({ 'marks.at': 'point' }, 'invariant'),
    ]) {
      const rung = await make('randomized', rawStack);
      if (rung.skipped !== undefined) throw new Error(rung.skipped);
      const treated = await treatedBy(rung.stack, samples);
      let moved = 0;
      for (let n = 0; n < samples.length; n++) {
        const [before, after] = [await samples.at(n), await treated.at(n)] as {
          annotation: { marks: { at: number[] }[]; n: number; label: number };
        }[];
        expect(after!.annotation.n).toBe(n);
        // Classes that are numbers are no places, and need no declaration.
        expect(after!.annotation.label).toBe(n + 7);
        expect(after!.annotation.marks[0]).toMatchObject({ 'a.b': 'c', class: n });
        if (before!.annotation.marks[0]!.at.join() !== after!.annotation.marks[0]!.at.join()) moved++;
      }
      expect(moved).toBeGreaterThan(12);
    }
  });

  test('keep pictures where they are if a field that holds numbers is not declared', async () => {
    const { skipped } = await maker({ 'marks.at': 'point' }, 'refused')('randomized', rawStack);
    expect(skipped).toContain(
      "Skipped: the labels could not follow where pictures move. The annotation's field n: it holds numbers, and nothing says what they are.",
    );
  });
});
