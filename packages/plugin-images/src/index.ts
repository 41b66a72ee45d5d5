import { images } from './images.ts';

export { pictureDiscriminator, pictureRefiner, pictureRegularizer } from './networks.ts';
export type { PictureOptions } from './options.ts';
export { quickRecipe } from './recipes.ts';
export { images };
export default images;
