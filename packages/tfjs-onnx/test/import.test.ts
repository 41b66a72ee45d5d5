import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import '@tensorflow/tfjs-backend-wasm';
import * as ort from '@simgan/onnxruntime';
import { describe, expect, test } from 'vitest';
import {
  difference,
  eagerly,
  expectSame,
  numbers,
  random,
  tf,
  useOracle,
  variable,
  withGradients,
} from '../../tfjs-trace/test/oracle.ts';
import { exportOnnx, importOnnx, type StepFunction } from '../src/index.ts';
import { OnnxModel } from '../src/onnx/model.ts';
import {
  AttributeProtoSchema,
  TensorProto_DataLocation as DataLocation,
  TensorProto_DataType as DataType,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  type TensorProtoSchema,
} from '../src/onnx/onnx_pb.ts';
import { useRuntime } from './use-runtime.ts';

// ONNX Runtime is the oracle for all numbers. Models are built by OnnxModel, or from messages of the schema.
useOracle();

type Shape = readonly number[];

const transposed = ({ data, shape }: { data: Float32Array; shape: Shape }, perm: number[]) =>
  tf.tidy(() => {
    const turned = tf.transpose(tf.tensor(data, [...shape]), perm);
    return { data: turned.dataSync() as Float32Array, shape: turned.shape };
  });

/** Compares ONNX Runtime with the imported model on random images `[batch, channels, height, width]`. */
async function expectAgreement(bytes: Uint8Array, shape: Shape, tolerance = 1e-5): Promise<void> {
  const x = numbers(shape, 99, -2, 2);
  const session = await ort.InferenceSession.create(bytes, { logSeverityLevel: 3 });
  const { y } = await session.run({ x: new ort.Tensor('float32', x.data, x.shape) });
  await session.release();
  const expected = { data: y!.data as Float32Array, shape: y!.dims as number[] };
  const imported = importOnnx(bytes);
  const images = transposed(x, [0, 2, 3, 1]);
  const actual = tf.tidy(() => {
    const result = imported.apply(tf.tensor4d(images.data, images.shape as [number, number, number, number]));
    return { data: result.dataSync() as Float32Array, shape: result.shape };
  });
  const comparable = actual.shape.length === 4 ? transposed(actual, [0, 3, 1, 2]) : actual;
  expect(difference(comparable, expected)).toBeLessThan(tolerance);
}

/** A model from `x` to `y`. */
function modelOf(shape: Shape, build: (model: OnnxModel, x: string) => string, outputRank = 4): Uint8Array {
  const model = new OnnxModel();
  const y = build(model, model.input('x', 'float32', shape));
  model.output(
    'y',
    y,
    'float32',
    Array.from({ length: outputRank }, (_, i) => `d${i}`) as unknown as number[],
  );
  return model.serialize();
}

const weights = (model: OnnxModel, shape: Shape, seed: number, low = -0.5, high = 0.5) =>
  model.float32(numbers(shape, seed, low, high).data, shape);

function conv(
  model: OnnxModel,
  x: string,
  {
    inputs,
    outputs,
    kernel,
    group = 1,
    seed = 1,
    ...attributes
  }: { inputs: number; outputs: number; kernel: Shape; group?: number; seed?: number } & Record<
    string,
    unknown
  >,
): string {
  const filter = weights(model, [outputs, inputs / group, ...kernel], seed);
  const bias = weights(model, [outputs], seed + 1);
  return model.node('Conv', [x, filter, bias], { ...(attributes as Record<string, number[]>), group });
}

