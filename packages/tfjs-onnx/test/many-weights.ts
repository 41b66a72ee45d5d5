/** A step of training that updates weights of many shapes, their moments and their averages. */
import { type InputType, type StepFunction, size, type Trace, trace } from '@simgan/tfjs-trace';
import { optimizers } from '../../tfjs-trace/test/adversaries.ts';
import { numbers, tf, variable } from '../../tfjs-trace/test/oracle.ts';
import { loadOnnxruntime } from '../src/index.ts';
import { compileStep } from '../src/lower/compile.ts';
import type { Target } from '../src/lower/lowering.ts';
import { sessionOptions } from '../src/runtime/session-options.ts';

const ort = await loadOnnxruntime();

/** A filter, its bias, and factors of dot products. */
const SHAPES = [[3, 3, 2, 4], [4], [2, 3], [1], [5], [1, 1, 4, 2], [6], [2, 2], [3], [7]];
const IMAGES = [4, 6, 6, 2];

const types: Record<string, InputType> = {
  x: { shape: IMAGES, dtype: 'float32' },
  rate: { shape: [], dtype: 'float32' },
};
export const inputs = (seed: number) => ({
  x: numbers(IMAGES, seed),
  rate: { data: Float32Array.of(0.1), shape: [] },
});

export function manyWeights({ slots, update }: (typeof optimizers)[string]) {
  const weights = SHAPES.map((shape, i) => variable(tf.tensor(numbers(shape, i).data, shape)));
  const like = () => weights.map(({ shape }) => variable(tf.zeros(shape)));
  const [moments, averages] = [Array.from({ length: slots }, like), like()];
  const [filter, bias, ...factors] = weights as tf.Tensor[];
  const step: StepFunction = ({ x, rate }) => {
    const { value, grads } = tf.variableGrads(() => {
      const features = tf.add(tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, 'same'), bias!);
      const products = factors.map((factor, i) =>
        tf.dot(tf.reshape(factor, [-1]), tf.slice(tf.reshape(x!, [-1]), i, size(factor.shape))),
      );
      return tf.addN([features, ...products].map((y) => tf.mean(tf.square(y)))) as tf.Scalar;
    }, weights);
    for (const [i, weight] of weights.entries()) {
      const own = moments.map((list) => list[i]!);
      weight.assign(update(own, weight, grads[weight.name]!, rate!));
      averages[i]!.assign(tf.add(tf.mul(averages[i]!, 0.9), tf.mul(weight, 0.1)));
    }
    return { loss: value };
  };
  return { weights, moments, averages, step };
}

/** The step with an optimizer of this name, and the number of its weights. */
export function traced(name: string): { step: Trace; count: number } {
  const { step, weights } = manyWeights(optimizers[name]!);
  return { step: trace(step, types), count: weights.length };
}

/** The values of all variables after three steps, by index. */
export async function train(
  step: Trace,
  target: Target,
  device: 'cpu' | 'gpu' = 'cpu',
): Promise<ReadonlyMap<number, Float32Array>> {
  const { model, reads, writes } = compileStep(step, target);
  const session = await ort.InferenceSession.create(model.serialize(), sessionOptions(device, 1));
  const values = new Map(step.variables.map((each, i) => [i, each.dataSync().slice() as Float32Array]));
  for (let i = 0; i < 3; i++) {
    const given = new Map(Object.entries(inputs(i)).map(([name, { data }]) => [name, data]));
    for (const { name, indices } of reads) {
      given.set(name, Float32Array.from(indices.flatMap((index) => [...values.get(index)!])));
    }
    const feeds = model.inputs.map(
      ({ name, shape }) => [name, new ort.Tensor('float32', given.get(name)!, shape as number[])] as const,
    );
    const results = await session.run(Object.fromEntries(feeds));
    for (const { name, indices } of writes) {
      const data = results[name]!.data as Float32Array;
      let start = 0;
      for (const index of indices) {
        const end = start + values.get(index)!.length;
        values.set(index, data.slice(start, end));
        start = end;
      }
    }
  }
  await session.release();
  return values;
}
