import {
  createRng,
  imageProblem,
  type SimganError,
  type Simulated,
  type Simulator,
  type SizedForm,
} from '@simgan/core';
import { describeOptions } from '@simgan/core/plugin';
import { expect, test } from 'vitest';
import type { CompleteEyeAnnotation } from '../annotation.ts';
import { eyes } from '../eyes.ts';
import { standInCamera } from '../stand-in/stand-in-camera.ts';
import { eyeSimulator } from './eye-simulator.ts';
import { type EyeSimulatorOptions, eyeOptions } from './options.ts';

const rng = createRng(11);

function many(
  simulator: Simulator<CompleteEyeAnnotation>,
  count: number,
): Promise<Simulated<CompleteEyeAnnotation>[]> {
  return Promise.all(Array.from({ length: count }, (_, i) => simulator(rng.fork(i))));
}

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)]!;
}

test('the same seed gives the same picture, and another seed a different one', async () => {
  const simulator = eyeSimulator();
  const [a, b, c] = [
    await simulator(createRng(1)),
    await simulator(createRng(1)),
    await simulator(createRng(2)),
  ];
  expect(b).toEqual(a);
  expect(c.image).not.toEqual(a.image);
});

test.each<[EyeSimulatorOptions, SizedForm]>([
  [{}, { width: 55, height: 35, channels: 1, bits: 8 }],
  [{ color: true }, { width: 55, height: 35, channels: 3, bits: 8 }],
  [
    { width: 120, height: 80, color: true },
    { width: 120, height: 80, channels: 3, bits: 8 },
  ],
  [
    { width: 640, height: 480, color: true },
    { width: 640, height: 480, channels: 3, bits: 8 },
  ],
  [
    { width: 24, height: 64 },
    { width: 24, height: 64, channels: 1, bits: 8 },
  ],
])('images of %o have the form %o', async (options, form) => {
  for (const make of [eyeSimulator, standInCamera]) {
    const { image } = await make(options)(createRng(5));
    expect(imageProblem(image, form)).toBeUndefined();
  }
});

test('gaze and head stay within the requested ranges', async () => {
  const simulator = eyeSimulator({
    gazePitch: [5, 6],
    gazeYaw: [10, 11],
    headPitch: [0, 0],
    headYaw: [0, 0],
    headRoll: [0, 0],
  });
  for (const { annotation } of await many(simulator, 20)) {
    expect((annotation.gaze.pitch * 180) / Math.PI).toBeGreaterThanOrEqual(5);
    expect((annotation.gaze.pitch * 180) / Math.PI).toBeLessThanOrEqual(6);
    expect((annotation.gaze.yaw * 180) / Math.PI).toBeGreaterThanOrEqual(10);
    expect((annotation.gaze.yaw * 180) / Math.PI).toBeLessThanOrEqual(11);
    expect(annotation.headPose).toEqual({ pitch: 0, yaw: 0, roll: 0 });
  }
});

test('eyes are closed at the requested rate', async () => {
  const closed = (samples: Simulated<CompleteEyeAnnotation>[]) =>
    samples.filter(({ annotation }) => annotation.openness === 0).length;
  expect(closed(await many(eyeSimulator({ closedRate: 0, blinkRate: 0, width: 16, height: 12 }), 200))).toBe(
    0,
  );
  expect(closed(await many(eyeSimulator({ closedRate: 1, width: 16, height: 12 }), 20))).toBe(20);
  const some = closed(await many(eyeSimulator({ closedRate: 0.2, width: 16, height: 12 }), 400));
  expect(some).toBeGreaterThan(50);
  expect(some).toBeLessThan(110);
});

test.each([
  ['eyeSimulator', eyeSimulator],
  ['standInCamera', standInCamera],
  ['eyes', eyes],
] as const)('%s names every option that it refuses, with its value', (_, make) => {
  const problemsOf = (options: object): readonly string[] => {
    try {
      make(options);
      return [];
    } catch (error) {
      expect(error).toMatchObject({ name: 'SimganError', code: 'INVALID_ARGUMENT' });
      return (error as SimganError).problems;
    }
  };
  expect(problemsOf({ colour: true })[0]).toMatch(/^There is no option colour\. Did you mean color\?/);
  expect(problemsOf({ color: 'purple' })).toEqual([expect.stringMatching(/^The option color is "purple": /)]);
  expect(
    problemsOf({ width: 7, height: 2049, gazeYaw: [10, -10], headRoll: [-46, 0], closedRate: 2 }),
  ).toEqual([
    expect.stringMatching(/^The option width is 7: /),
    expect.stringMatching(/^The option height is 2049: /),
    expect.stringMatching(/^The option gazeYaw is \[10,-10\]: the first number must not exceed the second/),
    expect.stringMatching(/^The option headRoll\.0 is -46: /),
    expect.stringMatching(/^The option closedRate is 2: /),
  ]);
  expect(problemsOf({ width: 8, gazePitch: [30, 30], closedRate: 1 })).toEqual([]);
});