describe('operators agree with ONNX Runtime', () => {
  const image = [2, 4, 9, 11];
  const cases: Record<string, (model: OnnxModel, x: string) => string> = {
    'Conv without padding': (m, x) => conv(m, x, { inputs: 4, outputs: 5, kernel: [3, 3] }),
    'Conv with asymmetric padding and strides': (m, x) =>
      conv(m, x, { inputs: 4, outputs: 3, kernel: [3, 2], strides: [2, 1], pads: [1, 0, 2, 1] }),
    'Conv with dilation': (m, x) =>
      conv(m, x, { inputs: 4, outputs: 3, kernel: [3, 3], dilations: [2, 3], pads: [2, 3, 2, 3] }),
    'Conv in groups': (m, x) =>
      conv(m, x, { inputs: 4, outputs: 6, kernel: [3, 3], group: 2, strides: [2, 2], pads: [1, 1, 1, 1] }),
    'Conv depthwise': (m, x) =>
      conv(m, x, { inputs: 4, outputs: 8, kernel: [3, 3], group: 4, pads: [1, 1, 1, 1] }),
    'Conv with auto_pad SAME_UPPER': (m, x) =>
      conv(m, x, { inputs: 4, outputs: 2, kernel: [4, 4], strides: [2, 2], auto_pad: 'SAME_UPPER' }),
    'Conv with auto_pad SAME_LOWER': (m, x) =>
      conv(m, x, { inputs: 4, outputs: 2, kernel: [4, 4], strides: [2, 2], auto_pad: 'SAME_LOWER' }),
    MaxPool: (m, x) => m.node('MaxPool', [x], { kernel_shape: [2, 2], strides: [2, 2] }),
    'MaxPool with padding': (m, x) =>
      m.node('MaxPool', [x], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
    'MaxPool that rounds up': (m, x) =>
      m.node('MaxPool', [x], { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 }),
    'MaxPool that rounds up but not into the padding': (m, x) =>
      m.node('MaxPool', [x], { kernel_shape: [1, 1], strides: [3, 3], pads: [0, 0, 0, 0], ceil_mode: 1 }),
    AveragePool: (m, x) => m.node('AveragePool', [x], { kernel_shape: [3, 2], strides: [2, 3] }),
    'AveragePool that excludes padding': (m, x) =>
      m.node('AveragePool', [x], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 0, 1, 2] }),
    'AveragePool that counts padding': (m, x) =>
      m.node('AveragePool', [x], { kernel_shape: [3, 3], pads: [1, 1, 1, 1], count_include_pad: 1 }),
    GlobalAveragePool: (m, x) => m.node('GlobalAveragePool', [x]),
    GlobalMaxPool: (m, x) => m.node('GlobalMaxPool', [x]),
    BatchNormalization: (m, x) =>
      m.node(
        'BatchNormalization',
        [x, weights(m, [4], 1), weights(m, [4], 2), weights(m, [4], 3), weights(m, [4], 4, 0.1, 2)],
        { epsilon: { float: 0.01 } },
      ),
    'Pad with a number': (m, x) =>
      m.node('Pad', [x, m.int64([0, 0, 1, 2, 0, 1, 3, 0]), m.float32([0.7], [])], { mode: 'constant' }),
    'Pad that mirrors': (m, x) => m.node('Pad', [x, m.int64([0, 0, 1, 2, 0, 0, 3, 0])], { mode: 'reflect' }),
    Relu: (m, x) => m.node('Relu', [x]),
    LeakyRelu: (m, x) => m.node('LeakyRelu', [x], { alpha: { float: 0.3 } }),
    PRelu: (m, x) => m.node('PRelu', [x, weights(m, [4, 1, 1], 5)]),
    Elu: (m, x) => m.node('Elu', [x], { alpha: { float: 0.5 } }),
    Sigmoid: (m, x) => m.node('Sigmoid', [x]),
    Tanh: (m, x) => m.node('Tanh', [x]),
    Softplus: (m, x) => m.node('Softplus', [x]),
    HardSigmoid: (m, x) => m.node('HardSigmoid', [x], { alpha: { float: 0.3 } }),
    HardSwish: (m, x) => m.node('HardSwish', [x]),
    Exp: (m, x) => m.node('Exp', [x]),
    'Abs, Sqrt, Log, Neg, Reciprocal': (m, x) => {
      const positive = m.node('Add', [m.node('Abs', [x]), m.float32([0.5], [])]);
      return m.node('Reciprocal', [
        m.node('Neg', [
          m.node('Add', [m.node('Sqrt', [positive]), m.node('Exp', [m.node('Log', [positive])])]),
        ]),
      ]);
    },
    Clip: (m, x) => m.node('Clip', [x, m.float32([-0.5], []), m.float32([1], [])]),
    'Clip from below': (m, x) => m.node('Clip', [x, m.float32([-0.5], [])]),
    'Add, Sub, Mul and Div with constants': (m, x) => {
      const shifted = m.node('Sub', [
        m.node('Add', [x, weights(m, [4, 1, 1], 1)]),
        weights(m, [1, 1, 9, 1], 2),
      ]);
      return m.node('Div', [
        m.node('Mul', [weights(m, [11], 3), shifted]),
        weights(m, [1, 4, 9, 11], 4, 1, 2),
      ]);
    },
    Sum: (m, x) => m.node('Sum', [x, m.node('Relu', [x]), weights(m, [4, 1, 1], 1)]),
    'Identity and Dropout': (m, x) => m.node('Dropout', [m.node('Identity', [x])]),
    Concat: (m, x) => m.node('Concat', [x, m.node('Tanh', [x])], { axis: 1 }),
    'Concat of rows': (m, x) => m.node('Concat', [x, m.node('Tanh', [x])], { axis: -2 }),
    Transpose: (m, x) =>
      m.node('Transpose', [conv(m, x, { inputs: 4, outputs: 3, kernel: [1, 1] })], { perm: [0, 2, 3, 1] }),
    'Transpose and back': (m, x) =>
      m.node('Transpose', [m.node('Relu', [m.node('Transpose', [x], { perm: [3, 0, 2, 1] })])], {
        perm: [1, 3, 2, 0],
      }),
    'Reshape to groups of channels and back': (m, x) => {
      const grouped = m.node('Reshape', [x, m.int64([0, 2, 2, 9, 11])]);
      const shuffled = m.node('Transpose', [grouped], { perm: [0, 2, 1, 3, 4] });
      return m.node('Reshape', [shuffled, m.int64([2, -1, 9, 11])]);
    },
    'Squeeze and Unsqueeze': (m, x) => {
      const vector = m.node('Squeeze', [m.node('GlobalAveragePool', [x]), m.int64([2, 3])]);
      return m.node('Unsqueeze', [vector, m.int64([-1, 2])]);
    },
    'Conv with weights that were moved first': (m, x) => {
      const flat = m.node('Reshape', [weights(m, [3, 3, 4, 5], 1), m.int64([0, 3, -1])]);
      const filter = m.node('Transpose', [m.node('Reshape', [flat, m.int64([3, 3, 4, 5])])], {
        perm: [3, 2, 0, 1],
      });
      const bias = m.node('Squeeze', [m.node('Unsqueeze', [weights(m, [5], 2), m.int64([0, 2])])]);
      return m.node('Conv', [x, filter, m.node('Identity', [bias])]);
    },
    'Resize to scales, nearest': (m, x) =>
      m.node('Resize', [x, '', m.float32([1, 1, 2, 3], [4])], {
        mode: 'nearest',
        coordinate_transformation_mode: 'asymmetric',
        nearest_mode: 'floor',
      }),
    'Resize to sizes, nearest by the defaults': (m, x) =>
      m.node('Resize', [x, '', '', m.int64([2, 4, 13, 7])], { mode: 'nearest' }),
    'Resize to sizes, linear': (m, x) =>
      m.node('Resize', [x, '', '', m.int64([2, 4, 18, 5])], { mode: 'linear' }),
    'Resize linear with aligned corners': (m, x) =>
      m.node('Resize', [x, '', m.float32([1, 1, 1.5, 2], [4])], {
        mode: 'linear',
        coordinate_transformation_mode: 'align_corners',
      }),
  };
  test.each(Object.entries(cases))('%s', async (_, build) => {
    await expectAgreement(modelOf(image, build), image);
  });

  test('Flatten, Gemm and MatMul', async () => {
    const bytes = modelOf(
      image,
      (m, x) => {
        const flat = m.node('Flatten', [
          conv(m, x, { inputs: 4, outputs: 3, kernel: [3, 3], strides: [3, 3] }),
        ]);
        const hidden = m.node('Gemm', [flat, weights(m, [7, 27], 8), weights(m, [7], 9)], {
          transB: 1,
          alpha: { float: 0.5 },
          beta: { float: 2 },
        });
        return m.node('Softmax', [m.node('MatMul', [m.node('Relu', [hidden]), weights(m, [7, 5], 10)])]);
      },
      2,
    );
    await expectAgreement(bytes, image);
  });
});

