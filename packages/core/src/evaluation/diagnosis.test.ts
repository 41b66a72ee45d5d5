import { expect, test } from 'vitest';
import { type WavesLook, waves, wavesForm } from '../../test/waves.ts';
import { measurePhotometry } from '../measures/photometry.ts';
import { diagnose } from './diagnosis.ts';

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
