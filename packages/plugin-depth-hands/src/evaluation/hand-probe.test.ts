import { type Image, imageOf, simulate } from '@simgan/core';
import { expect, test } from 'vitest';
import type { HandAnnotation } from '../annotation.ts';
import { backgroundValue, handImage, invalidValue, pixelKind } from '../hand-image.ts';
import { handSimulator } from '../simulator/hand-simulator.ts';
import { handProbe, jointResiduals } from './hand-probe.ts';

const size = 96;
const form = handImage(size);
const probe = handProbe(form);
const hands = simulate(handSimulator({ size }), { seed: 6, length: 12 });

/** The distance of two pictures by a quantity. */
function distance(name: keyof typeof probe.quantities, a: Image, b: Image): number {
  const [from, to] = [probe.measure(a)[name]!, probe.measure(b)[name]!];
  return probe.quantities[name].distance(from.values, to.values);
}

const changed = ({ data }: Image, change: (value: number, at: number) => number) =>
  imageOf(Uint16Array.from(data, change), form);

test('a picture has no distance from itself', async () => {
  for await (const { image } of hands) {
    for (const name of ['silhouette', 'edge', 'edgeMm', 'depth'] as const) {
      expect(distance(name, image, image)).toBe(0);
    }
  }
});

test('a hand moved by two pixels has an outline two pixels away', () => {
  const disc = (cu: number) =>
    imageOf(
      Uint16Array.from({ length: size * size }, (_, at) =>
        Math.hypot((at % size) - cu, Math.floor(at / size) - 48) < 30 ? 120 : backgroundValue(300),
      ),
      form,
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

test('depth is measured to the millimeter, also against the joints', async () => {
  for await (const { image: before, annotation } of hands) {
    const after = changed(before, (value) => (pixelKind(value, 300) === 'depth' ? value + 5 : value));
    const isDepth = (value: number) => pixelKind(value, 300) === 'depth';
    if (after.data.some((value, at) => isDepth(before.data[at]!) && value > 300)) continue;
    expect(distance('depth', before, after)).toBeCloseTo(5, 5);
    expect(distance('silhouette', before, after)).toBe(0);
    const residuals = jointResiduals(before, after, annotation);
    const visible = annotation.joints.occluded.filter((hidden) => !hidden).length;
    expect(residuals.length).toBe(visible);
    for (const { residual } of residuals) expect(residual).toBe(5);
    const [from, to] = [probe.measure(before, annotation).joints!, probe.measure(after, annotation).joints!];
    expect(probe.quantities.joints.distance(from.values, to.values)).toBe(5);
    expect(probe.measure(before).joints).toBeUndefined();
    const said = probe.expected(annotation).depth!;
    const toJoints = probe.quantities.depth.distance(probe.measure(before).depth!.values, said);
    expect(toJoints).toBeGreaterThan(2);
    expect(toJoints).toBeLessThan(40);
  }
});

test('unknown joints are left out', async () => {
  const { image, annotation } = await hands.at(0);
  const { xyz, uvd } = annotation.joints;
  const known = uvd.map((place, joint) => (joint === 3 ? null : place));
  const partly: HandAnnotation = { ...annotation, joints: { xyz, uvd: known } };
  const residuals = jointResiduals(image, image, partly);
  expect(residuals.length).toBeGreaterThan(0);
  expect(residuals.map(({ joint }) => joint)).not.toContain(3);
  expect(probe.expected(partly).depth).toBeDefined();
});

test('holes and separate clutter do not move the silhouette, a lost finger does', async () => {
  const { image: before } = await hands.at(0);
  const isInner = (at: number) =>
    [-1, 0, 1].every((du) =>
      [-1, 0, 1].every((dv) => pixelKind(before.data[at + dv * size + du] ?? 400, 300) === 'depth'),
    );
  const sensed = changed(before, (value, at) => {
    if (at % 7 === 0 && isInner(at)) return invalidValue(300);
    return at % size < 4 && value === backgroundValue(300) ? 290 : value;
  });
  expect(sensed).not.toEqual(before);
  expect(distance('silhouette', before, sensed)).toBeLessThan(0.02);
  expect(distance('depth', before, sensed)).toBe(0);
  const confidence = (image: Image) => probe.measure(image).silhouette!.confidence;
  expect(confidence(sensed)).toBeLessThan(confidence(before));
  const top = before.data.findIndex((value) => pixelKind(value, 300) === 'depth');
  const cut = changed(before, (value, at) => (at < top + 8 * size ? backgroundValue(300) : value));
  expect(distance('silhouette', before, cut)).toBeGreaterThan(0.02);
  expect(distance('edge', before, cut)).toBeGreaterThan(0.05);
});

test('it abstains where there is no hand', () => {
  const empty = new Uint16Array(size * size).fill(backgroundValue(300));
  expect(probe.measure(imageOf(empty, form))).toEqual({});
  expect(probe.expected({})).toEqual({});
});
