/** @file The label files of both domains' readers, each beside sound pictures. */
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DatasetReader, imageOf, type Rng, type SizedForm } from '@simgan/core';
import { encodePng, readFormat } from '@simgan/node';
import { depthPictures, handImage, icvl, msra15, nyu } from '@simgan/plugin-depth-hands';
import { eyeGazeH5, mpiiGaze, mpiiGazeH5, unityEyes } from '@simgan/plugin-eyes';
import { type Hdf5Content, writeHdf5 } from '../../../packages/plugin-eyes/test/write-hdf5.ts';
import { writeMatFile } from '../../write-mat-file.ts';
import { type Kind, writeFiles } from '../kind.ts';
import { mutateBytes, mutateText } from '../mutate.ts';
import { outcomeOfError, outcomeOfSamples } from '../outcome.ts';

const eyeForm: SizedForm = { width: 55, height: 35, channels: 1, bits: 8 };

/** A kind of label file: pictures that stay sound, and files of which one is damaged with each attempt. */
interface LabelFiles {
  readonly name: string;
  readonly share: number;
  readonly reader: DatasetReader<object>;
  readonly image: SizedForm;
  files(): Promise<Readonly<Record<string, string | Uint8Array>>>;
  /** The file to damage, by its name in `files`. */
  readonly damaged: string;
}

function kindOf({ name, share, reader, image, files, damaged }: LabelFiles): Kind {
  return {
    name,
    share,
    async prepare(dir) {
      const { [damaged]: sound, ...others } = await files();
      await writeFiles(dir, others);
      const mutate = (rng: Rng) =>
        typeof sound === 'string' ? mutateText(sound, rng) : mutateBytes(sound!, rng);
      return {
        async attempt(rng, index) {
          // A name of its own: HDF5 files are kept open for a while.
          const file =
            /\.(h5|mat)$/.test(damaged) && !damaged.includes('joint') ? numbered(damaged, index) : damaged;
          await writeFiles(dir, { [file]: mutate(rng) });
          try {
            const { samples, rejects } = await readFormat(dir, reader, { image, memoryBudget: 0 });
            return await outcomeOfSamples(samples, rejects);
          } catch (error) {
            return outcomeOfError(error);
          } finally {
            await rm(join(dir, file));
          }
        },
      };
    },
  };
}

function numbered(file: string, index: number): string {
  return file.replace(/(\d*)(\.[a-z0-9]+)$/, `${String(index).padStart(2, '0')}$2`);
}

function gray(width: number, height: number, bits: 8 | 16, at: (x: number, y: number) => number) {
  const length = width * height;
  const data = bits === 8 ? new Uint8Array(length) : new Uint16Array(length);
  for (let i = 0; i < length; i++) data[i] = at(i % width, Math.floor(i / width));
  return encodePng(imageOf(data, { width, height, channels: 1, bits }));
}

/** The labels of an eye as UnityEyes writes them, for a picture of 64 x 48. */
function unityLabels(): string {
  const text = (...numbers: number[]) => `(${numbers.map((value) => value.toFixed(4)).join(', ')})`;
  const ring = (count: number, x: number, y: number, width: number, height: number) =>
    Array.from({ length: count }, (_, k) => {
      const angle = (2 * Math.PI * k) / count;
      return text(x - width * Math.cos(angle), y + height * Math.sin(angle), 9.5);
    });
  return JSON.stringify(
    {
      interior_margin_2d: ring(16, 32, 24, 18, 7),
      caruncle_2d: ring(7, 14, 24, 1.5, 1),
      iris_2d: ring(32, 33, 24, 5, 5),
      eye_details: { look_vec: text(-0.36, 0.48, -0.8, 0), pupil_size: '0.01' },
      head_pose: text(5, 170, 3),
    },
    null,
    1,
  );
}

/** The bytes of an HDF5 file. */
async function hdf5(content: Readonly<Record<string, Hdf5Content>>): Promise<Uint8Array> {
  const file = join(tmpdir(), `simgan-attack-${crypto.randomUUID()}.h5`);
  await writeHdf5(file, content);
  const bytes = await readFile(file);
  await rm(file);
  return bytes;
}

const eyePixels = (count: number, length: number) =>
  Uint8Array.from({ length: count * length }, (_, i) => (i * 7) % 256);

const array = (shape: readonly number[], numbers: readonly number[], as: 'double' | 'uint8' = 'double') =>
  ({ shape, numbers, as }) as const;

function mpiiDay(compressed: boolean): Uint8Array {
  const side = (gaze: readonly number[]) => ({
    struct: {
      gaze: array([2, 3], gaze),
      image: array([2, 36, 60], [...eyePixels(2, 36 * 60)], 'uint8'),
      pose: array([2, 3], [0.1, 0, 0, 0.2, 0, 0]),
    },
  });
  const sides = { left: side([0, 0.1, 0, 0, -1, -1]), right: side([0.1, 0, 0, 0.2, -1, -1]) };
  return writeMatFile({ data: { struct: sides }, filenames: { cells: ['a.jpg', 'b.jpg'] } }, { compressed });
}

/** 36 joints in the middle of the Kinect's frame, 700 mm away. */
function nyuJoints(): Uint8Array {
  const shape = [3, 2, 36, 3];
  const numbers = Array.from({ length: 3 * 2 * 36 * 3 }, (_, i) => {
    const joint = Math.floor(i / 6) % 36;
    return [300 + joint, 200 + joint, 700][Math.floor(i / (6 * 36))]!;
  });
  return writeMatFile({ joint_uvd: array(shape, numbers) });
}

