import { simulate } from '@simgan/core';
import { expect, test } from 'vitest';
import { type CompleteHandAnnotation, handAnnotation } from '../annotation.ts';
import { backgroundValue, handImage, invalidValue, pixelKind } from '../hand-image.ts';
import { handSimulator } from '../simulator/hand-simulator.ts';
import { handProbe, jointResiduals } from './hand-probe.ts';

const size = 96;
const probe = handProbe(handImage(size));
const hands = simulate(handSimulator({ size }), { seed: 6, length: 12 });

/** How far apart two pictures are by a quantity. */
function distance(name: string, a: Uint16Array, b: Uint16Array): number {
  const [from, to] = [probe.measure(a)[name]!, probe.measure(b)[name]!];
  return probe.quantities[name]!.distance(from.values, to.values);
}

const changed = (image: ArrayLike<number>, change: (value: number, at: number) => number) =>
  Uint16Array.from(image, change);

test('a picture is where it was', async () => {
  for await (const { image } of hands) {
    for (const name of Object.keys(probe.quantities).filter((name) => name !== 'joints')) {
      expect(distance(name, image as Uint16Array, image as Uint16Array)).toBe(0);
    }
  }
});

test('a hand that is moved by two pixels is found two pixels away', () => {
  const disc = (cu: number) =>
    Uint16Array.from({ length: size * size }, (_, at) =>
      Math.hypot((at % size) - cu, Math.floor(at / size) - 48) < 30 ? 120 : backgroundValue(300),
    );
  // Outlines of round things that move by d are 2 d / pi apart on average.
  const edge = distance('edge', disc(48), disc(50));
  expect(edge).toBeGreaterThan(1);
  expect(edge).toBeLessThan(1.6);
  expect(distance('edgeMm', disc(48), disc(50)) / edge).toBeCloseTo(300 / size, 9);
  const moved = 1 - distance('silhouette', disc(48), disc(50));
  const lens = 2 * (30 ** 2 * Math.acos(2 / 60) - (2 / 4) * Math.sqrt(4 * 30 ** 2 - 4));
  expect(moved).toBeCloseTo(lens / (2 * Math.PI * 30 ** 2 - lens), 1.5);
  expect(distance('edge', disc(48), disc(58))).toBeGreaterThan(4 * edge);
});

test('depth is measured to the millimetre, also against the joints', async () => {
  for await (const { image, annotation } of hands) {
    const before = image as Uint16Array;
    const after = changed(before, (value) => (pixelKind(value, 300) === 'depth' ? value + 5 : value));
    const isDepth = (value: number) => pixelKind(value, 300) === 'depth';
    if (after.some((value, at) => isDepth(before[at]!) && value > 300)) continue;
    expect(distance('depth', before, after)).toBeCloseTo(5, 5);
    expect(distance('silhouette', before, after)).toBe(0);
    const residuals = jointResiduals(before, after, annotation);
    const visible = (annotation as CompleteHandAnnotation).joints.occluded.filter((hidden) => !hidden).length;
    expect(residuals.length).toBe(visible);
    for (const { residual } of residuals) expect(residual).toBe(5);
    const [from, to] = [probe.measure(before, annotation).joints!, probe.measure(after, annotation).joints!];
    expect(probe.quantities.joints!.distance(from.values, to.values)).toBe(5);
    expect(probe.measure(before).joints).toBeUndefined();
    const said = probe.expected(annotation).depth!;
    const toJoints = probe.quantities.depth!.distance(probe.measure(before).depth!.values, said);
    expect(toJoints).toBeGreaterThan(2);
    expect(toJoints).toBeLessThan(40);
  }
});

test('joints that are not known are passed over', async () => {
  const { image, annotation } = await hands.at(0);
  const { joints, ...rest } = annotation as CompleteHandAnnotation;
  const known = (uvd: (typeof joints.uvd)[number], joint: number) => (joint === 3 ? null : uvd);
  const some = { ...rest, joints: { ...joints, uvd: joints.uvd.map(known), occluded: undefined } };
  const partly = handAnnotation.parse(JSON.parse(JSON.stringify(some)));
  const residuals = jointResiduals(image, image, partly);
  expect(residuals.length).toBeGreaterThan(0);
  expect(residuals.map(({ joint }) => joint)).not.toContain(3);
  expect(probe.expected(partly).depth).toBeDefined();
});

test('holes and clutter that stands apart move nothing, a lost finger does', async () => {
  const { image } = await hands.at(0);
  const before = image as Uint16Array;
  const isInner = (at: number) =>
    [-1, 0, 1].every((du) =>
      [-1, 0, 1].every((dv) => pixelKind(before[at + dv * size + du] ?? 400, 300) === 'depth'),
    );
  const sensed = changed(before, (value, at) => {
    if (at % 7 === 0 && isInner(at)) return invalidValue(300);
    return at % size < 4 && value === backgroundValue(300) ? 290 : value;
  });
  expect(sensed).not.toEqual(before);
  expect(distance('silhouette', before, sensed)).toBeLessThan(0.02);
  expect(distance('depth', before, sensed)).toBe(0);
  const confidence = (image: Uint16Array) => probe.measure(image).silhouette!.confidence;
  expect(confidence(sensed)).toBeLessThan(confidence(before));
  const top = before.findIndex((value) => pixelKind(value, 300) === 'depth');
  const cut = changed(before, (value, at) => (at < top + 8 * size ? backgroundValue(300) : value));
  expect(distance('silhouette', before, cut)).toBeGreaterThan(0.02);
  expect(distance('edge', before, cut)).toBeGreaterThan(0.05);
});

test('it abstains where there is no hand', () => {
  expect(probe.measure(new Uint16Array(size * size).fill(backgroundValue(300)))).toEqual({});
  expect(probe.expected({})).toEqual({});
});
