import { type Image, type Sample, simulate } from '@simgan/core';
import {
  affineMap,
  carryLabels,
  composeMaps,
  composeTransforms,
  cropTransform,
  displacementMap,
  flipTransform,
  type ImageTransform,
  invertTransform,
  mapOf,
  mirrorTransform,
  type PictureMap,
  resampleBy,
  resizeTransform,
} from '@simgan/core/geometry';
import { expect, test } from 'vitest';
import {
  type CompleteHandAnnotation,
  HAND_JOINTS,
  type HandAnnotation,
  handAnnotation,
} from './annotation.ts';
import { project, toCrop } from './camera.ts';
import { pixelKind } from './hand-image.ts';
import { cross, dot, subtract, type Vec3 } from './simulator/geometry.ts';
import { handSimulator } from './simulator/hand-simulator.ts';

const size = { width: 96, height: 96 };
const hands = simulate(handSimulator({ size: 96 }), { seed: 4, length: 6 });

const carried = (transform: ImageTransform | PictureMap, annotation: CompleteHandAnnotation) =>
  carryLabels<HandAnnotation>(transform, annotation, handAnnotation.geometry) as CompleteHandAnnotation;

const window = { left: 13, top: 7, width: 70, height: 64 };
const field = Array.from({ length: 32 }, (_, i) => [4, -2, 1, 0, -3][i % 5]!);
const bendings: [string, PictureMap][] = [
  ['rotated', affineMap(size, { rotation: 0.3, scale: 1.1 })],
  ['bent', displacementMap(size, { rows: 4, columns: 4, values: field })],
];
const transforms: [string, ImageTransform][] = [
  ['mirrored', mirrorTransform(size)],
  ['flipped', flipTransform(size)],
  ['cropped', cropTransform(size, window)],
  ['enlarged', resizeTransform(size, { width: 240, height: 192 })],
  ['reduced', resizeTransform(size, { width: 48, height: 48 })],
  [
    'cropped, mirrored and scaled',
    composeTransforms(
      cropTransform(size, window),
      mirrorTransform(window),
      resizeTransform(window, { width: 140, height: 128 }),
    ),
  ],
];

test.each([...transforms, ...bendings])(
  'the joints of a %s hand are still its projected points',
  async (_, transform) => {
    for await (const { annotation } of hands) {
      const { joints, camera, crop } = carried(transform, annotation);
      for (const [joint, xyz] of joints.xyz.entries()) {
        const [u, v, d] = toCrop(project(xyz, camera), crop);
        const [expectedU, expectedV, expectedD] = joints.uvd[joint]!;
        expect(u).toBeCloseTo(expectedU, 2);
        expect(v).toBeCloseTo(expectedV, 2);
        expect(d).toBe(expectedD);
      }
      expect(joints.occluded).toEqual(annotation.joints.occluded);
    }
  },
);

test.each([...transforms, ...bendings])(
  'the visible joints of a %s hand are on the surface of its picture',
  async (_, transform) => {
    let seen = 0;
    for await (const { image, annotation } of hands) {
      const surfaces = surfacesAtJoints({ image, annotation });
      const moved = {
        image: resampleBy(image, 'move' in transform ? transform : mapOf(transform)),
        annotation: carried(transform, annotation),
      };
      for (const [joint, [surface, isFlat]] of surfacesAtJoints(moved)) {
        // Nearest pixels may change at an edge.
        if (!isFlat || !surfaces.get(joint)?.[1]) continue;
        seen++;
        expect(Math.abs(surface - surfaces.get(joint)![0])).toBeLessThan(8);
      }
    }
    expect(seen).toBeGreaterThan(40);
  },
);

test('a mirrored picture has the joints on the mirrored pixels, a mirrored hand and a mirrored frame', async () => {
  const { annotation } = await hands.at(0);
  const mirrored = carried(mirrorTransform(size), annotation);
  for (const [joint, [u, v, d]] of annotation.joints.uvd.entries()) {
    const [mirroredU, mirroredV, mirroredD] = mirrored.joints.uvd[joint]!;
    expect(mirroredU).toBeCloseTo(95 - u, 9);
    expect([mirroredV, mirroredD]).toEqual([v, d]);
    const [x, y, z] = annotation.joints.xyz[joint]!;
    expect(mirrored.joints.xyz[joint]).toEqual([-x, y, z]);
  }
  expect(mirrored.crop.scaleU).toBe(annotation.crop.scaleU);
  // The frame is mirrored about its left edge: column c becomes column -1 - c.
  const { camera } = annotation;
  expect(mirrored.camera).toEqual({ ...camera, cx: -1 - camera.cx });
});