const nyuPicture = () => {
  const data = new Uint8Array(640 * 480 * 3);
  for (let pixel = 0; pixel < 640 * 480; pixel++) data.set([0, 700 >> 8, 700 & 255], 3 * pixel);
  return encodePng(imageOf(data, { width: 640, height: 480, channels: 3, bits: 8 }));
};

function msraWindow(): Uint8Array {
  const window = Buffer.alloc(24 + 4 * 90 * 90);
  for (const [i, value] of [320, 240, 115, 75, 205, 165].entries()) window.writeInt32LE(value, 4 * i);
  for (let i = 0; i < 90 * 90; i++) window.writeFloatLE(580 + (i % 60), 24 + 4 * i);
  return window;
}

const msraJoints = () => {
  const line = (shift: number) =>
    Array.from({ length: 21 }, (_, i) =>
      [i - 10 + shift, 2 * i - 20, -600 - i].map((n) => n.toFixed(3)).join(' '),
    ).join(' ');
  return `2\n${line(0)}\n${line(3)}\n`;
};

const icvlLine = (file: string) =>
  [file, ...Array.from({ length: 16 }, (_, i) => [`${150 + i}.5`, 110 + i, 600 + i]).flat()].join(' ');

const hands = handImage(48);

export const labelKinds: readonly Kind[] = [
  {
    name: 'UnityEyes json',
    share: 1,
    reader: unityEyes(),
    image: eyeForm,
    damaged: '1.json',
    files: async () => ({
      '1.json': unityLabels(),
      '1.png': await gray(64, 48, 8, (x, y) => (Math.hypot(x - 33, y - 24) < 5 ? 20 : 200)),
      '2.json': unityLabels(),
      '2.png': await gray(64, 48, 8, (x) => 3 * x),
    }),
  },
  ...[false, true].map((compressed) => ({
    name: compressed ? 'MPIIGaze mat, compressed' : 'MPIIGaze mat',
    share: 1,
    reader: mpiiGaze(),
    image: eyeForm,
    damaged: 'p00/day01.mat',
    files: async () => ({ 'p00/day01.mat': mpiiDay(compressed), 'p01/day01.mat': mpiiDay(false) }),
  })),
  {
    name: 'MPIIGaze h5',
    share: 0.5,
    reader: mpiiGazeH5(),
    image: eyeForm,
    damaged: 'a0.h5',
    files: async () => ({
      'a0.h5': await hdf5({
        p00: {
          image: { shape: [3, 36, 60], data: eyePixels(3, 36 * 60), chunks: [1, 36, 60] },
          gaze: { shape: [3, 2], data: Float64Array.of(0.1, 0, 0, 0.2, 0.3, 0) },
          pose: { shape: [3, 2], data: new Float64Array(6) },
        },
      }),
    }),
  },
  {
    name: 'eye-gaze h5',
    share: 0.5,
    reader: eyeGazeH5(),
    image: eyeForm,
    damaged: 'gaze0.h5',
    files: async () => ({
      'gaze0.h5': await hdf5({
        image: Object.fromEntries(
          ['1', '2', '3'].map((name) => [name, { shape: [35, 55], data: eyePixels(1, 35 * 55) }]),
        ),
        look_vec: {
          '1': { shape: [4], data: Float64Array.of(0, 0.6, -0.8, 0) },
          '2': { shape: [3], data: Float64Array.of(0, 0, -1) },
          '3': ['(0.0, 0.6, -0.8, 0.0)'],
        },
      }),
    }),
  },
  {
    name: 'NYU mat',
    share: 0.3,
    reader: nyu(),
    image: hands,
    damaged: 'joint_data.mat',
    files: async () => ({ 'joint_data.mat': nyuJoints(), 'depth_1_0000001.png': await nyuPicture() }),
  },
  {
    name: 'MSRA15 joints',
    share: 1,
    reader: msra15(),
    image: hands,
    damaged: 'P0/1/joint.txt',
    files: async () => ({
      'P0/1/joint.txt': msraJoints(),
      'P0/1/000000_depth.bin': msraWindow(),
      'P0/1/000001_depth.bin': msraWindow(),
    }),
  },
  {
    name: 'MSRA15 depth',
    share: 1,
    reader: msra15(),
    image: hands,
    damaged: 'P0/1/000000_depth.bin',
    files: async () => ({
      'P0/1/joint.txt': msraJoints(),
      'P0/1/000000_depth.bin': msraWindow(),
      'P0/1/000001_depth.bin': msraWindow(),
    }),
  },
  {
    name: 'ICVL labels',
    share: 0.5,
    reader: icvl(),
    image: hands,
    damaged: 'labels.txt',
    files: async () => ({
      'labels.txt': `${icvlLine('a.png')}\n${icvlLine('b.png')}\n`,
      'a.png': await gray(320, 240, 16, (x, y) => (Math.hypot(x - 158, y - 118) < 40 ? 590 : 2000)),
      'b.png': await gray(320, 240, 16, () => 600),
    }),
  },
  {
    name: 'depth pictures',
    share: 0.5,
    reader: depthPictures(),
    image: hands,
    damaged: 'a.png',
    files: async () => ({
      'a.png': await gray(160, 120, 16, (x, y) => (Math.hypot(x - 80, y - 60) < 50 ? 600 : x < 5 ? 0 : 1500)),
      'b.png': await gray(160, 120, 16, (x, y) => (Math.hypot(x - 80, y - 60) < 50 ? 600 : 1500)),
    }),
  },
].map((kind) => kindOf(kind as LabelFiles));
