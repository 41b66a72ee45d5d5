import type { NetworkParts } from '../networks/network.ts';
import { type WarpingRefinerOptions, warpingRefiner } from '../networks/warping-refiner.ts';
import { DEFAULT_DISPLACEMENT, networksOf, type TrainingRecipe } from './recipe.ts';

/**
 * A recipe whose refiner also moves what pictures show: its own refiner, after a displacement field.
 *
 * @param target - the mean square of the displacement to hold, px².
 * @example
 * const recipe = withDisplacement(plugin, plugin.recipes.quick, 3);
 * const training = await createTraining({ plugin, recipe, synthetic, real, engine });
 */
export function withDisplacement(
  domain: NetworkParts,
  recipe: TrainingRecipe,
  target: number,
  options?: WarpingRefinerOptions,
): TrainingRecipe {
  const { refiner } = networksOf(domain, recipe);
  return {
    ...recipe,
    displacement: { ...DEFAULT_DISPLACEMENT, target },
    refiner: warpingRefiner(refiner, options),
  };
}
