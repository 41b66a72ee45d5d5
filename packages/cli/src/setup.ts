import type { Engine, Plugin, TrainingRecipe } from '@simgan/core';
import type { EngineName } from '@simgan/core/node';
import type { Context } from './command.ts';
import { UsageError } from './errors.ts';
import { suggestion } from './options.ts';

/**
 * The recipe that the options name, with what they put in its place.
 *
 * @throws UsageError if the plugin has no such recipe
 */
export function chooseRecipe(
  plugin: Plugin,
  options: { recipe: string | undefined; steps: number | undefined; 'batch-size': number | undefined },
): { name: string; recipe: TrainingRecipe } {
  const name = options.recipe ?? 'quick';
  const recipe = Object.hasOwn(plugin.recipes, name) ? plugin.recipes[name] : undefined;
  if (!recipe) {
    const names = Object.keys(plugin.recipes);
    throw new UsageError([
      `The plugin ${plugin.name} has no recipe ${JSON.stringify(name)}, it has ${names.join(', ')}.${suggestion(name, names)}`,
    ]);
  }
  const { steps = recipe.steps, 'batch-size': batchSize = recipe.batchSize } = options;
  return { name, recipe: { ...recipe, steps, batchSize } };
}

/** Starts the engine that the options name and says which it is and why. */
export async function startEngine(
  options: {
    engine: EngineName | 'auto';
    device: 'auto' | 'cpu' | 'gpu' | 'cuda';
    threads: number | undefined;
  },
  { output, cwd }: Context,
): Promise<Engine> {
  const { createEngine } = await import('@simgan/core/node');
  const { device, threads } = options;
  const { engine, passedOver } = await createEngine(options.engine, {
    from: cwd,
    device,
    ...(threads !== undefined && { threads }),
  });
  const before = passedOver.map(({ name }) => name).join(', ');
  const why = before && `; ${before} would come first but does not load here (see simgan-cli doctor)`;
  output.note(`engine    ${engine.name} (${engine.device})${why}`);
  output.event('engine', { name: engine.name, device: engine.device, passedOver });
  return engine;
}
