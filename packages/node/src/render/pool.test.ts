import type { Dataset } from '@simgan/core';
import { createRng, SimganError, simulate } from '@simgan/core';
import { expect, onTestFinished, test } from 'vitest';
import speckles, { type SpecklesOptions } from '../../test/speckles-module.ts';
import { createRenderPool, type RenderPool, type RenderPoolOptions } from './pool.ts';

const module = new URL('../../test/speckles-module.ts', import.meta.url).href;

/** A pool that starts its threads at once. */
function poolOf(options: SpecklesOptions, more: Partial<RenderPoolOptions> = {}): RenderPool {
  const pool = createRenderPool(speckles(options), {
    origin: { module, options: { ...options } },
    threads: 2,
    patience: 0,
    ...more,
  });
  onTestFinished(() => pool.close());
  return pool;
}

/** Renders until so many threads do it. */
async function warmUp(pool: RenderPool, threads: number): Promise<void> {
  const samples = pool.simulate('standIn', { seed: 0, length: 1 });
  while (pool.running < threads) await samples.at(0);
}

async function itemsOf<Item>(dataset: AsyncIterable<Item>): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of dataset) items.push(item);
  return items;
}

/** All items, asked for at the same time. */
function allOf<Item>(dataset: Dataset<Item>): Promise<Item[]> {
  return Promise.all(Array.from({ length: dataset.length }, (_, index) => dataset.at(index)));
}

test.each([0, 1, 2, 3])('%i threads render what the calling thread does', async (threads) => {
  const pool = poolOf({}, { threads });
  if (threads > 1) await warmUp(pool, threads);
  expect(pool.running).toBe(threads > 1 ? threads : 0);
  for (const renderer of ['simulator', 'standIn'] as const) {
    const setting = { seed: 3, length: 40 };
    const expected = await itemsOf(simulate(speckles()[renderer], setting));
    expect(await itemsOf(pool.simulate(renderer, setting))).toEqual(expected);
    expect(await allOf(pool.simulate(renderer, setting))).toEqual(expected);
  }
});

test('starts threads when the calling thread has rendered for a while, and loses nothing then', async () => {
  const pool = poolOf({}, { patience: 1 });
  const samples = pool.simulate('simulator', { seed: 5, length: 200 });
  await samples.at(0);
  expect(pool.running).toBe(0);
  const rendered: unknown[] = [];
  while (pool.running < 2) rendered.push(...(await itemsOf(samples)));
  const expected = await itemsOf(simulate(speckles().simulator, { seed: 5, length: 200 }));
  for (let start = 0; start < rendered.length; start += 200) {
    expect(rendered.slice(start, start + 200)).toEqual(expected);
  }
});

test('of many samples that are asked for at once threads render those that are left when they are ready', async () => {
  const drawn = { count: 0 };
  const pool = poolOf({ slow: { ms: 100, drawn } }, { patience: 300 });
  const asked = await allOf(pool.simulate('simulator', { seed: 6, length: 400 }));
  expect(pool.running).toBeGreaterThan(0);
  // Three or four before threads are started, and one every tenth of a second until they are ready.
  expect(drawn.count).toBeGreaterThanOrEqual(3);
  expect(drawn.count).toBeLessThan(300);
  expect(asked).toEqual(await itemsOf(simulate(speckles().simulator, { seed: 6, length: 400 })));
});

test('three threads render at the same time; closing stops those that wait for a fourth', async () => {
  const meeting = new SharedArrayBuffer(8);
  const present = new Int32Array(meeting);
  const pool = poolOf({ meeting }, { threads: 3 });
  await warmUp(pool, 3);
  present[1] = 3;
  expect(await itemsOf(pool.simulate('simulator', { seed: 1, length: 9 }))).toHaveLength(9);

  present.set([0, 4]);
  const asked = Promise.allSettled([allOf(pool.simulate('simulator', { seed: 1, length: 20 }))]);
  while (Atomics.load(present, 0) < 3) await new Promise((resolve) => setTimeout(resolve, 5));
  await pool.close();
  expect(await asked).toMatchObject([
    { status: 'rejected', reason: { message: expect.stringContaining('stopped') } },
  ]);
  await expect(pool.simulate('simulator', { seed: 1, length: 1 }).at(0)).rejects.toThrow('stopped');
  expect(pool.running).toBe(0);
});

test('answers that come after closing are passed over', async () => {
  const pool = poolOf({});
  await warmUp(pool, 2);
  const asked = allOf(pool.simulate('simulator', { seed: 2, length: 10 })).catch(String);
  // Now they are asked for; they are answered while this thread hears nothing.
  await Promise.resolve();
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
  await pool.close();
  expect(await asked).toContain('stopped');
});

test('what a renderer throws comes back as it was thrown; a thread that ends names its sample', async () => {
  const mishaps = { refuses: 0.2, fails: 0.2 };
  const pool = poolOf({ ...mishaps, exits: 0.02 });
  await warmUp(pool, 2);
  const rng = createRng(8).fork('simulate');
  const fates = Array.from({ length: 100 }, (_, index) => rng.fork(index).fork('fate').next());
  const fatal = fates.findIndex((fate) => fate >= 0.4 && fate < 0.42);
  expect(fatal).toBeGreaterThan(20);

  const outcomes = async (dataset: Dataset<unknown>) => {
    const settled = await Promise.allSettled(
      Array.from({ length: dataset.length }, (_, index) => dataset.at(index)),
    );
    return settled.map((one) => (one.status === 'fulfilled' ? one.value : String(one.reason)));
  };
  const before = { seed: 8, length: fatal };
  const there = await outcomes(pool.simulate('simulator', before));
  expect(there).toEqual(await outcomes(simulate(speckles(mishaps).simulator, before)));
  expect(there).toContain('RangeError: The lamp burst.');
  const samples = pool.simulate('simulator', { seed: 8, length: 100 });
  const dark = fates.findIndex((fate) => fate < 0.2);
  const refusal = await samples.at(dark).catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(SimganError);
  expect(refusal).toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: 'It is too dark. Turn on the light.',
    stack: expect.stringContaining('speckles-module.ts'),
  });

  const ended = `A thread that renders ended while it rendered sample ${fatal} of seed 8 (simulator): it exited with code 7. Render with one thread to see where it happens.`;
  await expect(samples.at(fatal)).rejects.toThrow(new SimganError('RENDERING_FAILED', ended));
  await expect(samples.at(0)).rejects.toThrow(ended);
});

test('where no thread can make the plugin the calling thread goes on, and the reason is told', async () => {
  const reasons: string[] = [];
  const onFallback = (reason: string) => reasons.push(reason);
  const pool = poolOf({ mainThreadOnly: true }, { onFallback });
  const samples = pool.simulate('simulator', { seed: 1, length: 20 });
  const expected = await itemsOf(simulate(speckles().simulator, { seed: 1, length: 20 }));
  while (reasons.length === 0) expect(await itemsOf(samples)).toEqual(expected);
  expect(reasons).toEqual([expect.stringContaining('I am made in the main thread only')]);
  expect(await itemsOf(samples)).toEqual(expected);
  expect(pool.running).toBe(0);
});
