import { createRng } from '@simgan/core';
import { expect, test } from 'vitest';
import { JOINT_ANGLES, JOINT_LIMITS } from './anatomy.ts';
import { type Cone, fleshOn } from './flesh.ts';
import { between, length, subtract } from './geometry.ts';
import { OPEN_POSE, randomPose } from './pose.ts';
import { CONTACT_TOLERANCE_MM, deepestContact, withoutSelfPenetration } from './self-contact.ts';
import { MEAN_SHAPE, randomShape } from './shape.ts';
import { articulate } from './skeleton.ts';

const contact = (shape: typeof MEAN_SHAPE, pose: typeof OPEN_POSE) =>
  deepestContact(fleshOn(articulate(shape, pose), shape));

test('two crossed cones press into each other by the sum of their radii less their distance', () => {
  const crossed: Cone[] = [
    { part: 'index', from: [-10, 0, 0], to: [10, 0, 0], fromRadius: 5, toRadius: 5 },
    { part: 'middle', from: [0, -10, 7], to: [0, 10, 7], fromRadius: 4, toRadius: 4 },
  ];
  expect(deepestContact(crossed)).toEqual({ parts: ['index', 'middle'], depth: expect.closeTo(2, 9) });
});

test('the open hand has no self-contact, whatever its shape', () => {
  for (let seed = 0; seed < 200; seed++) {
    expect(contact(randomShape(createRng(seed)), OPEN_POSE).depth).toBeLessThan(CONTACT_TOLERANCE_MM);
  }
});

test('a thumb through the fingers yields, within the limits', () => {
  const fist = {
    ...OPEN_POSE,
    'index.mcpFlexion': 80,
    'index.pipFlexion': 100,
    'index.dipFlexion': 60,
    'thumb.cmcFlexion': 14,
    'thumb.cmcAbduction': -20,
    'thumb.mcpFlexion': 30,
  };
  expect(contact(MEAN_SHAPE, fist).depth).toBeGreaterThan(CONTACT_TOLERANCE_MM);
  const resolved = withoutSelfPenetration(MEAN_SHAPE, fist);
  expect(contact(MEAN_SHAPE, resolved).depth).toBeLessThanOrEqual(CONTACT_TOLERANCE_MM);
  expect(resolved['index.pipFlexion']).toBe(100);
});

test('no random hand has a contact deeper than the tolerance, and most poses are unchanged', () => {
  let changed = 0;
  for (let seed = 0; seed < 150; seed++) {
    const shape = randomShape(createRng(seed));
    const pose = randomPose(createRng(seed).fork('pose'));
    const resolved = withoutSelfPenetration(shape, pose);
    if (resolved !== pose) changed++;
    expect(deepestOverlap(fleshOn(articulate(shape, resolved), shape))).toBeLessThanOrEqual(
      CONTACT_TOLERANCE_MM,
    );
    for (const angle of JOINT_ANGLES) {
      expect(resolved[angle]).toBeGreaterThanOrEqual(JOINT_LIMITS[angle][0]);
      expect(resolved[angle]).toBeLessThanOrEqual(JOINT_LIMITS[angle][1]);
    }
  }
  expect(changed).toBeGreaterThan(0);
  expect(changed).toBeLessThan(50);
});

/** How deep balls along the axes of different digits press into each other, or balls of outer links into the palm. */
function deepestOverlap(cones: readonly Cone[]): number {
  const balls = cones.flatMap((cone, index) =>
    Array.from({ length: 9 }, (_, step) => ({
      part: cone.part,
      rooted: cone.part !== cones[index - 1]?.part,
      center: between(cone.from, cone.to, step / 8),
      radius: cone.fromRadius + (step / 8) * (cone.toRadius - cone.fromRadius),
    })),
  );
  let deepest = Number.NEGATIVE_INFINITY;
  for (const [index, a] of balls.entries()) {
    for (const b of balls.slice(index + 1)) {
      if (a.part === b.part || (a.part === 'palm' && b.rooted)) continue;
      deepest = Math.max(deepest, a.radius + b.radius - length(subtract(a.center, b.center)));
    }
  }
  return deepest;
}
