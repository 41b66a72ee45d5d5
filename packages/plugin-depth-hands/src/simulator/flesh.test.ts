import { createRng } from '@simgan/core';
import { expect, test } from 'vitest';
import { FINGERS, THUMB_ANATOMY } from './anatomy.ts';
import { fleshOn } from './flesh.ts';
import { between, type Vec3 } from './geometry.ts';
import { OPEN_POSE, randomPose } from './pose.ts';
import { MEAN_SHAPE, randomShape } from './shape.ts';
import { articulate, jointPositions } from './skeleton.ts';
import { HandSurface } from './surface.ts';

test('webs connect adjacent fingers at their roots and leave them free further out', () => {
  const spread = {
    ...OPEN_POSE,
    'index.mcpAbduction': 15,
    'ring.mcpAbduction': -12,
    'little.mcpAbduction': -15,
  };
  const skeleton = articulate(MEAN_SHAPE, spread);
  const skin = new HandSurface(fleshOn(skeleton, MEAN_SHAPE));
  for (const [index, finger] of FINGERS.slice(0, -1).entries()) {
    const [a, b] = [skeleton.digits[finger].points, skeleton.digits[FINGERS[index + 1]!].points];
    const gap = (share: number) => between(between(a[1]!, a[2]!, share), between(b[1]!, b[2]!, share), 0.5);
    expect(skin.distance(...gap(0.27))).toBeLessThan(-4);
    expect(skin.distance(...gap(0.9))).toBeGreaterThan(1);
  }
});

test('a web of skin spans thumb and index', () => {
  const { digits } = articulate(MEAN_SHAPE, OPEN_POSE);
  const skin = new HandSurface(fleshOn(articulate(MEAN_SHAPE, OPEN_POSE), MEAN_SHAPE));
  const onIndex = between(digits.index.points[0]!, digits.index.points[1]!, 0.6);
  expect(skin.distance(...between(digits.thumb.points[1]!, onIndex, 0.5))).toBeLessThan(-3);
});

test('every joint lies inside the flesh, at least 2 mm deep, and tips end where the pulp does', () => {
  for (let seed = 0; seed < 60; seed++) {
    const shape = randomShape(createRng(seed));
    const skeleton = articulate(shape, randomPose(createRng(seed)));
    const skin = new HandSurface(fleshOn(skeleton, shape));
    for (const joint of jointPositions(skeleton, shape)) expect(skin.distance(...joint)).toBeLessThan(-2);
  }
  const { digits } = articulate(MEAN_SHAPE, OPEN_POSE);
  const skin = new HandSurface(fleshOn(articulate(MEAN_SHAPE, OPEN_POSE), MEAN_SHAPE));
  const { points, tip } = digits.thumb;
  const beyond = (distance: number) =>
    skin.distance(...(points.at(-1)!.map((value, axis) => value + distance * tip[axis]!) as unknown as Vec3));
  expect(beyond(THUMB_ANATOMY.pulp - 0.5)).toBeLessThan(0);
  expect(beyond(THUMB_ANATOMY.pulp + 0.5)).toBeGreaterThan(0);
});

test('the forearm leaves any cube: it reaches more than 260 mm from the wrist', () => {
  const skin = new HandSurface(fleshOn(articulate(MEAN_SHAPE, OPEN_POSE), MEAN_SHAPE));
  expect(skin.distance(0, -270, 0)).toBeLessThan(0);
});
