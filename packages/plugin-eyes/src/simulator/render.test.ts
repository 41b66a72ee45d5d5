import { createRng } from '@simgan/core';
import { std } from '@simgan/core/measures';
import { expect, test } from 'vitest';
import { drawAppearance, renderedStyle } from './appearance.ts';
import { eyeSimulator } from './eye-simulator.ts';
import { labelsOf } from './labels.ts';
import { poseLids } from './lids.ts';
import { eyeOptions } from './options.ts';
import { render } from './render.ts';
import { drawScene, type EyeScene } from './scene.ts';
import { directionOf } from './vector.ts';

const [width, height] = [110, 70];
const options = eyeOptions.parse({
  width,
  height,
  gazePitch: [-30, 30],
  gazeYaw: [-40, 40],
  closedRate: 0.1,
});
const rng = createRng(21);
const scenes = Array.from({ length: 60 }, (_, i) => drawScene(rng.fork(i), options));

/** Where the eyeball shows: the pixels that change with its colors and with nothing else. */
function visible(scene: EyeScene): boolean[] {
  const appearance = drawAppearance(rng.fork('look'), scene, renderedStyle);
  const black = { ...appearance.eye, white: [0, 0, 0], inner: [0, 0, 0], outer: [0, 0, 0] } as const;
  const bright = { ...appearance.eye, white: [9, 9, 9], inner: [9, 9, 9], outer: [9, 9, 9] } as const;
  const [a, b] = [black, bright].map(
    (eye) => render(rng.fork('render'), scene, { ...appearance, eye }, width, height).data,
  ) as [Float32Array, Float32Array];
  return Array.from({ length: width * height }, (_, i) => Math.abs(a[3 * i]! - b[3 * i]!) > 0.02);
}

/** Signed distance to a polygon's edge, negative inside. */
function outside([x, y]: readonly [number, number], polygon: readonly (readonly [number, number])[]): number {
  let nearest = Number.POSITIVE_INFINITY;
  let inside = false;
  for (const [k, [x1, y1]] of polygon.entries()) {
    const [x2, y2] = polygon[(k + 1) % polygon.length]!;
    const [dx, dy] = [x2 - x1, y2 - y1];
    const t = Math.max(0, Math.min(1, ((x - x1) * dx + (y - y1) * dy) / (dx * dx + dy * dy + 1e-12)));
    nearest = Math.min(nearest, Math.hypot(x - x1 - t * dx, y - y1 - t * dy));
    if (y1 > y !== y2 > y && x < x1 + ((y - y1) / (y2 - y1)) * (x2 - x1)) inside = !inside;
  }
  return inside ? -nearest : nearest;
}

test('the eyeball is visible between the lids and nowhere else, at every gaze', () => {
  let open = 0;
  for (const scene of scenes) {
    const { lidMargin, openness, caruncle } = labelsOf(scene);
    const shown = visible(scene);
    if (openness === 0) {
      expect(shown.some(Boolean)).toBe(false);
      continue;
    }
    open++;
    for (let i = 0; i < shown.length; i++) {
      const point = [(i % width) + 0.5, Math.floor(i / width) + 0.5] as const;
      const distance = outside(point, lidMargin);
      // 16 points cut the round margins short by up to two pixels of this size.
      if (distance > 3) expect(shown[i]).toBe(false);
      if (distance < -3 && outside(point, caruncle) > 4 && !shown[i]) {
        // Only the pupil does not change with the colors.
        const { pupilCenter } = labelsOf(scene);
        const radius = 1.3 * scene.eyeball.pupilRadius * (scene.camera.focalLength / scene.camera.distance);
        expect(Math.hypot(point[0] - pupilCenter[0], point[1] - pupilCenter[1])).toBeLessThan(radius);
      }
    }
  }
  expect(open).toBeGreaterThan(45);
});

