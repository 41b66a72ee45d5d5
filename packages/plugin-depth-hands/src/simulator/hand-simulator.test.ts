import { createRng, encodeImages, imageProblem, simulate } from '@simgan/core';
import { expect, test } from 'vitest';
import { type CompleteHandAnnotation, completeHandAnnotation, HAND_JOINTS } from '../annotation.ts';
import { backgroundValue, handImage, pixelKind } from '../hand-image.ts';
import { standInDepthCamera } from '../stand-in/stand-in-camera.ts';
import { cross, dot, subtract, type Vec3 } from './geometry.ts';
import { handSimulator } from './hand-simulator.ts';

const hands = (options: Parameters<typeof handSimulator>[0], count: number, seed = 1) => {
  const simulator = handSimulator(options);
  return Promise.all(Array.from({ length: count }, (_, index) => simulator(createRng(seed).fork(index))));
};

const joint = (points: readonly Vec3[], name: string) => points[HAND_JOINTS.indexOf(name)]!;

test('every visible joint lies 2 to 40 mm behind the surface', async () => {
  let seen = 0;
  let hidden = 0;
  for (const view of ['facing', 'any'] as const) {
    for (const { image, annotation } of await hands({ size: 160, view }, 40)) {
      for (const [index, [u, v, d]] of annotation.joints.uvd.entries()) {
        if (annotation.joints.occluded[index]) {
          hidden++;
          continue;
        }
        seen++;
        const surface = annotation.crop.near + image.data[Math.round(v) * 160 + Math.round(u)]!;
        expect(d - surface, HAND_JOINTS[index]).toBeGreaterThanOrEqual(2);
        expect(d - surface, HAND_JOINTS[index]).toBeLessThanOrEqual(40);
      }
    }
  }
  expect(seen).toBeGreaterThan(4 * 36 * 10);
  expect(hidden).toBeGreaterThan(36 * 5);
});

test('uvd is xyz projected by the camera matrix of the crop', async () => {
  for (const { annotation } of await hands({ size: 64 }, 10)) {
    const { camera, crop, joints } = annotation;
    const matrix = [
      [camera.fx / crop.scaleU, 0, (camera.cx - crop.u) / crop.scaleU],
      [0, -camera.fy / crop.scaleV, (camera.cy - crop.v) / crop.scaleV],
      [0, 0, 1],
    ] as const;
    for (const [index, xyz] of joints.xyz.entries()) {
      const [hu, hv, hw] = matrix.map((row) => row[0] * xyz[0] + row[1] * xyz[1] + row[2] * xyz[2]);
      const [u, v, d] = joints.uvd[index]!;
      expect(hu! / hw!).toBeCloseTo(u, 2);
      expect(hv! / hw!).toBeCloseTo(v, 2);
      expect(hw!).toBe(d);
    }
  }
});

test('pictures fit their form, hands fill a fair part of them, and annotations fit their schema', async () => {
  const form = handImage(72, 250);
  for (const { image, annotation } of await hands({ size: 72, cube: 250 }, 20)) {
    expect(imageProblem(image, form)).toBeUndefined();
    expect(Math.max(...encodeImages([image], form).data)).toBeLessThanOrEqual(1);
    const filled = image.data.filter((value) => value !== backgroundValue(250)).length / image.data.length;
    expect(filled).toBeGreaterThan(0.04);
    expect(filled).toBeLessThan(0.6);
    expect(completeHandAnnotation.parse(JSON.parse(JSON.stringify(annotation)))).toEqual(annotation);
  }
});

test('the same seed and index give the same hand, in any order; others differ', async () => {
  const dataset = (seed: number) => simulate(handSimulator({ size: 32 }), { seed, length: 4 });
  const [forwards, backwards] = [dataset(5), dataset(5)];
  const [second, third] = [await forwards.at(2), await forwards.at(3)];
  expect(await backwards.at(3)).toEqual(third);
  expect(await backwards.at(2)).toEqual(second);
  expect(second.image).not.toEqual(third.image);
  expect((await dataset(6).at(3)).annotation).not.toEqual(third.annotation);
});

test('left hands are mirror images of right ones', async () => {
  const turn = ({ joints: { xyz } }: CompleteHandAnnotation) => {
    const wrist = joint(xyz, 'PALM_6');
    const toThumb = subtract(joint(xyz, 'F4_KNU1_B'), joint(xyz, 'F1_KNU1_B'));
    const toFingers = subtract(joint(xyz, 'F3_KNU1_B'), wrist);
    const palmar = subtract(joint(xyz, 'TH_KNU1_B'), wrist);
    // Axes here are x right, y up, z away: a left-handed frame, which turns the sign.
    return -dot(cross(toThumb, toFingers), palmar);
  };
  for (const { annotation } of await hands({ size: 16, side: 'right', view: 'any' }, 20))
    expect(turn(annotation)).toBeGreaterThan(0);
  for (const { annotation } of await hands({ size: 16, side: 'left', view: 'any' }, 20))
    expect(turn(annotation)).toBeLessThan(0);
  const sides = (await hands({ size: 16 }, 40)).map(({ annotation }) => annotation.side);
  expect(new Set(sides)).toEqual(new Set(['left', 'right']));
});

