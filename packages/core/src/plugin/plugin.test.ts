import { expect, expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { type BlobAnnotation, blobs, tinyRecipe } from '../../test/blobs.ts';
import { datasetOf } from '../dataset.ts';
import { annotationSchema } from '../geometry/labels.ts';
import type { Simulator } from '../simulate.ts';
import type { TrainingRecipe } from '../training/recipe.ts';
import {
  defaultRecipe,
  definePlugin,
  type Plugin,
  type PluginParts,
  pluginProblems,
  recipeOf,
} from './plugin.ts';

const { apiVersion: _, ...parts } = blobs();
const { standIn: __, ...withoutStandIn } = parts;

test('a plugin is its parts and the version of the API', () => {
  const plugin = definePlugin(parts);
  expect(plugin).toEqual({ apiVersion: 1, ...parts });
  expect(pluginProblems(parts)).toEqual([]);
  expectTypeOf(plugin).toExtend<Plugin<BlobAnnotation>>();
  // Whatever asks for any plugin takes this one.
  expectTypeOf<Plugin<BlobAnnotation>>().toExtend<PluginParts<BlobAnnotation>>();
});

test('the types of the parts are kept', () => {
  const plugin = definePlugin({
    ...parts,
    recipes: { quick: tinyRecipe, paper: { ...tinyRecipe, steps: 9 } },
  });
  expectTypeOf(plugin.standIn).toExtend<Simulator<BlobAnnotation>>();
  expectTypeOf(plugin.recipes.quick).toExtend<TrainingRecipe>();
  expect(plugin.recipes.paper.steps).toBe(9);
  // @ts-expect-error there is no such recipe
  expect(plugin.recipes.slow).toBeUndefined();
  expectTypeOf(plugin.image.width).toEqualTypeOf<number>();

  const without = definePlugin(withoutStandIn);
  // @ts-expect-error this plugin has no stand-in
  const missing: Simulator<BlobAnnotation> = without.standIn;
  expect(missing).toBeUndefined();
  expectTypeOf<Plugin['standIn']>().toEqualTypeOf<Simulator<unknown> | undefined>();
});

test('parts must agree with the annotation of the schema', () => {
  const annotation = annotationSchema(z.object({ name: z.string() }), { name: 'invariant' });
  // @ts-expect-error the simulator makes another annotation than the schema says
  expect(definePlugin({ ...withoutStandIn, annotation }).annotation).toBe(annotation);
});

test('a plugin may leave simulating to others', () => {
  const { simulator: _, ...others } = parts;
  const plugin = definePlugin(others);
  // @ts-expect-error this plugin has no simulator
  const missing: Simulator<BlobAnnotation> = plugin.simulator;
  expect(missing).toBeUndefined();
});

test('everything that is wrong is listed at once', () => {
  const broken: PluginParts<BlobAnnotation> = {
    ...parts,
    name: 'Blobs!',
    image: { width: 12.5, height: 0, channels: 1, bits: 8, range: [200, 300] },
    annotation: { '~standard': parts.annotation['~standard'] } as typeof parts.annotation,
    realFormat: 'dept',
    readers: { depth: async () => ({ samples: datasetOf([]), rejects: [] }) },
    recipes: { quick: { ...tinyRecipe, batchSize: 0 } },
  };
  const problems = [
    'its name "Blobs!" is not made of lowercase letters, digits and dashes',
    'image.width is 12.5, not a whole number of pixels',
    'image.height is 0, not a whole number of pixels',
    'image.range is [200, 300], which is not an interval within [0, 255]',
    'annotation does not declare the geometry of its labels; wrap the schema with annotationSchema(…)',
    'realFormat is "dept", which is not one of its readers',
    expect.stringMatching(/^recipe quick: .*batchSize must be a whole number of at least 1, not 0/),
  ];
  expect(pluginProblems(broken)).toEqual(problems);
  expect(() => definePlugin(broken)).toThrow(
    expect.objectContaining({
      code: 'INVALID_PLUGIN',
      message: expect.stringMatching(
        /^The plugin Blobs! cannot be used: its name .*; image\.width is 12\.5.*\.$/,
      ),
    }),
  );
});

test('a format of real pictures must be one that the plugin reads', () => {
  const readers = { depth: async () => ({ samples: datasetOf([]), rejects: [] }) };
  expect(definePlugin({ ...parts, readers, realFormat: 'depth' }).realFormat).toBe('depth');
  expect(() => definePlugin({ ...parts, realFormat: 'toString' })).toThrow('which is not one of its readers');
});

test('a plugin needs a recipe, and one for crops where images may be of any size', () => {
  expect(() => definePlugin({ ...parts, recipes: {} })).toThrow(
    'it has no recipe, and needs one to train with',
  );
  const image = { channels: 1, bits: 8 } as const;
  expect(() => definePlugin({ ...parts, image })).toThrow(
    'recipe quick: crop is missing, which is required if images may be of any size',
  );
  const crop = { width: 8, height: 8 };
  const plugin = definePlugin({ ...parts, image, recipes: { quick: { ...tinyRecipe, crop } } });
  expect(plugin.recipes.quick.crop).toEqual(crop);
  expect(() => definePlugin({ ...parts, image: { ...image, width: 9 }, recipes: plugin.recipes })).toThrow(
    'image has only one of width and height; give both, or neither for images of any size',
  );
});

test('recipes are found by name, the default is quick or else the first', () => {
  const recipes = { paper: tinyRecipe, quick: { ...tinyRecipe, steps: 1 } };
  expect(defaultRecipe({ recipes })).toBe('quick');
  expect(defaultRecipe({ recipes: { slow: tinyRecipe, paper: tinyRecipe } })).toBe('slow');
  expect(recipeOf({ name: 'blobs', recipes }, 'quick').steps).toBe(1);
  expect(() => recipeOf({ name: 'blobs', recipes }, 'papr')).toThrow(
    expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      message: 'The plugin blobs has no recipe "papr"; it has paper, quick. Did you mean paper?',
    }),
  );
  expect(() => recipeOf({ name: 'blobs', recipes }, 'toString')).toThrow('has no recipe "toString"');
});
