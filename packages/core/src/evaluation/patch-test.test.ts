import { expect, test } from 'vitest';
import { stripesForm as image, stripes } from '../../test/stripes.ts';
import { wasmEngine } from '../../test/wasm-engine.ts';
import { patchTest } from './patch-test.ts';

const options = { image, engine: wasmEngine, seed: 1 };
const real = stripes(120, 1);

test('the patch test guesses on sets of one kind', async () => {
  const { auc, balancedAccuracy } = await patchTest(stripes(120, 2), real, { ...options, steps: 16 });
  expect(Math.abs(auc - 0.5)).toBeLessThan(0.1);
  expect(Math.abs(balancedAccuracy - 0.5)).toBeLessThan(0.1);
});

test('the patch test is certain of different sets', async () => {
  const grainy = stripes(60, 3, { grain: 40 });
  const { auc, balancedAccuracy } = await patchTest(grainy, real, { ...options, steps: 16 });
  expect(auc).toBeGreaterThan(0.95);
  expect(balancedAccuracy).toBeGreaterThan(0.85);
});

test('the same sets and seed give the same result', async () => {
  const sets = [stripes(8, 3, { grain: 30 }), stripes(8, 1)] as const;
  const tested = (seed: number) => patchTest(...sets, { ...options, seed, steps: 2 });
  const first = await tested(1);
  expect(await tested(1)).toEqual(first);
  expect(await tested(2)).not.toEqual(first);
});

test('fewer than four pictures cannot be told apart', async () => {
  await expect(patchTest(stripes(3, 1), real, options)).rejects.toMatchObject({
    code: 'NOT_ENOUGH_DATA',
    message: expect.stringContaining('A set of 3 pictures is too small for the patch test'),
  });
});

test('it stops between two steps, with the reason', async () => {
  const controller = new AbortController();
  let runs = 0;
  const engine: typeof wasmEngine = {
    ...wasmEngine,
    compile: (step) => {
      const program = wasmEngine.compile(step);
      const run: typeof program.run = (inputs) => {
        if (++runs === 2) controller.abort('enough');
        return program.run(inputs);
      };
      return { ...program, run, dispose: () => program.dispose() };
    },
  };
  const tested = patchTest(stripes(8, 3), real, { ...options, engine, steps: 16, signal: controller.signal });
  await expect(tested).rejects.toBe('enough');
  expect(runs).toBe(2);
});