test('cropping and scaling change the crop, and neither the camera nor points in space', async () => {
  const { annotation } = await hands.at(1);
  const cropped = carried(cropTransform(size, window), annotation);
  const { crop } = annotation;
  expect(cropped).toMatchObject({ side: annotation.side, camera: annotation.camera });
  expect(cropped.joints.xyz).toEqual(annotation.joints.xyz);
  expect(cropped.crop.u).toBeCloseTo(crop.u + 13 * crop.scaleU, 9);
  expect(cropped.crop.v).toBeCloseTo(crop.v + 7 * crop.scaleV, 9);
  expect(cropped.crop).toMatchObject({ scaleU: crop.scaleU, near: crop.near, cube: crop.cube });
  // The outer corner of the picture stays where it is in the frame, half a pixel before the first center.
  const scaled = carried(resizeTransform(size, { width: 48, height: 192 }), annotation).crop;
  expect(scaled.scaleU).toBeCloseTo(2 * crop.scaleU, 9);
  expect(scaled.scaleV).toBeCloseTo(crop.scaleV / 2, 9);
  expect(scaled.u - scaled.scaleU / 2).toBeCloseTo(crop.u - crop.scaleU / 2, 9);
  expect(scaled.v - scaled.scaleV / 2).toBeCloseTo(crop.v - crop.scaleV / 2, 9);
});

test('a reflected left hand is a right hand, in its label and in space; a hand turned by 180 degrees is not', async () => {
  const halfTurn = composeTransforms(mirrorTransform(size), flipTransform(size));
  for await (const { annotation } of hands) {
    const other = annotation.side === 'left' ? 'right' : 'left';
    for (const [transform, side] of [
      [mirrorTransform(size), other],
      [flipTransform(size), other],
      [halfTurn, annotation.side],
    ] as const) {
      const moved = carried(transform, annotation);
      expect(moved.side).toBe(side);
      expect(sideInSpace(moved)).toBe(side);
    }
  }
});

test('the inverse transform restores an annotation, and missing fields and joints stay missing', async () => {
  const { annotation } = await hands.at(2);
  const transform = composeTransforms(
    mirrorTransform(size),
    cropTransform(size, window),
    resizeTransform(window, { width: 140, height: 128 }),
  );
  const back = carried(invertTransform(transform), carried(transform, annotation));
  expect(back.side).toBe(annotation.side);
  const numbers = ({ joints, camera, crop }: CompleteHandAnnotation) =>
    [joints.uvd, joints.xyz, Object.values(camera), Object.values(crop)].flat(2);
  const expected = numbers(annotation);
  for (const [index, value] of numbers(back).entries()) expect(value).toBeCloseTo(expected[index]!, 9);

  const { uvd, xyz } = annotation.joints;
  const partly: HandAnnotation = { joints: { uvd: uvd.map((joint, i) => (i === 5 ? null : joint)), xyz } };
  const moved = carryLabels(transform, partly, handAnnotation.geometry);
  expect(Object.keys(moved)).toEqual(['joints']);
  expect(moved.joints?.uvd[5]).toBeNull();
  expect(moved.joints?.uvd[6]).not.toBeNull();
});

test('a rotated hand without a camera, or mirrored at once, is refused', async () => {
  const { annotation } = await hands.at(0);
  const turn = affineMap(size, { rotation: 0.3 });
  const { camera: _, crop: __, ...without } = annotation;
  expect(() => carryLabels<HandAnnotation>(turn, without, handAnnotation.geometry)).toThrow(
    expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('joints.xyz[0]') }),
  );
  const both = composeMaps(mapOf(mirrorTransform(size)), turn);
  expect(() => carried(both, annotation)).toThrow('Mirror and resize in a step of its own');
});

/** The stored depth at the pixel of each visible joint, and whether the pixels about it are on one surface. */
function surfacesAtJoints({
  image,
  annotation,
}: Pick<Sample<CompleteHandAnnotation>, 'image' | 'annotation'>) {
  const surfaces = new Map<number, [depth: number, isFlat: boolean]>();
  for (const [joint, [u, v]] of annotation.joints.uvd.entries()) {
    const [column, row] = [Math.round(u), Math.round(v)];
    const isInside = column > 0 && row > 0 && column < image.width - 1 && row < image.height - 1;
    if (annotation.joints.occluded[joint] || !isInside) continue;
    const around = [-1, 0, 1].flatMap((dv) => [-1, 0, 1].map((du) => depthAt(image, column + du, row + dv)));
    surfaces.set(joint, [around[4]!, Math.max(...around) - Math.min(...around) < 12]);
  }
  return surfaces;
}

function depthAt({ data, width }: Image, column: number, row: number): number {
  const value = data[row * width + column]!;
  return pixelKind(value, 300) === 'depth' ? value : Number.POSITIVE_INFINITY;
}

/** Which hand the points in space are those of, as in the test of the simulator. */
function sideInSpace({ joints: { xyz } }: CompleteHandAnnotation): 'left' | 'right' {
  const joint = (name: string): Vec3 => xyz[HAND_JOINTS.indexOf(name)]!;
  const toThumb = subtract(joint('F4_KNU1_B'), joint('F1_KNU1_B'));
  const toFingers = subtract(joint('F3_KNU1_B'), joint('PALM_6'));
  const palmar = subtract(joint('TH_KNU1_B'), joint('PALM_6'));
  return -dot(cross(toThumb, toFingers), palmar) > 0 ? 'right' : 'left';
}
