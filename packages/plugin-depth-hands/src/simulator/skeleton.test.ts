import { createRng } from '@simgan/core';
import { expect, test } from 'vitest';
import { HAND_JOINTS } from '../annotation.ts';
import { FINGER_ANATOMY, FINGERS, THUMB_ANATOMY } from './anatomy.ts';
import { cross, dot, length, scaled, subtract, unit, type Vec3 } from './geometry.ts';
import { OPEN_POSE, randomPose } from './pose.ts';
import { MEAN_SHAPE, randomShape } from './shape.ts';
import { articulate, jointPositions } from './skeleton.ts';

const at = (joints: readonly Vec3[], name: string) => joints[HAND_JOINTS.indexOf(name)]!;
const meanHand = (pose = OPEN_POSE) => jointPositions(articulate(MEAN_SHAPE, pose), MEAN_SHAPE);

test('no pose stretches a bone', () => {
  for (let seed = 0; seed < 50; seed++) {
    const { digits } = articulate(MEAN_SHAPE, randomPose(createRng(seed)));
    for (const finger of FINGERS) {
      const { metacarpal, phalanges } = FINGER_ANATOMY[finger];
      expectBones(digits[finger].points, [metacarpal, ...phalanges]);
    }
    expectBones(digits.thumb.points, [THUMB_ANATOMY.metacarpal, ...THUMB_ANATOMY.phalanges]);
  }
});

test('the angles between bones are those of the pose', () => {
  const pose = { ...OPEN_POSE, 'index.pipFlexion': 70, 'index.dipFlexion': 40, 'thumb.ipFlexion': 55 };
  const { digits } = articulate(MEAN_SHAPE, pose);
  const [, knuckle, middle, last, end] = digits.index.points as [Vec3, Vec3, Vec3, Vec3, Vec3];
  expect(bend(knuckle, middle, last)).toBeCloseTo(70, 6);
  expect(bend(middle, last, end)).toBeCloseTo(40, 6);
  const [, first, joint, tip] = digits.thumb.points as [Vec3, Vec3, Vec3, Vec3];
  expect(bend(first, joint, tip)).toBeCloseTo(55, 6);
});

test('fingers bend to the palm, spread to the thumb, and the thumb opposes', () => {
  const open = meanHand();
  const bent = meanHand({ ...OPEN_POSE, 'middle.mcpFlexion': 60 });
  expect(at(bent, 'F3_KNU3_A')[2] - at(open, 'F3_KNU3_A')[2]).toBeGreaterThan(50);
  const spread = meanHand({ ...OPEN_POSE, 'index.mcpAbduction': 15 });
  expect(at(spread, 'F4_KNU3_A')[0] - at(open, 'F4_KNU3_A')[0]).toBeGreaterThan(8);
  const opposed = meanHand({ ...OPEN_POSE, 'thumb.cmcFlexion': 28 });
  expect(at(opposed, 'TH_KNU3_A')[0]).toBeLessThan(at(open, 'TH_KNU3_A')[0] - 30);
});

test('the wrist bends the forearm against the hand', () => {
  const elbow = (flexion: number, deviation: number) => {
    const pose = { ...OPEN_POSE, 'wrist.flexion': flexion, 'wrist.deviation': deviation };
    return scaled(articulate(MEAN_SHAPE, pose).forearm.y, -1);
  };
  expect(elbow(0, 0)).toEqual([expect.closeTo(0), expect.closeTo(-1), expect.closeTo(0)]);
  // A hand that bends to its palm has its elbow on the palm's side; one that leans to its thumb, on the thumb's.
  expect(elbow(60, 0)[2]).toBeCloseTo(Math.sin(Math.PI / 3), 9);
  expect(elbow(0, 20)[0]).toBeCloseTo(Math.sin(Math.PI / 9), 9);
});

test('the thumb turns about itself, its pad to the fingers, as it opposes', () => {
  const thumb = (flexion: number) => {
    const { tip, palmar } = articulate(MEAN_SHAPE, { ...OPEN_POSE, 'thumb.cmcFlexion': flexion }).digits
      .thumb;
    return { side: cross(tip, palmar), palmar };
  };
  const [extended, opposed] = [thumb(-25), thumb(28)];
  // Bending alone would leave the axis across the thumb where it is; 17 degrees about a moving axis are 15 here.
  expect((Math.acos(dot(extended.side, opposed.side)) * 180) / Math.PI).toBeCloseTo(15.2, 1);
  // The fingers' own palms look along z.
  expect(opposed.palmar[2]).toBeLessThan(extended.palmar[2] - 0.5);
});

test('the mean adult hand has the length and the breadth of the surveys', () => {
  const joints = meanHand();
  expect(at(joints, 'F3_KNU3_A')[1] + FINGER_ANATOMY.middle.pulp).toBeCloseTo(187, -1);
  const breadth =
    length(subtract(at(joints, 'F4_KNU1_B'), at(joints, 'F1_KNU1_B'))) +
    FINGER_ANATOMY.index.radii[0] +
    FINGER_ANATOMY.little.radii[0];
  expect(breadth).toBeCloseTo(80, -1);
});

test('people differ in size as adults do', () => {
  const sizes = Array.from({ length: 400 }, (_, seed) => randomShape(createRng(seed)).size * 187).sort(
    (a, b) => a - b,
  );
  expect(sizes[200]).toBeGreaterThan(183);
  expect(sizes[200]).toBeLessThan(191);
  expect(sizes[380]! - sizes[20]!).toBeGreaterThan(30);
  expect(sizes[399]! - sizes[0]!).toBeLessThan(60);
});

function expectBones(points: readonly Vec3[], lengths: readonly number[]): void {
  for (const [index, expected] of lengths.entries()) {
    expect(length(subtract(points[index + 1]!, points[index]!))).toBeCloseTo(expected, 9);
  }
}

/** Degrees between two bones that meet in `b`. */
function bend(a: Vec3, b: Vec3, c: Vec3): number {
  return (Math.acos(dot(unit(subtract(b, a)), unit(subtract(c, b)))) * 180) / Math.PI;
}
