import { createRng, type Dataset, SimganError, simulate } from '@simgan/core';
import { expect, onTestFinished, test } from 'vitest';
import speckles, { fateOf, type SpecklesOptions } from '../../test/speckles-module.ts';
import { createRenderPool, type RenderPool, type RenderPoolOptions } from './pool.ts';

const module = new URL('../../test/speckles-module.ts', import.meta.url).href;

/** A pool that starts its threads with the first sample. */
function poolOf(options: SpecklesOptions, more: Partial<RenderPoolOptions> = {}): RenderPool {
  const pool = createRenderPool(speckles(options), {
    origin: { module, options: { ...options } },
    threads: 2,
    startAfter: 0,
    ...more,
  });
  onTestFinished(() => pool.close());
  return pool;
}

/** Renders until this many threads are ready. */
async function warmUp(pool: RenderPool, threads: number): Promise<void> {
  const samples = pool.simulate('standIn', { seed: 0, length: 1 });
  while (pool.running < threads) await samples.at(0);
}

async function itemsOf<Item>(dataset: AsyncIterable<Item>): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of dataset) items.push(item);
  return items;
}

/** All items, requested at the same time. */
function allOf<Item>(dataset: Dataset<Item>): Promise<Item[]> {
  return Promise.all(Array.from({ length: dataset.length }, (_, index) => dataset.at(index)));
}

/** What each item becomes: itself, or the name and message of an error. */
async function outcomesOf(dataset: Dataset<unknown>): Promise<unknown[]> {
  const settled = await Promise.allSettled(
    Array.from({ length: dataset.length }, (_, index) => dataset.at(index)),
  );
  return settled.map((one) => (one.status === 'fulfilled' ? one.value : withoutPlace(String(one.reason))));
}

/** Stacks name files otherwise in another thread. */
function withoutPlace(message: string): string {
  return message.replace(/ It was thrown at .*$/, '');
}

/** The first sample of a seed that something happens to. */
function findFate(options: SpecklesOptions, seed: number, mishap: ReturnType<typeof fateOf>): number {
  const rng = createRng(seed).fork('simulate');
  for (let index = 0; ; index++) if (fateOf(rng.fork(index), options) === mishap) return index;
}

test.each([0, 1, 2])('%i threads give the same samples and errors as the calling thread', async (threads) => {
  const options: SpecklesOptions = {
    mishaps: [
      ['refuses', 0.2],
      ['fails', 0.2],
    ],
  };
  const pool = poolOf(options, { threads });
  if (threads > 1) await warmUp(pool, threads);
  expect(pool.running).toBe(threads > 1 ? threads : 0);

  const setting = { seed: 3, length: 40 };
  const inOrder = await itemsOf(simulate(speckles().standIn, setting));
  expect(await itemsOf(pool.simulate('standIn', setting))).toEqual(inOrder);

  const samples = pool.simulate('simulator', setting);
  const outcomes = await outcomesOf(samples);
  expect(outcomes).toEqual(await outcomesOf(simulate(speckles(options).simulator, setting)));
  const burst = findFate(options, setting.seed, 'fails');
  expect(outcomes).toContain(
    `SimganError: The simulator failed at sample ${burst} of seed 3: RangeError: The lamp burst.`,
  );
  const refusal = await samples
    .at(findFate(options, setting.seed, 'refuses'))
    .catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(SimganError);
  expect(refusal).toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: 'It is too dark. Turn on the light.',
    problems: ['It is too dark.', 'The lamp is off.'],
    stack: expect.stringContaining('speckles-module.ts'),
  });
});

test('starts threads once the calling thread has rendered long enough, and loses no sample by it', async () => {
  const pool = poolOf({}, { startAfter: 1 });
  const samples = pool.simulate('simulator', { seed: 5, length: 40 });
  const expected = await itemsOf(simulate(speckles().simulator, { seed: 5, length: 40 }));
  expect(await samples.at(0)).toEqual(expected[0]);
  expect(pool.running).toBe(0);
  while (pool.running < 2) expect(await itemsOf(samples)).toEqual(expected);
});

test('of many samples requested at once, threads render those left when they are ready', async () => {
  const drawn = { count: 0 };
  const pool = poolOf({ slow: { ms: 50, drawn } }, { startAfter: 150 });
  const rendered = await allOf(pool.simulate('simulator', { seed: 6, length: 800 }));
  expect(rendered).toEqual(await itemsOf(simulate(speckles().simulator, { seed: 6, length: 800 })));
  // At least three before threads are started. All 800 would give the threads 40 s to start.
  expect(drawn.count).toBeGreaterThanOrEqual(3);
  expect(drawn.count).toBeLessThan(800);
});

