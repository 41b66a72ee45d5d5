import { expect, test } from 'vitest';
import { type Camera, drawScene, scenes } from '../../../test/scenes.ts';
import { displacementAt } from './displacement.ts';

const MIDDLE = [32.5, 32.5] as const;
const warps = [
  [0, 0],
  [0.5, 0],
  [0, 1],
  [2, 0],
  [1.4, -1.4],
  [-0.35, 0.35],
] as const;
type SceneName = keyof typeof scenes;

/** The displacements found for each warp, and how far each is from the true one along what is seen. */
function measured(scene: SceneName, camera: Camera) {
  return warps.map((warp, seed) => {
    const before = drawScene(scenes[scene], [0, 0], { seed: 50 + seed, noise: camera.noise ? 0.004 : 0 });
    const after = drawScene(scenes[scene], warp, { ...camera, seed: seed + 1 });
    const found = displacementAt(before, after, MIDDLE);
    if (typeof found === 'string') return { found, error: 0 };
    const { dx, dy, along } = found;
    const part = along ? warp[0] * along[0] + warp[1] * along[1] : 1;
    const truth = along ? [part * along[0], part * along[1]] : warp;
    return { found, error: Math.hypot(dx - truth[0]!, dy - truth[1]!) };
  });
}

test.each([
  ['as it is', {}],
  ['with noise', { noise: 0.01 }],
  ['blurred, with noise', { blur: 1, noise: 0.01 }],
  ['of less contrast and more light', { gain: 0.6, bias: 0.2, noise: 0.008 }],
] satisfies [string, Camera][])('known warps are found to a tenth of a pixel: %s', (_, camera) => {
  for (const scene of ['corner', 'disc', 'texture'] as const) {
    for (const { found, error } of measured(scene, camera)) {
      expect(found, scene).toBeTypeOf('object');
      expect(error, scene).toBeLessThan(0.1);
    }
  }
});

test('a straight edge measures what is across it, and says so', () => {
  for (const [scene, normal] of [
    ['edge', [1, 0]],
    ['slanted', [0.8, 0.6]],
  ] as const) {
    for (const { found, error } of measured(scene, { noise: 0.01, blur: 0.7 })) {
      if (typeof found === 'string') expect.fail(`${scene} is ${found}`);
      const { along } = found;
      expect(Math.abs(along![0] * normal[0] + along![1] * normal[1])).toBeGreaterThan(0.98);
      expect(error).toBeLessThan(0.1);
    }
  }
});

test.each(['flat', 'ramp', 'stripes'] as const)(
  'nothing is said of what cannot be told apart: %s',
  (scene) => {
    for (const camera of [{}, { noise: 0.02 }, { gain: 0.5, bias: 0.3 }]) {
      for (const { found } of measured(scene, camera)) expect(found).toBe('unseen');
    }
  },
);

test('the stated deviation is that of the errors, and noise lowers confidence', () => {
  const of = (noise: number) => {
    const results = Array.from({ length: 12 }, (_, seed) => {
      const before = drawScene(scenes.disc, [0, 0]);
      const found = displacementAt(before, drawScene(scenes.disc, [0.5, 0.25], { noise, seed }), MIDDLE);
      if (typeof found === 'string') expect.fail(found);
      return { ...found, square: ((found.dx - 0.5) ** 2 + (found.dy - 0.25) ** 2) / 2 };
    });
    const mean = (value: (one: (typeof results)[number]) => number) =>
      results.reduce((sum, one) => sum + value(one), 0) / results.length;
    return {
      error: Math.sqrt(mean(({ square }) => square)),
      deviation: mean(({ deviation }) => deviation),
      confidence: mean(({ confidence }) => confidence),
    };
  };
  const [clean, noisy] = [of(0.005), of(0.02)];
  expect(noisy.confidence).toBeLessThan(clean.confidence);
  for (const { error, deviation } of [clean, noisy]) {
    expect(error).toBeGreaterThan(deviation / 4);
    expect(error).toBeLessThan(2 * deviation);
  }
});

test('what is replaced by something else is lost, also where it moved out of reach', () => {
  const before = drawScene(scenes.disc, [0, 0]);
  expect(displacementAt(before, drawScene(scenes.texture, [0, 0]), MIDDLE)).toBe('lost');
  expect(displacementAt(before, drawScene(scenes.flat, [0, 0], { noise: 0.02 }), MIDDLE)).toBe('lost');
  expect(displacementAt(before, drawScene(scenes.disc, [15, 0]), MIDDLE)).toBe('lost');
  expect(displacementAt(before, before, [-1, 5])).toBe('unseen');
});

test('the same picture has not moved; color and 16 bits are measured alike, and so is the border', () => {
  for (const scene of ['corner', 'disc', 'texture'] as const) {
    const image = drawScene(scenes[scene], [0, 0]);
    const moved = drawScene(scenes[scene], [0.5, -0.5]);
    const [same, shift] = [image, moved].map((other) => displacementAt(image, other, MIDDLE));
    expect(same).toMatchObject({ dx: expect.closeTo(0, 5), dy: expect.closeTo(0, 5) });
    const repeated = (one: typeof image) => ({
      ...one,
      channels: 3 as const,
      data: Uint8Array.from({ length: 3 * one.data.length }, (_, i) => one.data[Math.floor(i / 3)]!),
    });
    const deep = (one: typeof image) => ({
      ...one,
      bits: 16 as const,
      data: Uint16Array.from(one.data, (value) => 1000 + 10 * value),
    });
    expect(displacementAt(repeated(image), repeated(moved), MIDDLE)).toEqual(shift);
    const ofDepth = displacementAt(deep(image), deep(moved), MIDDLE, { range: [1000, 3550] });
    if (typeof ofDepth === 'string' || typeof shift === 'string') expect.fail('lost');
    expect(ofDepth.dx).toBeCloseTo(shift!.dx, 6);
  }
  const image = drawScene(scenes.texture, [0, 0]);
  for (const point of [
    [0, 0],
    [63.9, 0.5],
    [2, 62],
  ] as const) {
    expect(displacementAt(image, image, point)).toMatchObject({ dx: expect.closeTo(0, 4) });
  }
});
