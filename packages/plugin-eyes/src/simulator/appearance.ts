import type { Rng } from '@simgan/core';
import { drawEyeColors, type EyeColors, type EyeStyle, renderedEye } from './iris.ts';
import { drawLighting, everydayLight, type Lighting, type LightStyle } from './light.ts';
import type { EyeScene } from './scene.ts';
import { drawSkin, renderedSkin, type Skin, type SkinStyle } from './skin.ts';

/** Colors and light of a scene; they move none of its labels. */
export interface Appearance {
  readonly skin: Skin;
  readonly eye: EyeColors;
  readonly lighting: Lighting;
}

/** The distributions that a renderer draws appearances from. */
export interface Style {
  readonly skin: SkinStyle;
  readonly eye: EyeStyle;
  readonly light: LightStyle;
}

/** Clean computer renderings in any light. */
export const renderedStyle: Style = { skin: renderedSkin, eye: renderedEye, light: everydayLight };

export function drawAppearance(rng: Rng, scene: EyeScene, style: Style): Appearance {
  const skin = drawSkin(rng.fork('skin'), style.skin);
  return {
    skin,
    eye: drawEyeColors(rng.fork('eye'), style.eye, skin.tone),
    lighting: drawLighting(rng.fork('light'), scene.camera.rotation, style.light),
  };
}
