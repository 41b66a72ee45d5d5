import { expect, test } from 'vitest';
import {
  completeHandAnnotation,
  EVALUATED_JOINTS,
  HAND_JOINT_COUNT,
  HAND_JOINTS,
  PALM_CENTER,
} from './annotation.ts';

test('joints have the names and the order of the NYU dataset', () => {
  expect(HAND_JOINTS).toHaveLength(HAND_JOINT_COUNT);
  expect(new Set(HAND_JOINTS).size).toBe(HAND_JOINT_COUNT);
  expect(HAND_JOINTS[PALM_CENTER]).toBe('PALM_3');
  // The names in the dataset's test_predictions.mat, in the order of their indices.
  expect(EVALUATED_JOINTS.map((joint) => HAND_JOINTS[joint])).toEqual([
    'F1_KNU3_A',
    'F1_KNU2_B',
    'F2_KNU3_A',
    'F2_KNU2_B',
    'F3_KNU3_A',
    'F3_KNU2_B',
    'F4_KNU3_A',
    'F4_KNU2_B',
    'TH_KNU3_A',
    'TH_KNU3_B',
    'TH_KNU2_B',
    'PALM_1',
    'PALM_2',
    'PALM_3',
  ]);
});

test('the schema accepts a hand that went through JSON, and refuses one that lacks a joint', () => {
  const joints = (count: number) => ({
    uvd: Array.from({ length: count }, () => [1.5, 2, 700]),
    xyz: Array.from({ length: count }, () => [-3, 4, 700]),
    occluded: Array.from({ length: count }, () => false),
  });
  const hand = (count: number) => ({
    side: 'left',
    joints: joints(count),
    camera: { fx: 500, fy: 500, cx: 320, cy: 240, width: 640, height: 480 },
    crop: { u: 10, v: 20, scaleU: 1.5, scaleV: 1.5, near: 550, cube: 300 },
  });
  expect(completeHandAnnotation.parse(JSON.parse(JSON.stringify(hand(36))))).toEqual(hand(36));
  expect(completeHandAnnotation.safeParse(hand(35)).success).toBe(false);
  expect(
    completeHandAnnotation.safeParse({ ...hand(36), crop: { ...hand(36).crop, near: 550.5 } }).success,
  ).toBe(false);
});
