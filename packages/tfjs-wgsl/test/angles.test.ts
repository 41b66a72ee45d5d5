import { describe, test } from 'vitest';
import { expectSame, tf, useOracle } from '../../tfjs-trace/test/oracle.ts';
import { useDawn, withoutGpu } from './use-dawn.ts';

useOracle();
const runtime = useDawn();

describe.skipIf(withoutGpu)(`functions of angles on a GPU${withoutGpu}`, () => {
  test('are exact to single precision, some turns away too, though WGSL promises 2^-11', async () => {
    const x = { data: Float32Array.from({ length: 4001 }, (_, n) => (n - 2000) / 100), shape: [4001] };
    const step = ({ x }: Record<string, tf.Tensor>) => ({
      sin: tf.sin(x!),
      cos: tf.cos(x!),
      atan: tf.atan(x!),
    });
    await expectSame(runtime(), step, { x }, 5e-7);
  });

  test('so are their inverses, up to the ends', async () => {
    const x = { data: Float32Array.from({ length: 2001 }, (_, n) => n / 1000 - 1), shape: [2001] };
    const step = ({ x }: Record<string, tf.Tensor>) => ({
      asin: tf.asin(x!),
      acos: tf.acos(x!),
      atan: tf.atan(x!),
    });
    await expectSame(runtime(), step, { x }, 5e-7);
  });
});