/** A network of random layers, some of them with two branches. */
function randomModel(seed: number): { bytes: Uint8Array; shape: Shape } {
  const next = random(seed);
  const whole = (low: number, high: number) => low + Math.floor(next() * (high - low + 1));
  const pick = <Item>(items: readonly Item[]): Item => items[whole(0, items.length - 1)]!;
  let channels = whole(1, 4);
  const shape = [whole(1, 3), channels, whole(14, 22), whole(14, 22)];
  const layer = (m: OnnxModel, x: string, isSame = false): string => {
    const kernel = pick([1, 3, 5]);
    const dilation = pick([1, 1, 2]);
    const reach = ((kernel - 1) * dilation) / 2;
    const group = next() < 0.3 ? channels : 1;
    const outputs = isSame ? channels : group * whole(1, 3);
    const convolved = conv(m, x, {
      inputs: channels,
      outputs,
      kernel: [kernel, kernel],
      group,
      seed: whole(1, 1e6),
      dilations: [dilation, dilation],
      strides: isSame
        ? [1, 1]
        : pick([
            [1, 1],
            [2, 1],
          ]),
      pads: [reach, reach, reach, reach],
    });
    channels = outputs;
    const normalized =
      next() < 0.5
        ? m.node('BatchNormalization', [
            convolved,
            ...[1, 2, 3].map((i) => weights(m, [channels], seed + i)),
            weights(m, [channels], seed, 0.5, 1.5),
          ])
        : convolved;
    return m.node(pick(['Relu', 'Tanh', 'LeakyRelu', 'Sigmoid']), [normalized]);
  };
  const bytes = modelOf(shape, (m, input) => {
    let x = input;
    for (let depth = whole(2, 4); depth > 0; depth--) {
      x = layer(m, x);
      const way = next();
      if (way < 0.3) x = m.node('Add', [x, layer(m, x, true)]);
      else if (way < 0.5) {
        x = m.node('Concat', [x, layer(m, x, true)], { axis: 1 });
        channels *= 2;
      } else if (way < 0.7) {
        const pads = pick([
          [0, 0, 0, 0],
          [1, 1, 1, 1],
          [0, 1, 1, 0],
        ]);
        const pooling = {
          kernel_shape: [2, 2],
          strides: pick([
            [1, 1],
            [2, 2],
          ]),
          pads,
        };
        x = m.node(pick(['MaxPool', 'AveragePool']), [x], pooling);
      }
    }
    return x;
  });
  return { bytes, shape };
}

