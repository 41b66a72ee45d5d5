import { createRng } from '@simgan/core';
import { expect, test } from 'vitest';
import { type FINGERS, JOINT_ANGLES, JOINT_LIMITS } from './anatomy.ts';
import { OPEN_POSE, randomPose } from './pose.ts';

const poses = Array.from({ length: 800 }, (_, index) => randomPose(createRng(index)));

test('a hand has 25 angles, and 31 degrees of freedom with position and orientation', () => {
  expect(JOINT_ANGLES).toHaveLength(25);
});

test('every pose stays within the limits of the joints, and poses cover them', () => {
  for (const angle of JOINT_ANGLES) {
    const [low, high] = JOINT_LIMITS[angle];
    const values = [OPEN_POSE, ...poses].map((pose) => pose[angle]);
    expect(Math.min(...values), angle).toBeGreaterThanOrEqual(low);
    expect(Math.max(...values), angle).toBeLessThanOrEqual(high);
    expect(Math.max(...values) - Math.min(...values), angle).toBeGreaterThan(0.35 * (high - low));
  }
});

test('fingers close together, neighbors more than little finger and index finger', () => {
  const bend = (finger: (typeof FINGERS)[number]) => poses.map((pose) => pose[`${finger}.pipFlexion`]);
  const neighbors = correlation(bend('ring'), bend('middle'));
  const apart = correlation(bend('little'), bend('index'));
  expect(neighbors).toBeGreaterThan(0.6);
  expect(apart).toBeGreaterThan(0.2);
  expect(neighbors).toBeGreaterThan(apart + 0.1);
});

test('the end joint follows the middle one, two thirds of the way', () => {
  const ratios = poses.map((pose) => pose['middle.dipFlexion'] / Math.max(1, pose['middle.pipFlexion']));
  expect(ratios.sort((a, b) => a - b)[400]).toBeCloseTo(2 / 3, 1);
});

test('a bent finger cannot be spread', () => {
  const spreads = (bent: boolean) =>
    poses
      .filter((pose) => pose['index.mcpFlexion'] > 70 === bent)
      .map((pose) => Math.abs(pose['index.mcpAbduction']));
  expect(mean(spreads(true))).toBeLessThan(0.5 * mean(spreads(false)));
});

test('hands have the requested closure, without gestures', () => {
  const bends = (closure?: readonly [number, number]) =>
    Array.from({ length: 200 }, (_, index) => {
      const pose = randomPose(createRng(index), closure);
      return (['little', 'ring', 'middle', 'index'] as const).map((finger) => pose[`${finger}.pipFlexion`]);
    });
  const open = bends([0, 0.2]).map((fingers) => Math.max(...fingers));
  const closed = bends([0.8, 1]).map((fingers) => Math.min(...fingers));
  expect(mean(open)).toBeLessThan(45);
  expect(mean(closed)).toBeGreaterThan(65);
  const pointing = (poses: number[][]) =>
    poses.filter((fingers) => Math.max(...fingers) - Math.min(...fingers) > 70);
  expect(pointing(bends())).not.toEqual([]);
  expect(pointing(bends([0, 1]))).toEqual([]);
});

test('letters are fists, flat hands and fingers apart, with the thumb where the letter has it', () => {
  const letters = Array.from({ length: 400 }, (_, index) =>
    randomPose(createRng(index), undefined, 'letters'),
  );
  const bent = (pose: (typeof letters)[number]) =>
    (['little', 'ring', 'middle', 'index'] as const)
      .map((finger) => (pose[`${finger}.pipFlexion`] > 50 ? 1 : 0))
      .join('');
  const shown = new Map<string, (typeof letters)[number][]>();
  for (const pose of letters) shown.set(bent(pose), [...(shown.get(bent(pose)) ?? []), pose]);
  // A fist, a flat hand, D and L, F, I and Y, U and V, W.
  for (const shape of ['1111', '0000', '1110', '0001', '0111', '1100', '1000']) {
    expect(shown.get(shape)?.length ?? 0, shape).toBeGreaterThan(5);
  }
  const thumbs = (shape: string) => shown.get(shape)!.map((pose) => pose['thumb.cmcFlexion']);
  // B has its thumb across the palm; common flat hands mostly have it beside.
  const flat = poses.filter((pose) => bent(pose) === '0000').map((pose) => pose['thumb.cmcFlexion']);
  expect(mean(thumbs('0000'))).toBeGreaterThan(mean(flat) + 10);
  // A and S are the same fist with the thumb at two places.
  expect(Math.max(...thumbs('1111')) - Math.min(...thumbs('1111'))).toBeGreaterThan(35);
  for (const pose of letters) {
    for (const angle of JOINT_ANGLES) {
      expect(pose[angle]).toBeGreaterThanOrEqual(JOINT_LIMITS[angle][0]);
      expect(pose[angle]).toBeLessThanOrEqual(JOINT_LIMITS[angle][1]);
    }
  }
});

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const [ma, mb] = [mean(a), mean(b)];
  const product = (p: readonly number[], pm: number, q: readonly number[], qm: number) =>
    mean(p.map((value, index) => (value - pm) * (q[index]! - qm)));
  return product(a, ma, b, mb) / Math.sqrt(product(a, ma, a, ma) * product(b, mb, b, mb));
}
