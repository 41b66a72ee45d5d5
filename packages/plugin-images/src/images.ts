import { definePlugin, type ImageForm, pluginFactory } from '@simgan/core';
import { objectsAnnotation } from '@simgan/formats';
import { pictureDiscriminator, pictureRefiner, pictureRegularizer } from './networks.ts';
import { pictureOptions } from './options.ts';
import { quickRecipe } from './recipes.ts';

/**
 * The plugin for two folders of pictures and no simulator. Pictures may be of any size, and keep it; networks train on
 * random crops. Annotations are those of objects (`ObjectsAnnotation`: classes, boxes, outlines, masks, keypoints);
 * whatever else stands beside the pictures is passed on byte for byte.
 *
 * @throws SimganError INVALID_ARGUMENT naming every option that is unknown or out of range.
 * @example
 * ```ts no-run
 * import { augment } from '@simgan/node';
 * import { images } from '@simgan/plugin-images';
 *
 * await augment({ plugin: images({ channels: 1 }), synthetic: 'renders', real: 'photos', out: 'renders-refined' });
 * ```
 */
export const images = pluginFactory(pictureOptions, ({ channels: stored, bits, range, crop }) => {
  const channels = stored === 1 ? 1 : 3;
  const image: ImageForm = {
    channels,
    bits,
    ...(range && { range }),
    ...(stored === 4 && { keepsAlpha: true }),
  };
  return definePlugin({
    name: 'images',
    image,
    annotation: objectsAnnotation,
    refiner: pictureRefiner,
    discriminator: pictureDiscriminator,
    regularizer: pictureRegularizer(channels),
    recipes: { quick: quickRecipe({ width: crop, height: crop }) },
  });
});