test('random networks agree with ONNX Runtime', async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const { bytes, shape } = randomModel(seed);
    await expectAgreement(bytes, shape);
  }
});

/** Operators whose TensorFlow.js counterparts have a wrong gradient or none. */
const delicate = modelOf([2, 4, 8, 10], (m, x) => {
  const mirrored = m.node('Pad', [x, m.int64([0, 0, 1, 2, 0, 0, 2, 1])], { mode: 'reflect' });
  const dilated = conv(m, mirrored, {
    inputs: 4,
    outputs: 4,
    kernel: [3, 3],
    dilations: [2, 1],
    group: 2,
    pads: [1, 0, 2, 1],
  });
  const pooled = m.node('AveragePool', [m.node('Tanh', [dilated])], {
    kernel_shape: [3, 3],
    strides: [2, 2],
    pads: [1, 1, 1, 1],
  });
  const larger = m.node('Resize', [pooled, '', m.float32([1, 1, 2, 2], [4])], { mode: 'nearest' });
  const strided = conv(m, larger, {
    inputs: 4,
    outputs: 3,
    kernel: [3, 3],
    strides: [2, 2],
    pads: [1, 0, 0, 1],
  });
  return m.node('PRelu', [
    m.node('MaxPool', [strided], { kernel_shape: [2, 2], pads: [1, 1, 0, 0] }),
    weights(m, [3, 1, 1], 3),
  ]);
});