test('three threads render at the same time, and closing stops those in the middle of a sample', async () => {
  const meeting = new SharedArrayBuffer(8);
  const present = new Int32Array(meeting);
  const pool = poolOf({ meeting }, { threads: 3 });
  await warmUp(pool, 3);
  present[1] = 3;
  expect(await itemsOf(pool.simulate('simulator', { seed: 1, length: 9 }))).toHaveLength(9);

  present.set([0, 4]);
  const requested = outcomesOf(pool.simulate('simulator', { seed: 1, length: 20 }));
  while (Atomics.load(present, 0) < 3) await new Promise((resolve) => setTimeout(resolve, 5));
  await pool.close();
  expect(new Set(await requested)).toEqual(new Set(['Error: The rendering thread was stopped.']));
  await expect(pool.simulate('simulator', { seed: 1, length: 1 }).at(0)).rejects.toThrow('stopped');
  expect(pool.running).toBe(0);
});

test('answers that arrive after closing are dropped', async () => {
  const meeting = new SharedArrayBuffer(8);
  const present = new Int32Array(meeting);
  present[1] = 1;
  const pool = poolOf({ meeting });
  await warmUp(pool, 1);
  const requested = outcomesOf(pool.simulate('simulator', { seed: 2, length: 10 }));
  // The threads answer all but the last ones while this thread is blocked.
  for (let begun = 0; begun < 10; begun = Atomics.load(present, 0)) Atomics.wait(present, 0, begun, 20_000);
  await pool.close();
  expect(new Set(await requested)).toEqual(new Set(['Error: The rendering thread was stopped.']));
});

test('threads keep the process alive only while they have jobs', async () => {
  const ports = () =>
    process.getActiveResourcesInfo().filter((resource) => resource === 'MessagePort').length;
  const before = ports();
  const pool = poolOf({});
  const samples = pool.simulate('simulator', { seed: 4, length: 1 });
  await samples.at(0);
  expect(ports()).toBe(before);
  await warmUp(pool, 2);
  expect(ports()).toBe(before);
  const requested = samples.at(0);
  expect(ports()).toBeGreaterThan(before);
  await requested;
  expect(ports()).toBe(before);
});

test.each([
  ['exits', 'it exited with code 7'],
  ['explodes', 'The fuse blew.'],
] as const)('a thread that %s names the sample in progress', async (mishap, why) => {
  const options: SpecklesOptions = {
    mishaps: [
      ['confides', 0.2],
      [mishap, 0.1],
    ],
  };
  const pool = poolOf(options);
  await warmUp(pool, 1);
  const samples = pool.simulate('simulator', { seed: 15, length: 100 });
  // An annotation that cannot be sent is the fault of its sample alone.
  await expect(samples.at(findFate(options, 15, 'confides'))).rejects.toThrow('could not be cloned');
  const fatal = findFate(options, 15, mishap);
  // Of all those queued together, the last one alone is lost.
  const outcomes = await outcomesOf(pool.simulate('simulator', { seed: 15, length: fatal + 1 }));
  const ended = `A rendering thread crashed while rendering sample ${fatal} of seed 15 (simulator): ${why}. Render with one thread to see where it happens.`;
  expect(outcomes.filter((outcome) => String(outcome).includes('crashed'))).toEqual([
    `SimganError: ${ended}`,
  ]);
  await expect(samples.at(0)).rejects.toThrow(new SimganError('RENDERING_FAILED', ended));
});

test('where no thread can load the plugin, the calling thread goes on and the reason is reported', async () => {
  const reasons: string[] = [];
  const pool = poolOf({ mainThreadOnly: true }, { onFallback: (reason) => reasons.push(reason) });
  const samples = pool.simulate('simulator', { seed: 1, length: 20 });
  const expected = await itemsOf(simulate(speckles().simulator, { seed: 1, length: 20 }));
  while (reasons.length === 0) expect(await itemsOf(samples)).toEqual(expected);
  expect(reasons).toEqual([
    'A rendering thread could not load the plugin: I am made in the main thread only',
  ]);
  expect(await itemsOf(samples)).toEqual(expected);
  expect(pool.running).toBe(0);
});
