import { expect, test } from 'vitest';
import { type WavesLook, waves, wavesForm } from '../../test/waves.ts';
import { mapDataset } from '../dataset.ts';
import { measurePhotometry } from '../measures/photometry.ts';
import { diagnose } from './diagnosis.ts';
import type { EstimatorAnswer } from './estimator-answer.ts';
import { contrastByGroup } from './group-contrast.ts';

const measured = (look: WavesLook) => measurePhotometry(waves(look), wavesForm, 40);
const findings = async (synthetic: WavesLook, real: WavesLook) =>
  diagnose(await measured(synthetic), await measured(real)).map(({ finding }) => finding);

test('two sets of one kind have no findings', async () => {
  expect(await findings({}, { count: 700 })).toEqual([]);
});

test('noisier real pictures are reported', async () => {
  expect((await findings({}, { noise: 0.05 })).join(' ')).toContain('The real pictures are noisier');
});

test('light, equalized histograms and scale are told apart', async () => {
  expect((await findings({ light: (value) => value * 0.5 }, {})).join(' ')).toContain('The light differs');
  const even = await measured({});
  const equalized = { ...even, unevenness: 0.01 };
  expect(diagnose(even, equalized)[0]!.finding).toContain('The real pictures are histogram-equalized');
  expect((await findings({ period: 24 }, {})).join(' ')).toContain('as large in the synthetic ones');
});

test('a difference in sharpness is reported whichever way it goes', async () => {
  const even = await measured({});
  const blurred = { ...even, sharpness: even.sharpness / 2 };
  expect(diagnose(even, blurred)).toEqual([
    {
      source: 'camera',
      finding: expect.stringContaining('The synthetic pictures are sharper'),
      advice: expect.stringContaining('Blur'),
    },
  ]);
  expect(diagnose(blurred, even)[0]!.finding).toContain('The synthetic pictures are softer');
});

test('duplicates and small sets are reported', async () => {
  const even = await measured({});
  const all = diagnose(even, { ...even, images: 100, duplicates: 95, length: 100 }).map(
    ({ finding }) => finding,
  );
  expect(all).toEqual([
    'There are only 100 real pictures.',
    '95 of 100 real pictures look the same as another one.',
  ]);
});

test('blocks, uneven light, missing color and framing have their sources named', async () => {
  const even = await measured({ count: 700 });
  const sources = (change: Partial<typeof even>, context = {}) =>
    diagnose(even, { ...even, ...change }, context).map(({ source }) => source);
  expect(sources({ blockiness: even.blockiness + 0.2 })).toEqual(['camera']);
  expect(sources({ shading: even.shading + 0.3 })).toEqual(['light']);
  expect(diagnose({ ...even, saturation: 0.2 }, even)[0]).toMatchObject({
    source: 'sensor',
    advice: expect.stringContaining('near-infrared'),
  });
  const reason = 'synthetic against real: height 20% against 33%';
  expect(sources({}, { framing: { plan: {}, reason } })).toEqual(['framing']);
  expect(sources({}, { framing: { reason: 'both sets are framed alike' } })).toEqual([]);
  expect(sources({}, { grounds: { plan: {} } })).toEqual(['content']);
  expect(sources({}, { grounds: {} })).toEqual([]);
});

test('labels whose pictures are flatter than any real one are found', async () => {
  const classes = ['dark', 'flat'];
  const answer: EstimatorAnswer<number> = {
    kind: 'class',
    classes,
    probabilities: () => [0.5, 0.5],
    truth: (annotation) => annotation,
  };
  const synthetic = mapDataset(waves({ count: 60 }), (item, index) => {
    const flat = index % 2;
    const data = item.image.data.map((value) => (flat ? 120 + (value - 120) / 6 : value));
    return { ...item, image: { ...item.image, data }, annotation: flat };
  });
  const real = waves({ count: 60, noise: 0.02 });
  const contrasts = await contrastByGroup(synthetic, real, { image: wavesForm, answer });
  expect(contrasts.map(({ group }) => group)).toEqual(['"dark"', '"flat"']);
  const even = await measured({ count: 700 });
  const findings = diagnose(even, even, { contrasts });
  expect(findings).toHaveLength(1);
  expect(findings[0]).toMatchObject({ source: 'content', advice: expect.stringContaining('missing') });
  expect(findings[0]!.finding).toContain('Synthetic pictures of "flat" have less contrast');
  const values: EstimatorAnswer<number> = {
    kind: 'values',
    names: ['depth'],
    values: (output) => output,
    truth: (annotation) => [annotation],
  };
  expect(
    (await contrastByGroup(synthetic, real, { image: wavesForm, answer: values })).map(({ group }) => group),
  ).toEqual(['depth, lowest third', 'depth, middle third', 'depth, highest third']);
});
