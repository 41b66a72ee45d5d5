import type { Image } from '@simgan/core';
import { expect, test } from 'vitest';
import { form, png, readAll, temporaryFolder } from '../../test/reading.ts';
import type { EyeAnnotation } from '../annotation.ts';
import { directionOf, headRotation, multiply } from '../simulator/vector.ts';
import { headPoseOfUnity } from './eye-angles.ts';
import { unityEyes } from './unity-eyes.ts';

const picture = { width: 640, height: 480 };
const text = (...numbers: number[]) => `(${numbers.map((value) => value.toFixed(4)).join(', ')})`;
const fromBottom = ([x, y]: readonly [number, number]) => text(x, picture.height - y, 9.5);

/** An eye as UnityEyes would write it: its iris is drawn where its labels are. */
function unityEye({ iris = [300, 230] as readonly [number, number], mirrored = false } = {}) {
  const side = (x: number) => (mirrored ? picture.width - x : x);
  const [ix, iy] = iris;
  // Counter-clockwise from the picture's left, as Unity's mesh has it in one of its versions.
  const irisPoints = Array.from({ length: 32 }, (_, k): [number, number] => {
    const angle = Math.PI + (2 * Math.PI * k) / 32;
    return [side(ix + 40 * Math.cos(angle)), iy - 40 * Math.sin(angle)];
  });
  const margin = Array.from({ length: 16 }, (_, k): [number, number] => {
    const s = k <= 8 ? k / 8 : (16 - k) / 8;
    const bend = 60 * Math.sin(Math.PI * s);
    return [side(220 + 200 * s), 240 + (k <= 8 ? -bend : bend)];
  });
  const caruncle = Array.from({ length: 7 }, (_, k): [number, number] => {
    const angle = (2 * Math.PI * ((k * 3) % 7)) / 7;
    return [side(215 + 8 * Math.cos(angle)), 240 + 6 * Math.sin(angle)];
  });
  const json = {
    interior_margin_2d: margin.map(fromBottom),
    caruncle_2d: caruncle.map(fromBottom),
    iris_2d: irisPoints.map(fromBottom),
    eye_details: { look_vec: text(-0.36, 0.48, -0.8, 0), pupil_size: '0.01', iris_texture: 'eyeball_brown' },
    head_pose: text(0, 180, 0),
  };
  const pixels = png(picture.width, picture.height, (x, y) =>
    Math.hypot(x + 0.5 - side(ix), y + 0.5 - iy) < 40 ? 20 : 200,
  );
  return { json, pixels, margin, irisPoints };
}

/** The center of what is dark. */
function darkCenter({ data }: Image): [number, number] {
  let [mass, x, y] = [0, 0, 0];
  for (let i = 0; i < data.length; i++) {
    const dark = 200 - data[i]!;
    mass += dark;
    x += dark * ((i % form.width) + 0.5);
    y += dark * (Math.floor(i / form.width) + 0.5);
  }
  return [x / mass, y / mass];
}

test('reads a pair, and every label is where the picture shows it', async () => {
  const { json, pixels } = unityEye();
  const dir = await temporaryFolder({ 'imgs/1.json': JSON.stringify(json), 'imgs/1.png': await pixels });
  const { samples, rejects } = await readAll(dir, unityEyes());
  expect(rejects).toEqual([]);
  const [{ id, image, annotation }] = samples as [(typeof samples)[0]];
  expect(id).toBe('imgs/1');
  expect(annotation.gaze!.direction).toEqual([-0.36, -0.48, -0.8]);
  expect(annotation.gaze!.pitch).toBeCloseTo(Math.asin(0.48));
  expect(annotation.gaze!.yaw).toBeCloseTo(Math.atan2(0.36, 0.8));
  for (const angle of Object.values(annotation.headPose!)) expect(angle).toBeCloseTo(0);
  expect(annotation.side).toBe('left');

  const [x, y] = darkCenter(image);
  expect(annotation.irisCenter![0]).toBeCloseTo(x, 1);
  expect(annotation.irisCenter![1]).toBeCloseTo(y, 1);
  // The eye is 200 wide, the window 1.5 times that, and the form 55.
  const scale = 55 / 300;
  expect(annotation.irisCenter![0]).toBeCloseTo(27.5 + (300 - 320) * scale, 3);
  expect(annotation.irisCenter![1]).toBeCloseTo(17.5 + (230 - 240) * scale, 3);
  const [first, quarter] = [annotation.iris![0]!, annotation.iris![8]!];
  expect(first[0] - annotation.irisCenter![0]).toBeCloseTo(40 * scale, 3);
  expect(quarter[1] - annotation.irisCenter![1]).toBeCloseTo(40 * scale, 3);
  expect(annotation.lidMargin![4]![1]).toBeLessThan(annotation.lidMargin![12]![1]);
  // The caruncle's outline passes the inner corner in its middle.
  const xs = annotation.caruncle!.map(([px]) => px);
  expect(xs.indexOf(Math.min(...xs))).toBe(3);
  expect(annotation.caruncle![1]![1]).toBeLessThan(annotation.caruncle![5]![1]);
  expect(annotation).not.toHaveProperty('openness');
});

