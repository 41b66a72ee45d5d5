import { createRng } from '@simgan/core';
import { expect, test } from 'vitest';
import { drawHair } from './hair.ts';
import { labelsOf } from './labels.ts';
import { poseLids } from './lids.ts';
import { eyeOptions } from './options.ts';
import { drawScene, type EyeScene } from './scene.ts';

const [width, height] = [165, 105];
const options = eyeOptions.parse({ width, height, headPitch: [0, 0], headYaw: [0, 0], headRoll: [0, 0] });
const rng = createRng(41);
const scenes = Array.from({ length: 12 }, (_, i) => drawScene(rng.fork(i), options));

/** Mean row of the upper lashes' shade, against the lid's middle row: negative above it. */
function lashHeight(scene: EyeScene): number {
  const mask = drawHair(rng.fork('hair'), scene, width, height);
  const { lidMargin } = labelsOf(scene);
  const middle = Math.round(lidMargin[4]![0]);
  const lid = lidMargin[4]![1];
  let [weight, rows] = [0, 0];
  for (let row = Math.max(0, Math.round(lid) - 18); row < Math.min(height, lid + 12); row++) {
    for (let column = middle - 12; column <= middle + 12; column++) {
      const dark = 1 - mask[row * width + column]!;
      weight += dark;
      rows += dark * (row + 0.5 - lid);
    }
  }
  expect(weight).toBeGreaterThan(1);
  return rows / weight;
}

test('lashes stand up from an open lid and hang from a closed one', () => {
  for (const scene of scenes) {
    const at = (blink: number): EyeScene => ({ ...scene, lids: poseLids(scene.lids.shape, 0, blink) });
    expect(lashHeight(at(1))).toBeLessThan(0);
    expect(lashHeight(at(0))).toBeGreaterThan(lashHeight(at(1)) + 1);
  }
});

test('hairs only darken, and taller pictures show a brow', () => {
  const tall = eyeOptions.parse({ width: 110, height: 150, headPitch: [0, 0] });
  for (let i = 0; i < 5; i++) {
    const scene = drawScene(rng.fork(i), tall);
    const mask = drawHair(rng.fork('tall'), scene, 110, 150);
    // The corners of the eye: lashes reach less far above them than the brow is.
    const { lidMargin } = labelsOf(scene);
    const aboveLashes = Math.min(...lidMargin.map(([, y]) => y)) - 0.14 * 110;
    let brow = 0;
    for (const [pixel, passes] of mask.entries()) {
      expect(passes).toBeGreaterThanOrEqual(0);
      expect(passes).toBeLessThanOrEqual(1);
      if (pixel < 110 * Math.floor(aboveLashes)) brow += 1 - passes;
    }
    expect(brow).toBeGreaterThan(20);
  }
});
