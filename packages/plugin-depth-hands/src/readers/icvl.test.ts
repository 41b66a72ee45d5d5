import { expect, test } from 'vitest';
import { grayPng, readAll, temporaryFolder } from '../../test/reading.ts';
import { HAND_JOINTS, PALM_CENTER } from '../annotation.ts';
import { handImage } from '../hand-image.ts';
import { icvl } from './icvl.ts';

const hand = (u: number, v: number) => (Math.abs(u - 170) < 40 && Math.abs(v - 110) < 40 ? 380 + (u % 7) : 0);

function line(path: string): string {
  const joints = Array.from({ length: 16 }, (_, joint) => [170 + joint, 110 - joint, 395]);
  joints[0] = [170, 110, 400];
  return [path, ...joints.flat()].join(' ');
}

test('reads lists of labels and the pictures in Depth beside them', async () => {
  const picture = await grayPng(320, 240, hand);
  const dir = await temporaryFolder({
    'Training/labels.txt': `${line('2014/image_0000.png')}\n\n${line('2014/image_0001.png')}\n2014/image_0000.png 1 2`,
    'Training/Depth/2014/image_0000.png': picture,
    'Testing/test_seq_1.txt': `${line('test_seq_1/image_0000.png')} \n${line('test_seq_1/image_0001.png')}`,
    'Testing/Depth/test_seq_1/image_0000.png': picture,
    'Testing/Depth/test_seq_1/image_0001.png': await grayPng(64, 64, hand),
    'README.txt': 'A note on labels.',
  });
  const { samples, rejects } = await readAll(dir, icvl(), handImage(100, 300));
  expect(samples.map(({ id }) => id)).toEqual([
    'Testing/Depth/test_seq_1/image_0000',
    'Training/Depth/2014/image_0000',
  ]);
  const { image, annotation } = samples[1]!;
  expect(annotation.joints!.uvd[PALM_CENTER]).toEqual([49.5, 49.5, 400]);
  const [x, y, z] = annotation.joints!.xyz[HAND_JOINTS.indexOf('F1_KNU3_A')]!;
  expect(x).toBeCloseTo(((185 - 160) * 395) / 241.42, 2);
  expect(y).toBeCloseTo(((120 - 95) * 395) / 241.42, 2);
  expect(z).toBe(395);
  const column = Math.round((170 - annotation.crop!.u) / annotation.crop!.scaleU);
  const shown = Math.round(annotation.crop!.u + annotation.crop!.scaleU * column);
  expect(annotation.crop!.near + image.data[50 * 100 + column]!).toBe(380 + (shown % 7));
  expect(rejects).toEqual([
    { file: 'Training/labels.txt:3', reason: 'Its picture 2014/image_0001.png is missing.' },
    {
      file: 'Training/labels.txt:4',
      reason: expect.stringContaining('The line is not a path and 48 numbers: "2014/'),
    },
    { file: 'Testing/Depth/test_seq_1/image_0001.png', reason: expect.stringContaining('64 x 64') },
  ]);
});

test('paths may hold spaces, and lines with other separators are rejects that show what was found', async () => {
  const picture = await grayPng(320, 240, hand);
  const dir = await temporaryFolder({
    'spaces/labels.txt': line('my seq/image 0.png'),
    'spaces/Depth/my seq/image 0.png': picture,
    'commas/labels.txt': line('seq/0.png').replaceAll(' ', ','),
    'commas/Depth/seq/0.png': picture,
  });
  const { samples, rejects } = await readAll(dir, icvl(), handImage(64, 300));
  expect(samples.map(({ id }) => id)).toEqual(['spaces/Depth/my seq/image 0']);
  expect(rejects).toEqual([
    {
      file: 'commas/labels.txt:1',
      reason: expect.stringContaining(
        'The line is not a path and 48 numbers, with spaces between them: "seq/0.png,170,110,400,',
      ),
    },
  ]);
});