test("stretches both axes by their own scale with carpedm20's window", async () => {
  const { json, pixels } = unityEye();
  const dir = await temporaryFolder({ '1.json': JSON.stringify(json), '1.png': await pixels });
  const { samples } = await readAll(dir, unityEyes({ window: { width: 140, height: 84 } }));
  const { annotation, image } = samples[0]!;
  expect(annotation.irisCenter![0]).toBeCloseTo(27.5 + ((300 - 320) * 55) / 140, 3);
  expect(annotation.irisCenter![1]).toBeCloseTo(17.5 + ((230 - 240) * 35) / 84, 3);
  const [x, y] = annotation.irisCenter!;
  expect(image.data[Math.round(y) * 55 + Math.round(x)]).toBe(20);
  expect(() => unityEyes({ window: { width: 0, height: 84 } })).toThrow(
    "The window's width is 0. Give a number above 0.",
  );
});

test('numbers with decimal commas are those of their system, not twice as many others', async () => {
  const { json, pixels } = unityEye();
  const withCommas = (value: unknown): unknown =>
    typeof value === 'string' && value.startsWith('(')
      ? value.replaceAll(/(\d)\.(\d)/g, '$1,$2')
      : Array.isArray(value)
        ? value.map(withCommas)
        : typeof value === 'object'
          ? Object.fromEntries(Object.entries(value!).map(([key, member]) => [key, withCommas(member)]))
          : value;
  expect(JSON.stringify(withCommas(json))).toContain('"(-0,3600, 0,4800, -0,8000, 0,0000)"');
  const dir = await temporaryFolder({
    'a.json': JSON.stringify(json),
    'a.png': await pixels,
    'b.json': JSON.stringify(withCommas(json)),
    'b.png': await pixels,
  });
  const { samples, rejects } = await readAll(dir, unityEyes());
  expect(rejects).toEqual([]);
  expect(samples[1]!.annotation).toEqual(samples[0]!.annotation);
  expect(samples[1]!.image).toEqual(samples[0]!.image);
});

test('a right eye is recognized by its inner corner', async () => {
  const { json, pixels } = unityEye({ mirrored: true });
  const dir = await temporaryFolder({ '1.json': JSON.stringify(json), '1.png': await pixels });
  const { annotation } = (await readAll(dir, unityEyes())).samples[0]!;
  expect(annotation.side).toBe('right');
  const xs = annotation.caruncle!.map(([px]) => px);
  expect(xs.indexOf(Math.max(...xs))).toBe(3);
  expect(annotation.caruncle![1]![1]).toBeLessThan(annotation.caruncle![5]![1]);
});

test("reads UnityEyes2's minimal labels and its cameras, and vectors with spaces in place of commas", async () => {
  const { json, pixels } = unityEye();
  const bytes = await pixels;
  const gaze = (vector: string) => ({ ground_truth: { iris_center: '(0, 0.6, 9.9)', gaze_vec: vector } });
  const { eye_details, ...view } = json;
  const dir = await temporaryFolder({
    '30.json': JSON.stringify(gaze('(-0.6 0.0  -0.8 0.0)')),
    '30.png': bytes,
    '7.json': JSON.stringify({
      eye_details,
      cameras: { cam0: { ...view, ...gaze('0, 0.6, -0.8') }, cam_b: gaze('(0, 0, -1)') },
    }),
    '7_cam0.png': bytes,
    '7_cam_b.png': bytes,
    '7_cam9.png': bytes,
  });
  const { samples, rejects } = await readAll(dir, unityEyes());
  expect(samples.map(({ id, annotation }) => [id, annotation.gaze!.direction])).toEqual([
    ['30', [-0.6, 0, -0.8]],
    ['7_cam0', [0, -0.6, -0.8]],
    ['7_cam_b', [0, 0, -1]],
  ]);
  expect(Object.keys(samples[0]!.annotation)).toEqual(['gaze']);
  expect(samples[1]!.annotation.iris).toHaveLength(32);
  expect(rejects).toEqual([{ file: '7.json:cameras', reason: 'It has no camera "cam9".' }]);
});