test('hands are at the requested distance, and the cube keeps their size', async () => {
  const spread = async (distance: [number, number]) => {
    const depths = (await hands({ size: 96, distance, side: 'right' }, 12)).map(({ image, annotation }) => {
      expect(joint(annotation.joints.xyz, 'PALM_3')[2]).toBeGreaterThanOrEqual(distance[0] - 0.01);
      expect(joint(annotation.joints.xyz, 'PALM_3')[2]).toBeLessThanOrEqual(distance[1] + 0.01);
      return image.data.filter((value) => value <= 300).length;
    });
    return depths.reduce((sum, value) => sum + value, 0) / depths.length;
  };
  const [near, far] = [await spread([500, 520]), await spread([1500, 1520])];
  expect(far / near).toBeGreaterThan(0.85);
  expect(far / near).toBeLessThan(1.15);
});

test('a forearm has the requested length, and nothing else changes', async () => {
  const long = (millimeters: number) => hands({ size: 96, forearm: [millimeters, millimeters] }, 8);
  const [whole, cut, none] = [await long(280), await long(60), await long(5)];
  for (const [index, { image, annotation }] of whole.entries()) {
    const [shorter, shortest] = [cut[index]!, none[index]!];
    expect(shorter.annotation.joints.xyz).toEqual(annotation.joints.xyz);
    // No part of a forearm is farther from the wrist than its length and thickness.
    const wrist = joint(annotation.joints.xyz, 'PALM_6');
    const { near, scaleU, scaleV, u: left, v: top } = annotation.crop;
    const { fx, fy, cx, cy } = annotation.camera;
    const distanceToWrist = (of: typeof image) =>
      Math.max(
        ...Array.from(of.data, (value, pixel) => {
          if (value === backgroundValue(300) || image.data[pixel] === shortest.image.data[pixel]) return 0;
          const d = near + value;
          const x = ((left + (pixel % 96) * scaleU - cx) * d) / fx;
          const y = ((cy - top - Math.floor(pixel / 96) * scaleV) * d) / fy;
          return Math.hypot(x - wrist[0], y - wrist[1], d - wrist[2]);
        }),
      );
    expect(distanceToWrist(shorter.image)).toBeLessThan(60 + 40);
    const area = (of: typeof image) => of.data.filter((value) => value !== backgroundValue(300)).length;
    expect(area(shortest.image)).toBeLessThanOrEqual(area(shorter.image));
    expect(area(shorter.image)).toBeLessThanOrEqual(area(image));
  }
  const total = (of: typeof whole) =>
    of.reduce(
      (sum, { image }) => sum + image.data.filter((value) => value !== backgroundValue(300)).length,
      0,
    );
  expect(total(cut)).toBeLessThan(0.9 * total(whole));
  expect(total(none)).toBeLessThan(0.97 * total(cut));
});

test('frontal hands are turned to the camera more than facing ones', async () => {
  const lean = async (view: 'facing' | 'frontal') => {
    const samples = await hands({ size: 16, view, side: 'right' }, 60);
    return samples.reduce((sum, { annotation: { joints } }) => {
      const across = subtract(joint(joints.xyz, 'F4_KNU1_B'), joint(joints.xyz, 'F1_KNU1_B'));
      const up = subtract(joint(joints.xyz, 'F3_KNU1_B'), joint(joints.xyz, 'PALM_6'));
      return sum + Math.abs(across[2]) + Math.abs(up[2]);
    }, 0);
  };
  expect(await lean('frontal')).toBeLessThan(0.6 * (await lean('facing')));
});

test('a person behind the hand and a Kinect that measures change pictures, and no annotation', async () => {
  const of = (options: object) => simulate(handSimulator({ size: 48, ...options }), { seed: 6, length: 12 });
  const [plain, before, both] = [
    of({}),
    of({ behind: 'person' }),
    of({ behind: 'person', measurement: 'kinect' }),
  ];
  const standIn = simulate(standInDepthCamera({ size: 48 }), { seed: 6, length: 12 });
  let reaching = 0;
  for (let i = 0; i < plain.length; i++) {
    const [exact, behind, measured, camera] = await Promise.all(
      [plain, before, both, standIn].map((set) => set.at(i)),
    );
    for (const { annotation } of [behind!, measured!]) expect(annotation).toEqual(exact!.annotation);
    expect(exact!.image.data.some((value) => pixelKind(value, 300) === 'invalid')).toBe(false);
    expect(measured!.image.data.some((value) => pixelKind(value, 300) === 'invalid')).toBe(true);
    // The stand-in camera is the same hand, person and sensor.
    expect(measured!.image.data).toEqual(camera!.image.data);
    for (const [pixel, value] of exact!.image.data.entries()) {
      const seen = behind!.image.data[pixel]!;
      if (pixelKind(value, 300) === 'depth') expect(seen).toBe(value);
      else if (pixelKind(seen, 300) === 'depth') reaching++;
    }
  }
  expect(reaching).toBeGreaterThan(200);
});