test('every option is described with its type and default', () => {
  const options = describeOptions(eyes.options)!;
  expect(options.map(({ key }) => key)).toEqual(Object.keys(eyeOptions.shape));
  for (const option of options) {
    expect(option.default).toEqual(eyeOptions.parse({})[option.key as keyof EyeSimulatorOptions]);
    expect(option.type).not.toBe('');
    expect(option.description).toMatch(/^\S.*\.$/);
  }
});

/** Gray values of the parts that a sample's labels name, where the lids leave them visible. */
function parts({ image, annotation }: Simulated<CompleteEyeAnnotation>) {
  const { width, height, data } = image;
  const { pupilCenter, iris, lidMargin } = annotation;
  // The iris is nearly an ellipse: two of its radii make coordinates in which it is the unit circle.
  const [ax, ay] = [iris[0]![0] - pupilCenter[0], iris[0]![1] - pupilCenter[1]];
  const [bx, by] = [iris[8]![0] - pupilCenter[0], iris[8]![1] - pupilCenter[1]];
  const fromPupil = ([x, y]: readonly [number, number]) => {
    const [px, py] = [x - pupilCenter[0], y - pupilCenter[1]];
    return Math.hypot(px * by - py * bx, py * ax - px * ay) / Math.abs(ax * by - ay * bx);
  };
  const found = { pupil: [] as number[], iris: [] as number[], white: [] as number[] };
  const inner = lidMargin.map(([x, y]): [number, number] => {
    const [mx, my] = [(lidMargin[0]![0] + lidMargin[8]![0]) / 2, (lidMargin[4]![1] + lidMargin[12]![1]) / 2];
    return [mx + 0.8 * (x - mx), my + 0.72 * (y - my)];
  });
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const point: [number, number] = [column + 0.5, row + 0.5];
      if (!isInside(point, inner)) continue;
      const value = data[row * width + column]!;
      const distance = fromPupil(point);
      if (distance < 0.2) found.pupil.push(value);
      else if (distance > 0.7 && distance < 0.85) found.iris.push(value);
      else if (distance > 1.15) found.white.push(value);
    }
  }
  return found;
}

function isInside(
  [x, y]: readonly [number, number],
  polygon: readonly (readonly [number, number])[],
): boolean {
  let inside = false;
  for (const [k, [x1, y1]] of polygon.entries()) {
    const [x2, y2] = polygon[(k + 1) % polygon.length]!;
    if (y1 > y !== y2 > y && x < x1 + ((y - y1) / (y2 - y1)) * (x2 - x1)) inside = !inside;
  }
  return inside;
}

test.each([
  ['simulator', eyeSimulator, 0.97],
  ['stand-in camera', standInCamera, 0.9],
] as const)(
  'in the %s the labeled pupil is darker than the iris, and the iris than the white',
  async (_, make, share) => {
    const samples = await many(make({ width: 110, height: 70, closedRate: 0, blinkRate: 0 }), 90);
    let seen = 0;
    let pupilDarker = 0;
    let irisDarker = 0;
    for (const sample of samples) {
      const { pupil, iris, white } = parts(sample);
      if (Math.min(pupil.length, iris.length, white.length) < 12) continue;
      seen++;
      // A glint may cover half of the pupil.
      if (quantile(pupil, 0.2) < quantile(iris, 0.5)) pupilDarker++;
      if (quantile(iris, 0.5) < quantile(white, 0.5)) irisDarker++;
    }
    expect(seen).toBeGreaterThan(40);
    expect(pupilDarker / seen).toBeGreaterThan(share);
    expect(irisDarker / seen).toBeGreaterThan(share);
  },
);