test('gradients agree with finite differences', () => {
  const { apply } = importOnnx(delicate);
  const f = (x: tf.Tensor) => tf.sum(tf.sin(apply(x as tf.Tensor4D))) as tf.Scalar;
  const [along, expected] = tf.tidy(() => {
    const x = tf.tensor(numbers([2, 8, 10, 4], 5).data, [2, 8, 10, 4]);
    const direction = tf.tensor(numbers([2, 8, 10, 4], 6).data, [2, 8, 10, 4]);
    const step = 2e-3;
    const [ahead, behind] = [f(tf.add(x, tf.mul(direction, step))), f(tf.sub(x, tf.mul(direction, step)))];
    return [
      tf.sum(tf.mul(tf.grad(f)(x), direction)).dataSync()[0]!,
      (ahead.dataSync()[0]! - behind.dataSync()[0]!) / (2 * step),
    ];
  });
  expect(Math.abs(expected)).toBeGreaterThan(0.1);
  expect(along / expected).toBeCloseTo(1, 1);
});

test('values and gradients are the same on the wasm backend', async () => {
  const { apply } = importOnnx(delicate);
  const step = withGradients((x) => apply(x as tf.Tensor4D));
  const inputs = { x: numbers([2, 8, 10, 4], 8) };
  const expected = eagerly(step, inputs);
  await tf.setBackend('wasm');
  const actual = eagerly(step, inputs);
  await tf.setBackend('cpu');
  for (const [name, tensor] of Object.entries(expected)) {
    expect(difference(actual[name]!, tensor), name).toBeLessThan(3e-6);
  }
});

describe('an imported network can be compiled', () => {
  const runtime = useRuntime({});

  test('its values and gradients are those of eager execution', async () => {
    const { apply } = importOnnx(delicate);
    const step = withGradients((x) => apply(x as tf.Tensor4D));
    await expectSame(runtime(), step, { x: numbers([2, 8, 10, 4], 7) });
  });
});

describe('forms of models', () => {
  test('files of exportOnnx, with channels last', () => {
    const filter = variable(tf.tensor(numbers([3, 3, 2, 5], 1).data, [3, 3, 2, 5]));
    const step: StepFunction = ({ x }) => ({
      y: tf.maxPool(
        tf.relu(tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 2, 'same')) as tf.Tensor4D,
        3,
        2,
        'same',
      ),
    });
    const bytes = exportOnnx(step, { inputs: { x: [3, 11, 13, 2] } });
    const imported = importOnnx(bytes, { layout: 'nhwc' });
    expect(imported.input).toEqual({ name: 'x', shape: [3, 11, 13, 2] });
    expect(imported.weights).toBeGreaterThanOrEqual(filter.size);
    const gap = tf.tidy(() => {
      const x = tf.tensor4d(numbers([3, 11, 13, 2], 2).data, [3, 11, 13, 2]);
      const { y } = step({ x }) as { y: tf.Tensor };
      const actual = imported.apply(x);
      expect(actual.shape).toEqual(y.shape);
      return tf.max(tf.abs(tf.sub(actual, y))).dataSync()[0]!;
    });
    expect(gap).toBeLessThan(1e-6);
  });

  test('an intermediate value is found by its name or its node’s, and later nodes may be unsupported', () => {
    const bytes = handwritten({ tail: 'NonMaxSuppression' });
    expect(() => importOnnx(bytes)).toThrow(
      'The node last (NonMaxSuppression) is not supported. Supported operators are Abs, Add,',
    );
    for (const output of ['hidden', 'first']) {
      const imported = importOnnx(bytes, { output });
      expect(imported.output).toBe('hidden');
      const [value] = tf.tidy(() => imported.apply(tf.ones([1, 1, 2, 1])).dataSync());
      expect(value).toBe(1.5 * 1 + 0.25);
    }
    expect(() => importOnnx(bytes, { output: 'relu9' })).toThrow(
      'The model has no value "relu9". Its values are hidden, y.',
    );
  });

  test.each(Object.entries(storages))('weights stored as %s', (storage, weight) => {
    const bytes = handwritten({ weight });
    const readExternal = (location: string) => {
      expect(location).toBe('weights.bin');
      return Uint8Array.from([9, 9, 9, 9, ...new Uint8Array(Float32Array.of(1.5).buffer)]);
    };
    const { apply } = importOnnx(bytes, storage === 'external' ? { readExternal } : {});
    const [value] = tf.tidy(() => apply(tf.ones([1, 1, 2, 1])).dataSync());
    expect(value).toBe(1.75);
  });
});

