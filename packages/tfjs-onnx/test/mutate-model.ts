/** Damages ONNX models where bytes would not: their attributes, inputs, operators and shapes. */
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { AttributeProto_AttributeType as AttributeType, ModelProtoSchema } from '../src/onnx/onnx_pb.ts';

/** A source of random numbers. */
interface Random {
  next(): number;
  int(bound: number): number;
}

const integers = [-1, 0, 1, 2, 3, 5, 12, 300, 100_000, 2 ** 40].map(BigInt);
const operators = [
  'Add',
  'Concat',
  'Conv',
  'Flatten',
  'Gemm',
  'MatMul',
  'MaxPool',
  'Pad',
  'Reshape',
  'Resize',
  'Squeeze',
];

/** A copy of a model with one to three changes. */
export function mutateModel(bytes: Uint8Array, random: Random): Uint8Array {
  const model = fromBinary(ModelProtoSchema, bytes);
  const { node: nodes, initializer: initializers } = model.graph!;
  const pick = <Item>(items: readonly Item[]): Item => items[random.int(items.length)]!;
  const names = [...initializers.map(({ name }) => name), ...nodes.flatMap(({ output }) => output), 'x', ''];
  const changes = [
    () => {
      const attribute = pick(nodes.flatMap((node) => node.attribute));
      if (attribute.type === AttributeType.INTS) {
        attribute.ints = attribute.ints.map((value) => (random.next() < 0.4 ? pick(integers) : value));
        if (random.next() < 0.2) attribute.ints.push(pick(integers));
        if (random.next() < 0.2) attribute.ints.pop();
      } else if (attribute.type === AttributeType.INT) attribute.i = pick(integers);
      else if (attribute.type === AttributeType.FLOAT) attribute.f = pick([Number.NaN, 1e38, -1, 0]);
      else attribute.s = new TextEncoder().encode(pick(['constant', 'edge', 'linear', 'cubic', '']));
    },
    () => {
      const node = pick(nodes);
      node.input[random.int(node.input.length + 1)] = pick(names);
      node.input = [...node.input].map((name) => name ?? '');
    },
    () => {
      pick(nodes).opType = pick(operators);
    },
    () => {
      pick(nodes).attribute.pop();
    },
    () => {
      pick(nodes).input.pop();
    },
    () => {
      const { dims } = pick(initializers);
      if (dims.length > 0) dims[random.int(dims.length)] = pick(integers);
    },
    () => {
      pick(initializers).dims.reverse();
    },
    () => {
      pick(initializers).dims.unshift(1n);
    },
    () => {
      const [a, b] = [random.int(nodes.length), random.int(nodes.length)];
      [nodes[a], nodes[b]] = [nodes[b]!, nodes[a]!];
    },
    () => {
      pick(initializers).name = pick(names);
    },
  ];
  for (let i = 1 + random.int(3); i > 0; i--) pick(changes)();
  return toBinary(ModelProtoSchema, model);
}
