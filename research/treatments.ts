/** @file What the judge is tried on: treatments that help, hurt or do nothing, and planted ones that lie. */
import {
  createRng,
  type Dataset,
  type Image,
  imageRange,
  mapDataset,
  type Rng,
  type Sample,
} from '@simgan/core';
import { affineMap, resample, resampleBy, resizeTransform } from '@simgan/core/geometry';
import { type Correction, createMatcher } from '@simgan/core/matching';
import { mean, std } from '@simgan/core/measures';
import { plantedTreatments } from './planted-treatments.ts';
import type { Task } from './tasks/task.ts';

/** Treated pictures, and whether they were made to deceive. */
export interface Tried<Annotation> {
  readonly set: Dataset<Sample<Annotation>>;
  readonly planted: boolean;
}

type Change = (image: Image, rng: Rng) => Image;

/** The treatments of a task's raw pictures, by name. They see its unlabeled real pictures. */
export async function triedTreatments<Annotation>(
  task: Task<Annotation>,
  raw: Dataset<Sample<Annotation>>,
  seed: number,
): Promise<Readonly<Record<string, Tried<Annotation>>>> {
  const { image, real } = task;
  const rng = createRng(seed).fork('treatments');
  const sets: Record<string, Dataset<Sample<Annotation>>> = {};
  const change = (name: string, one: Change) => {
    sets[name] = mapDataset(raw, (sample, index) => ({
      ...sample,
      image: one(sample.image, rng.fork(name).fork(index)),
    }));
  };
  const correct = async (name: string, ...corrections: Correction[]) => {
    sets[name] = (await createMatcher(corrections, real, { image, seed })).match(raw);
  };
  if (image.bits === 16) {
    change('noise of 3 mm', depthNoise(3));
    change('noise of 12 mm', depthNoise(12));
    change(
      '20 mm closer',
      onSurface((value) => value - 20),
    );
    change(
      'steps of 10 mm',
      onSurface((value) => 10 * Math.round(value / 10)),
    );
    change('holes', holes(0.03));
    change('many holes', holes(0.2));
    change('noise of 3 mm, holes', (picture, draw) =>
      holes(0.03)(depthNoise(3)(picture, draw.fork('noise')), draw.fork('holes')),
    );
    change('half the resolution', halfResolution);
  } else {
    await correct('blur 1 px', { correction: 'blur', strength: 1 });
    await correct('noise 5%', { correction: 'noise', strength: 0.05 });
    await correct('blur, noise, jpeg', ...camera);
    await correct('shaded', { correction: 'shading', strength: 0.3 });
    await correct('histogram', { correction: 'histogram', strength: 1 });
    await correct('equalized', { correction: 'equalize', strength: 1 });
    change('random light', randomLight(image));
    sets['mean and contrast of a real one'] = mapDataset(raw, async (sample, index) => {
      const other = await real.at(rng.fork('real').fork(index).int(real.length));
      return { ...sample, image: withLightOf(sample.image, other.image) };
    });
    change('thick or thin', thickOrThin);
    if (task.shiftable) {
      change('turned, sheared, stretched', affine);
      change('turned, sheared, stretched, with noise', (picture, draw) =>
        withNoise(image)(affine(picture, draw.fork('place')), draw.fork('noise')),
      );
    }
  }
  const honest = Object.entries(sets).map(([name, set]) => [name, { set, planted: false }] as const);
  const planted = Object.entries(await plantedTreatments(task, raw, rng.fork('planted'))).map(
    ([name, set]) => [name, { set, planted: true }] as const,
  );
  return Object.fromEntries([...honest, ...planted]);
}

const camera: readonly Correction[] = [
  { correction: 'blur', strength: 0.7 },
  { correction: 'noise', strength: 0.02 },
  { correction: 'jpeg', strength: 0.5 },
];

/** Broad changes of contrast, brightness and gamma. */
function randomLight(form: Task<unknown>['image']): Change {
  const [low, high] = imageRange(form);
  return (image, rng) => {
    const gamma = Math.exp(0.35 * rng.normal());
    const contrast = Math.exp(-0.8 + 1.15 * rng.next());
    const brightness = (-0.2 + 0.5 * rng.next()) * (high - low);
    return withValues(image, (value) => {
      const light = ((value - low) / (high - low)) ** gamma * (high - low);
      return low + Math.min(high - low, Math.max(0, contrast * light + brightness));
    });
  };
}

function withLightOf(image: Image, other: Image): Image {
  const [from, to] = [image, other].map(({ data }) => ({ mean: mean(data), std: std(data) }));
  const factor = to!.std / Math.max(1, from!.std);
  return withValues(image, (value) => Math.min(255, Math.max(0, to!.mean + factor * (value - from!.mean))));
}

const halfResolution: Change = (image) => {
  const half = { width: Math.ceil(image.width / 2), height: Math.ceil(image.height / 2) };
  const small = resample(image, resizeTransform(image, half));
  return resample(small, resizeTransform(half, image));
};

/** The largest or the smallest value of each pixel's 3x3 neighbors, or the picture as it is. */
const thickOrThin: Change = (image, rng) => {
  const choose = [Math.max, Math.min, undefined][rng.int(3)];
  if (!choose) return image;
  const { width, height, channels, data } = image;
  return withValues(image, (_, i) => {
    const [channel, pixel] = [i % channels, Math.floor(i / channels)];
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    const near: number[] = [];
    for (let row = Math.max(0, y - 1); row <= Math.min(height - 1, y + 1); row++) {
      for (let column = Math.max(0, x - 1); column <= Math.min(width - 1, x + 1); column++) {
        near.push(data[(row * width + column) * channels + channel]!);
      }
    }
    return choose(...near);
  });
};

/** Classic augmentation: turns by 12°, shears and stretches by a tenth or two, shifts by a twentieth of the picture. */
const affine: Change = (image, rng) =>
  resampleBy(
    image,
    affineMap(image, {
      rotation: 0.2 * rng.normal(),
      shear: 0.2 * rng.normal(),
      scale: [Math.exp(0.12 * rng.normal()), Math.exp(0.12 * rng.normal())],
      shift: [0.05 * image.width * rng.normal(), 0.05 * image.height * rng.normal()],
    }),
  );

function withNoise(form: Task<unknown>['image']): Change {
  const [low, high] = imageRange(form);
  return (image, rng) => {
    const noise = 0.1 * rng.next() * (high - low);
    return withValues(image, (value) => Math.min(high, Math.max(low, value + noise * rng.normal())));
  };
}

/** Changes depth where there is a surface: neither nothing (0) nor the background, the most frequent value. */
function onSurface(change: (value: number, rng: Rng) => number): Change {
  return (image, rng) => {
    const background = Math.max(...image.data);
    return withValues(image, (value) =>
      value === 0 || value === background ? value : Math.max(1, Math.min(background, change(value, rng))),
    );
  };
}

const depthNoise = (spread: number) => onSurface((value, rng) => value + spread * rng.normal());

/** Surfaces of which a share becomes background. */
function holes(share: number): Change {
  return (image, rng) => {
    const background = Math.max(...image.data);
    return withValues(image, (value) => (rng.next() < share ? background : value));
  };
}

function withValues(image: Image, change: (value: number, index: number) => number): Image {
  return { ...image, data: image.data.map((value, index) => Math.round(change(value, index))) };
}
