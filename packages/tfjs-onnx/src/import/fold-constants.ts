/** Constant folding for the shape operators that exporters apply to weights; done once, at import. */
import type { StoredNode, StoredTensor } from '../onnx/read-model.ts';
import { axisOf } from './value.ts';

/** The result of a node whose inputs are all constants; `undefined` if the operator is not folded. */
export function foldConstant(
  { opType, attributes }: StoredNode,
  inputs: readonly (StoredTensor | undefined)[],
): StoredTensor | undefined {
  const [tensor, second] = inputs;
  if (!tensor || inputs.includes(undefined)) return undefined;
  const { data, shape } = tensor;
  const listed = (name: string): readonly number[] | undefined => {
    const attribute = attributes.get(name);
    return attribute?.kind === 'ints' ? attribute.value : second && [...second.data];
  };
  const places = (rank: number) => listed('axes')?.map((axis) => axisOf(axis, rank));
  switch (opType) {
    case 'Identity':
      return tensor;
    case 'Reshape': {
      const wanted = listed('shape')?.map((length, i) => (length === 0 ? shape[i]! : length));
      if (!wanted) return undefined;
      const known = wanted.filter((length) => length !== -1).reduce((a, b) => a * b, 1);
      const filled = wanted.map((length) => (length === -1 ? data.length / known : length));
      return filled.reduce((a, b) => a * b, 1) === data.length ? { data, shape: filled } : undefined;
    }
    case 'Squeeze': {
      const gone = places(shape.length) ?? shape.flatMap((length, axis) => (length === 1 ? [axis] : []));
      return { data, shape: shape.filter((_, axis) => !gone.includes(axis)) };
    }
    case 'Unsqueeze': {
      const added = [...shape];
      const fresh = places(shape.length + (listed('axes')?.length ?? 0)) ?? [];
      for (const place of fresh.toSorted((a, b) => a - b)) added.splice(place, 0, 1);
      return { data, shape: added };
    }
    case 'Transpose': {
      const perm = listed('perm') ?? shape.map((_, i) => shape.length - 1 - i);
      const isWhole = perm.length === shape.length && shape.every((_, axis) => perm.includes(axis));
      return isWhole ? transposed(tensor, perm) : undefined;
    }
    default:
      return undefined;
  }
}

function transposed({ data, shape }: StoredTensor, perm: readonly number[]): StoredTensor {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((a, b) => a * b, 1));
  const turned = perm.map((axis) => shape[axis]!);
  const steps = perm.map((axis) => strides[axis]!);
  const index = turned.map(() => 0);
  const result = data.slice();
  let from = 0;
  for (let to = 0; to < data.length; to++) {
    result[to] = data[from]!;
    for (let axis = index.length - 1; axis >= 0; axis--) {
      from += steps[axis]!;
      index[axis]! += 1;
      if (index[axis]! < turned[axis]!) break;
      from -= steps[axis]! * turned[axis]!;
      index[axis] = 0;
    }
  }
  return { data: result, shape: turned };
}
