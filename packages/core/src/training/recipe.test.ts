import { expect, test } from 'vitest';
import { tinyRecipe } from '../../test/blobs.ts';
import { checkRecipe, initialLambda, nextLambda } from './recipe.ts';

test('a fixed lambda stays', () => {
  expect(initialLambda(0.3)).toBe(0.3);
  expect(nextLambda(0.3, 0.3, 99)).toBe(0.3);
});

test('a held lambda grows while the image moves too far, shrinks while it moves too little, and stays in range', () => {
  const held = { start: 5, target: 0.1, gain: 0.02, range: [0.2, 50] } as const;
  expect(initialLambda(held)).toBe(5);
  expect(nextLambda(held, 5, 0.1)).toBe(5);
  expect(nextLambda(held, 5, 0.2)).toBeCloseTo(5 * Math.exp(0.02), 6);
  expect(nextLambda(held, 5, 0)).toBeCloseTo(5 * Math.exp(-0.02), 6);
  expect(nextLambda(held, 5, 9)).toBeCloseTo(5 * Math.exp(0.04), 6);
  expect(nextLambda(held, 50, 9)).toBe(50);
  expect(nextLambda(held, 0.2, 0)).toBe(0.2);
  const { range: _, ...open } = held;
  expect(nextLambda(open, 0.2, 0)).toBeLessThan(0.2);
  expect(nextLambda(open, 0.01, 0)).toBe(0.01);
});

test('everything wrong with a recipe is reported at once', () => {
  expect(() => checkRecipe(tinyRecipe)).not.toThrow();
  expect(() =>
    checkRecipe({ ...tinyRecipe, batchSize: 0, refinerUpdates: 1.5, learningRate: Number.NaN }),
  ).toThrow(
    'The recipe cannot be trained with: batchSize must be a whole number of at least 1, not 0; refinerUpdates must be a whole number of at least 1, not 1.5; learningRate must be above 0, not NaN.',
  );
});