const bytesOf = (numbers: Float32Array | Float64Array) => new Uint8Array(numbers.buffer);

/** The forms in which a file can store the one weight 1.5. */
const storages: Record<string, MessageInitShape<typeof TensorProtoSchema>> = {
  raw: { dataType: DataType.FLOAT, rawData: bytesOf(Float32Array.of(1.5)) },
  listed: { dataType: DataType.FLOAT, floatData: [bytesOf(Float32Array.of(1.5))] },
  half: { dataType: DataType.FLOAT16, rawData: Uint8Array.of(0x00, 0x3e) },
  'listed half': { dataType: DataType.FLOAT16, int32Data: [0x3e00] },
  double: { dataType: DataType.DOUBLE, rawData: bytesOf(Float64Array.of(1.5)) },
  'listed double': { dataType: DataType.DOUBLE, doubleData: [bytesOf(Float64Array.of(1.5))] },
  external: {
    dataType: DataType.FLOAT,
    dataLocation: DataLocation.EXTERNAL,
    externalData: [
      { key: 'location', value: 'weights.bin' },
      { key: 'offset', value: '4' },
      { key: 'length', value: '4' },
    ],
  },
};

/** relu(x * 1.5 + 0.25), with a filter of one weight that is stored in one of several forms. */
function handwritten({
  weight = storages.raw!,
  tail = 'Relu',
  ...rest
}: {
  weight?: MessageInitShape<typeof TensorProtoSchema>;
  tail?: string;
} & MessageInitShape<typeof GraphProtoSchema> = {}): Uint8Array {
  // One field per size, not packed: proto2 writers, such as ONNX's own, store sizes in this form.
  const sizes = Array.from({ length: 4 }, () => ({
    no: 1,
    wireType: WireType.Varint,
    data: Uint8Array.of(1),
  }));
  const model = create(ModelProtoSchema, {
    irVersion: 8n,
    opsetImport: [{ version: 17n }],
    graph: {
      node: [
        { input: ['x', 'w', 'b'], output: ['hidden'], name: 'first', opType: 'Conv' },
        { input: ['hidden'], output: ['y'], name: 'last', opType: tail },
      ],
      initializer: [
        { ...weight, name: 'w' },
        { dims: [1n], dataType: DataType.FLOAT, name: 'b', floatData: [bytesOf(Float32Array.of(0.25))] },
      ],
      input: [{ name: 'x' }],
      output: [{ name: 'y' }],
      ...rest,
    },
  });
  model.graph!.initializer[0]!.$unknown = sizes;
  return toBinary(ModelProtoSchema, model);
}

