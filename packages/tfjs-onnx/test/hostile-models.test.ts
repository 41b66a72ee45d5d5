/** Small files that describe any amount of work: refused with a sentence, before memory or time is spent. */
import { describe, expect, test } from 'vitest';
import { numbers, tf, useOracle } from '../../tfjs-trace/test/oracle.ts';
import { importOnnx, OnnxError } from '../src/index.ts';
import { OnnxModel } from '../src/onnx/model.ts';

useOracle();

const image = [1, 2, 5, 4];

/** A model of images with two channels, 5 x 4. */
function modelOf(build: (model: OnnxModel, x: string) => string): Uint8Array {
  const model = new OnnxModel();
  const y = build(model, model.input('x', 'float32', image));
  model.output('y', y, 'float32', image);
  return model.serialize();
}

function chain(length: number, link: (model: OnnxModel, x: string, index: number) => string): Uint8Array {
  return modelOf((model, x) => {
    let value = x;
    for (let i = 0; i < length; i++) value = link(model, value, i);
    return value;
  });
}

/** The message of what goes wrong when a model is imported, or else applied to an image. */
function problemOf(bytes: Uint8Array): string {
  try {
    const { apply } = importOnnx(bytes);
    tf.tidy(() => apply(tf.ones([1, 5, 4, 2])));
    return 'none';
  } catch (error) {
    expect(error).toBeInstanceOf(OnnxError);
    return (error as Error).message;
  }
}

const alternating = (model: OnnxModel, x: string, index: number) =>
  model.node(index % 2 === 0 ? 'Neg' : 'Relu', [x]);

test('chains of more nodes than any network has are refused, and so are values that grow without end', () => {
  expect(problemOf(chain(30_000, alternating))).toContain(
    'depends on 30001 nodes, more than the limit of 10000. Choose an earlier value',
  );
  const doubling = chain(60, (model, x) => model.node('Concat', [x, x], { axis: 1 }));
  expect(problemOf(doubling)).toMatch(
    /\(Concat\) cannot be computed: the results up to here .* at most 268435456/,
  );
  const twenty = chain(60, (model, x) => model.node('Concat', Array(2000).fill(x), { axis: 1 }));
  expect(problemOf(twenty)).toContain('(Concat) cannot be computed: its result of shape [1,');
});

describe.each<[string, string, (model: OnnxModel, x: string) => string]>([
  [
    'a sum over two axes',
    'its result of shape [40000,40000]',
    (m, x) => {
      const wide = (shape: number[]) => m.float32(new Float32Array(40_000), shape);
      const square = m.node('Add', [wide([40_000, 1]), wide([1, 40_000])]);
      return m.node('Add', [m.node('GlobalMaxPool', [x]), square]);
    },
  ],
  [
    'a product of two vectors',
    'its result of shape [',
    (m, x) => {
      const flat = m.node('Flatten', [m.node('GlobalMaxPool', [x])]);
      const column = m.node('Gemm', [flat, m.float32(new Float32Array(2 * 300_000), [2, 300_000])]);
      const one = m.node('Transpose', [column], { perm: [1, 0] });
      return m.node('MatMul', [one, column]);
    },
  ],
  [
    'a picture that is enlarged',
    'it resizes an axis of 5 to 50000000;',
    (m, x) => m.node('Resize', [x, '', m.float32(Float32Array.of(1, 1, 1e7, 1e7), [4])], { mode: 'nearest' }),
  ],
  ['padding', 'its pads is [', (m, x) => m.node('Pad', [x], { pads: [0, 0, 0, 0, 0, 0, 1e9, 1e9] })],
  [
    'padding of a pool',
    'its pads is [',
    (m, x) => m.node('MaxPool', [x], { kernel_shape: [2, 2], pads: [0, 0, 1e9, 1e9] }),
  ],
  [
    'steps of nothing',
    'its strides is [0,0]',
    (m, x) => m.node('MaxPool', [x], { kernel_shape: [2, 2], strides: [0, 0] }),
  ],
  [
    'a window that is wider than any picture',
    'take too many multiplications; at most 274877906944 are allowed',
    (m, x) =>
      m.node('AveragePool', [x], {
        kernel_shape: [4000, 4000],
        pads: [4000, 4000, 4000, 4000],
        count_include_pad: 1,
      }),
  ],
  [
    'a filter that is dilated',
    'expanded to too many values',
    (m, x) => {
      const filter = m.float32(new Float32Array(2 * 512 * 9), [512, 2, 3, 3]);
      return m.node('Conv', [x, filter], { dilations: [4096, 4096] });
    },
  ],
  [
    'a filter in groups',
    'expanded to too many values',
    (m, x) => {
      const filter = m.float32(new Float32Array(60_000), [60_000, 1, 1, 1]);
      return m.node('Conv', [x, filter], { group: 60_000 });
    },
  ],
  [
    'more axes than there are kernels for',
    'axes; at most 8 are supported',
    (m, x) => m.node('Add', [x, m.float32(new Float32Array(1), Array(100_000).fill(1))]),
  ],
])('%s', (_, problem, build) => {
  test('is refused', () => expect(problemOf(modelOf(build))).toContain(problem));
});

describe('the longest chain that is allowed', () => {
  const bytes = chain(9_999, (model, x, index) => model.node(index % 2 === 0 ? 'Neg' : 'Softplus', [x]));
  const values = numbers([1, 5, 4, 2], 1);

  test('is computed with its gradient', () => {
    const { apply } = importOnnx(bytes);
    const gradient = tf.tidy(() => {
      const x = tf.tensor4d(values.data, [1, 5, 4, 2]);
      return tf
        .grad((batch) => tf.sum(apply(batch as tf.Tensor4D)))(x)
        .dataSync();
    });
    expect(gradient.every(Number.isFinite)).toBe(true);
  });
});
