import { expect, expectTypeOf, test } from 'vitest';
import { type BlobAnnotation, blobs } from '../test/blobs.ts';
import type { Dataset } from './dataset.ts';
import { SimganError } from './errors.ts';
import type { Sample } from './sample.ts';
import { simulate, simulateAt } from './simulate.ts';

test('sample i of seed s is always the same, in any order and at any length', async () => {
  const { simulator } = blobs();
  const short = simulate(simulator, { seed: 5, length: 3 });
  const long = simulate(simulator, { seed: 5, length: 50 });
  expectTypeOf(short).toEqualTypeOf<Dataset<Sample<BlobAnnotation>>>();
  const last = await long.at(2);
  expect(await short.at(2)).toEqual(last);
  expect(last.id).toBe('0000002');
  expect(await simulate(simulator, { seed: 6, length: 3 }).at(2)).not.toEqual(last);
});

test('another process makes the same sample from seed and index alone', async () => {
  const { simulator } = blobs();
  const { image, annotation, id } = await simulate(simulator, { seed: 5, length: 9 }).at(7);
  expect(await simulateAt(simulator, 5, 7)).toEqual({ image, annotation });
  expect(simulate(simulator, { seed: 5, length: 9 }).id(7)).toBe(id);
  expect(await simulateAt(simulator, 5, 8)).not.toEqual({ image, annotation });
});

test('a simulator that fails or returns no sample is named with plugin, seed and index', async () => {
  const { simulator, image: form } = blobs();
  const good = await simulateAt(simulator, 1, 1);
  const failing = (simulator: unknown) =>
    simulate(simulator as typeof blobs extends () => { simulator: infer S } ? S : never, {
      seed: 7,
      length: 9,
      origin: { plugin: 'broken', image: form },
    })
      .at(4)
      .catch((error: unknown) => error);
  const who = 'The simulator of the plugin broken failed at sample 4 of seed 7: ';
  const { image } = good;
  for (const [returned, problem] of [
    [undefined, 'it returned undefined instead of { image, annotation }.'],
    [null, 'it returned null instead of { image, annotation }.'],
    [5, 'it returned number instead of { image, annotation }.'],
    [{}, 'its image cannot be used: it is not an image: { width, height, channels, bits, data }.'],
    [{ image }, 'it returned no annotation.'],
    [{ ...good, image: image.data }, 'its image cannot be used: it is not an image'],
    [{ ...good, image: { ...image, data: [...image.data] } }, 'its data is not a Uint8Array'],
    [{ ...good, image: { ...image, width: image.width + 1 } }, 'its image cannot be used: it is'],
    [{ ...good, image: { ...image, data: image.data.subarray(1) } }, 'values, not'],
  ] as const) {
    const error = await failing(() => returned);
    expect(error).toMatchObject({ code: 'RENDERING_FAILED', message: expect.stringContaining(problem) });
    expect((error as Error).message.startsWith(who)).toBe(true);
  }
  const throwing = (value: unknown) => () => {
    throw value;
  };
  expect(await failing(throwing('a text'))).toMatchObject({
    message: `${who}it threw "a text", which is not an Error.`,
  });
  expect(await failing(throwing(undefined))).toMatchObject({
    message: `${who}it threw undefined, which is not an Error.`,
  });
  const burst = new RangeError('The lamp burst.');
  expect(await failing(throwing(burst))).toMatchObject({
    code: 'RENDERING_FAILED',
    cause: burst,
    message: expect.stringMatching(
      /RangeError: The lamp burst\. It was thrown at .*simulate\.test\.ts:\d+:\d+\)?\.$/,
    ),
  });
  const own = new SimganError('INVALID_ARGUMENT', 'It is too dark. Turn on the light.');
  expect(await failing(throwing(own))).toBe(own);
});