test('inputs that cannot be used are rejects with their place, and the rest is read', async () => {
  const { json, pixels } = unityEye();
  const bytes = await pixels;
  const broken: Record<string, unknown> = {
    good: json,
    'bad-json': '{"head_pose": __import__("os")}',
    'no-gaze': { ...json, eye_details: {} },
    nan: { ...json, eye_details: { look_vec: '(NaN, 0, -1, 0)' } },
    code: { ...json, eye_details: { look_vec: '(1+0, 0, process.exit(), 0)' } },
    long: { ...json, eye_details: { look_vec: '(2, 0, -1, 0)' } },
    few: { ...json, iris_2d: json.iris_2d.slice(1) },
    short: { ...json, caruncle_2d: json.caruncle_2d.map(() => '(3.5)') },
    outside: { ...json, interior_margin_2d: json.interior_margin_2d.with(5, '(641.0, 100.0, 5.0)') },
    corner: { ...json, interior_margin_2d: json.interior_margin_2d.map((_, k) => text(20 + k, 20 + k)) },
    'no-picture': json,
    list: [],
  };
  const files: Record<string, Uint8Array | string> = {
    'no-labels.png': bytes,
    'cut.png': bytes.subarray(0, 300),
  };
  for (const [name, content] of Object.entries(broken)) {
    files[`${name}.json`] = typeof content === 'string' ? content : JSON.stringify(content);
    if (name !== 'no-picture') files[`${name}.png`] = bytes;
  }
  files['cut.json'] = JSON.stringify(json);
  const { samples, rejects } = await readAll(
    await temporaryFolder(files),
    unityEyes({ window: { width: 140, height: 84 } }),
  );
  expect(samples.map(({ id }) => id)).toEqual(['good']);
  const reasons = Object.fromEntries(rejects.map(({ file, reason }) => [file, reason]));
  expect(reasons).toEqual({
    'no-labels.png': 'Its labels no-labels.json are missing.',
    'no-picture.json': 'Its picture no-picture.jpg is missing.',
    'bad-json.json': expect.stringMatching(/^It is not JSON: /),
    'code.json:eye_details.look_vec': 'eye_details.look_vec holds "1+0", which is not a finite number.',
    'corner.png': expect.stringContaining('pixels beyond the picture of 640 x 480. Choose a smaller window.'),
    'cut.png': expect.stringContaining('damaged or cut off'),
    'few.json:iris_2d': 'iris_2d has 31 points, not 32.',
    'list.json': 'It is not a JSON object.',
    'long.json:eye_details.look_vec':
      'eye_details.look_vec has the length 2.236; the length of a direction is 1.',
    'nan.json:eye_details.look_vec': 'eye_details.look_vec holds "NaN", which is not a finite number.',
    'no-gaze.json': 'It has neither eye_details.look_vec nor ground_truth.gaze_vec.',
    'outside.json:interior_margin_2d[5]':
      'interior_margin_2d[5] is at (641, 100), outside the picture of 640 x 480.',
    'short.json:caruncle_2d[0]': 'caruncle_2d[0] has 1 numbers, not 2.',
  });
});

test("the head's pose is the inverse of the camera's", () => {
  const degrees = ({ pitch, yaw, roll }: NonNullable<EyeAnnotation['headPose']>) =>
    [pitch, yaw, roll].map((angle) => Math.round((angle * 180) / Math.PI) + 0);
  expect(degrees(headPoseOfUnity([0, 180, 0]))).toEqual([0, 0, 0]);
  // A camera that looks down from above sees a face that looks down.
  expect(degrees(headPoseOfUnity([20, 180, 0]))).toEqual([-20, 0, 0]);
  expect(degrees(headPoseOfUnity([340, 180, 0]))).toEqual([20, 0, 0]);
  // Turned by +20 the camera looks to the world's -x and stands at +x, the picture's left as the face sees it.
  expect(degrees(headPoseOfUnity([0, 200, 0])).map(Math.abs)).toEqual([0, 20, 0]);
  expect(degrees(headPoseOfUnity([0, 180, 15])).map(Math.abs)).toEqual([0, 0, 15]);

  // By the geometry itself: the face looks along the world's z, which the camera sees along its own axes.
  const [p, y] = [0.35, Math.PI + 0.4];
  const ahead = [Math.sin(y) * Math.cos(p), -Math.sin(p), Math.cos(y) * Math.cos(p)] as const;
  const right = [Math.cos(y), 0, -Math.sin(y)] as const;
  const up = [Math.sin(y) * Math.sin(p), Math.cos(p), Math.cos(y) * Math.sin(p)] as const;
  const pose = headPoseOfUnity([(p * 180) / Math.PI, (y * 180) / Math.PI, 0]);
  const face = directionOf(pose.pitch, pose.yaw);
  expect(face[0]).toBeCloseTo(right[2], 9);
  expect(face[1]).toBeCloseTo(-up[2], 9);
  expect(face[2]).toBeCloseTo(ahead[2], 9);
  expect(
    multiply(headRotation(pose), [
      [1, 0, 0],
      [0, 1, 0],
      [0, 0, 1],
    ])[0][0],
  ).toBeCloseTo(-right[0], 9);
});

test('two pictures of one sample have different ids', async () => {
  const { json, pixels } = unityEye();
  const bytes = await pixels;
  const dir = await temporaryFolder({ '2.json': JSON.stringify(json), '2.jpg': bytes, '2.png': bytes });
  const { samples, rejects } = await readAll(dir, unityEyes());
  expect(rejects).toEqual([]);
  expect(samples.map(({ id }) => id)).toEqual(['2', '2-png']);
});