test('rendering is continuous in the gaze: small steps change the picture little', () => {
  for (const scene of scenes.slice(0, 6)) {
    const appearance = drawAppearance(rng.fork('look'), scene, renderedStyle);
    const frames = Array.from({ length: 41 }, (_, k) => {
      const pitch = ((k - 20) * Math.PI) / 180;
      const [x, y, z] = directionOf(pitch, 0.5 * pitch);
      const moved: EyeScene = { ...scene, gaze: [x, y, z], lids: poseLids(scene.lids.shape, pitch, 0.95) };
      return render(rng.fork('render'), moved, appearance, 55, 35).data;
    });
    const steps = frames.slice(1).map((frame, k) => {
      let sum = 0;
      for (let i = 0; i < frame.length; i++) sum += Math.min(1, Math.abs(frame[i]! - frames[k]![i]!));
      return sum / frame.length;
    });
    const sorted = steps.toSorted((a, b) => a - b);
    expect(sorted[0]).toBeGreaterThan(0);
    expect(sorted.at(-1)!).toBeLessThan(4 * sorted[20]!);
  }
});

test('skin is not flat: its relief and pigments give it grain, in small pictures too', () => {
  for (const [columns, rows] of [
    [55, 35],
    [110, 70],
  ] as const) {
    const sized = eyeOptions.parse({ width: columns, height: rows, eyeHeight: [0.4, 0.5] });
    /** Mean difference of a pixel to its neighbors' mean, as a share of its light, in the lowest rows: cheek. */
    const grain = (data: Float32Array) => {
      let [sum, light] = [0, 0];
      for (let row = rows - 5; row < rows - 1; row++) {
        for (let column = 1; column < columns - 1; column++) {
          const at = (row * columns + column) * 3;
          sum += Math.abs(2 * data[at]! - data[at - 3]! - data[at + 3]!);
          light += 2 * data[at]!;
        }
      }
      return sum / light;
    };
    let [textured, smooth] = [0, 0];
    for (let i = 0; i < 12; i++) {
      const scene = drawScene(rng.fork(i), sized);
      const look = drawAppearance(rng.fork(i), scene, renderedStyle);
      const flat = { ...look, skin: { ...look.skin, pores: 0, wrinkles: 0, mottle: 0, flush: 0 } };
      textured += grain(render(rng, scene, look, columns, rows).data) / 12;
      smooth += grain(render(rng, scene, flat, columns, rows).data) / 12;
    }
    expect(textured).toBeGreaterThan(0.01);
    expect(textured).toBeGreaterThan(4 * smooth);
  }
});

test('the skin below a closed lid lies in the soft shadow of its fringe, that below an open lid does not', () => {
  /** Light in the band from 1 to 3 mm below the lower margin, against that without any fringe. */
  const share = (scene: EyeScene) => {
    const look = drawAppearance(rng.fork('look'), scene, renderedStyle);
    const [shadowed, plain] = [0.5, 0].map((fringe) => {
      const { data } = render(
        rng.fork('render'),
        scene,
        { ...look, skin: { ...look.skin, fringe } },
        width,
        height,
      );
      const millimeter = scene.camera.focalLength / scene.camera.distance;
      const [column, row] = labelsOf(scene).lidMargin[12]!;
      let light = 0;
      for (let y = Math.round(row + millimeter); y < row + 3 * millimeter; y++) {
        for (let x = Math.round(column) - 6; x <= column + 6; x++) light += data[(y * width + x) * 3 + 1]!;
      }
      return light;
    });
    return shadowed! / plain!;
  };
  const framed = { ...options, headRoll: [0, 0], headPitch: [0, 0], eyeHeight: [0.4, 0.5] } as const;
  for (let i = 0; i < 8; i++) {
    const scene = drawScene(rng.fork('fringe').fork(i), framed);
    const at = (blink: number): EyeScene => ({ ...scene, lids: poseLids(scene.lids.shape, 0, blink) });
    expect(share(at(0))).toBeLessThan(0.95);
    expect(share(at(1))).toBeCloseTo(1, 6);
  }
});

test('contrasts of closed eyes are nearly those of open ones, as in photographs', async () => {
  const contrast = async (closedRate: number) => {
    const simulator = eyeSimulator({ closedRate, blinkRate: 0 });
    let sum = 0;
    for (let i = 0; i < 80; i++) sum += std((await simulator(rng.fork('contrast').fork(i))).image.data) / 80;
    return sum;
  };
  const [open, closed] = [await contrast(0), await contrast(1)];
  expect(closed / open).toBeGreaterThan(0.75);
  expect(closed / 255).toBeGreaterThan(0.1);
});
