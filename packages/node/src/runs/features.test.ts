import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { blobs } from '../../test/blobs.ts';
import { temporaryFolder } from '../../test/folders.ts';
import { featureProblems, withFeatures } from './features.ts';

const plugin = blobs();

test('all settings are checked before a file is read', async () => {
  const fine = {
    output: 'relu',
    range: [0, 1],
    mean: [0.5],
    std: [0.2],
    colors: 'bgr',
    layout: 'nhwc',
    weight: 0,
  };
  expect(featureProblems(fine)).toEqual([]);
  const wrong = { wieght: 1, range: [0], mean: [], std: [0], colors: 'gray', own: -1, toString: 1 };
  expect(featureProblems(wrong)).toEqual([
    'There is no feature option wieght, there are output, range, mean, std, colors, layout, weight, own. Did you mean weight?',
    'The feature option range is [0], and must be two numbers, such as [0,1].',
    'The feature option mean is [], and must be a list of numbers, one for each channel.',
    'The feature option std is [0], and must be a list of numbers above 0, one for each channel.',
    'The feature option colors is "gray", and must be rgb or bgr.',
    'The feature option own is -1, and must be a number of at least 0.',
    expect.stringMatching(/^There is no feature option toString, /),
  ]);
  const options = { wieght: 1, range: [0] } as object;
  await expect(
    withFeatures(plugin, plugin.recipes.quick, { file: 'nowhere', options }),
  ).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    problems: { length: 2 },
  });
});

test('a missing file and a file that is not a network are reported', async () => {
  const cwd = await temporaryFolder();
  const file = join(cwd, 'vgg.onnx');
  await expect(withFeatures(plugin, plugin.recipes.quick, { file })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: `\`features\`: there is no file ${file}.`,
  });
  await writeFile(file, 'no network at all');
  await expect(withFeatures(plugin, plugin.recipes.quick, { file })).rejects.toMatchObject({
    code: 'INVALID_FILE',
    message: expect.stringContaining('The feature network cannot be used. '),
  });
});