describe('errors name the node that cannot be imported', () => {
  const image = [1, 2, 6, 6];
  const refused: Record<string, [(m: OnnxModel, x: string) => string, string]> = {
    'an unsupported operator': [
      (m, x) => m.node('Sin', [x]),
      'The node v0 (Sin) is not supported. Supported operators are Abs,',
    ],
    'an unsupported domain': [
      (m, x) => m.node('Relu', [x], {}, 'com.acme'),
      'The node v0 (com.acme.Relu) is not supported',
    ],
    'a computed filter': [
      (m, x) => m.node('Conv', [x, m.node('Tanh', [weights(m, [1, 2, 3, 3], 1)])]),
      'The node v2 (Conv) cannot be imported: its filter is computed by the model, but must be a constant.',
    ],
    'an unsupported mode': [
      (m, x) => m.node('Pad', [x, m.int64([0, 0, 1, 1, 0, 0, 1, 1])], { mode: 'edge' }),
      '(Pad) cannot be imported: its mode edge is not supported.',
    ],
    'an attribute of the wrong type': [
      (m, x) => m.node('MaxPool', [x], { kernel_shape: 3 }),
      '(MaxPool) cannot be imported: its attribute kernel_shape has the type int instead of ints.',
    ],
    'a value that no node computes': [
      (m) => m.node('Add', ['x', 'nowhere']),
      'reads the value nowhere, which no earlier node computes',
    ],
    'an output that depends on no input': [
      (m) => m.node('Relu', [weights(m, [1, 2], 1)]),
      'depends on 0 inputs of the model',
    ],
  };
  test.each(Object.entries(refused))('%s', (_, [build, message]) => {
    expect(() => importOnnx(modelOf(image, build))).toThrow(message);
  });

  test('images of an unsuitable shape, when the model is applied', () => {
    const model = modelOf(image, (m, x) =>
      m.node('MaxPool', [conv(m, x, { inputs: 2, outputs: 2, kernel: [3, 3] })], { kernel_shape: [4, 4] }),
    );
    const { apply } = importOnnx(model);
    const on = (shape: [number, number, number, number]) => () => tf.tidy(() => apply(tf.zeros(shape)).shape);
    expect(on([1, 9, 9, 2])()).toEqual([1, 4, 4, 2]);
    expect(on([1, 9, 9, 1])).toThrow('(Conv) cannot be computed: it expects 2 channels but gets 1. Check');
    expect(on([1, 5, 9, 2])).toThrow(
      '(MaxPool) cannot be computed: the image has only 3 rows left for its kernel of 4. Choose an earlier output or use larger images.',
    );
  });

  test('damaged files, and files that are not ONNX models', () => {
    const bytes = handwritten();
    expect(() => importOnnx(new TextEncoder().encode('<html></html>'))).toThrow(
      'This is not an ONNX model: ',
    );
    expect(() => importOnnx(new Uint8Array())).toThrow('This is not an ONNX model: it has no graph.');
    expect(() => importOnnx(bytes, { maxBytes: 10 })).toThrow('more than the limit of 10');
    expect(() => importOnnx(handwritten({ weight: {} }))).toThrow(
      'The initializer w has elements of the unsupported type 0 (of TensorProto.DataType)',
    );
    expect(() => importOnnx(handwritten({ weight: { dataType: DataType.FLOAT } }))).toThrow(
      'The initializer w of shape [1,1,1,1] needs 1 values of type float32 but has 0.',
    );
    expect(() => importOnnx(handwritten({ weight: storages.external! }))).toThrow(
      'The initializer w is stored in another file, "weights.bin". Pass readExternal to read it',
    );
    const short = { readExternal: () => new Uint8Array(5) };
    expect(() => importOnnx(handwritten({ weight: storages.external! }), short)).toThrow(
      'should be 4 bytes at offset 4 of "weights.bin", but that file has 5 bytes',
    );
    // A graph in an attribute of a node of a graph, and so on.
    const levels = [
      AttributeProtoSchema.field.g,
      NodeProtoSchema.field.attribute,
      GraphProtoSchema.field.node,
    ];
    let nested: Uint8Array = new Uint8Array();
    for (const { number } of [...Array(1000).fill(levels).flat(), ModelProtoSchema.field.graph]) {
      nested = new BinaryWriter().tag(number, WireType.LengthDelimited).bytes(nested).finish();
    }
    expect(() => importOnnx(nested)).toThrow(/^This is not an ONNX model: .* maximum recursion depth/);
    // Truncated and corrupted files give an OnnxError or a model, never a crash or a hang.
    const next = random(3);
    for (let i = 0; i < 300; i++) {
      const broken = bytes.slice(0, i % 3 === 0 ? Math.floor(next() * bytes.length) : bytes.length);
      if (broken.length > 0) broken[Math.floor(next() * broken.length)] = Math.floor(next() * 256);
      try {
        importOnnx(broken);
      } catch (error) {
        expect((error as Error).name, String((error as Error).stack)).toBe('OnnxError');
      }
    }
  });
});
