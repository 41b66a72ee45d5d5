/** @file Arrays in host memory, and the inputs of a step. */
import { StepError } from './errors.ts';
import { size } from './graph.ts';

/** An array in host memory: row-major values and their shape, such as `[batch, height, width, channels]`. */
export interface HostTensor<Data extends Float32Array | Int32Array = Float32Array> {
  readonly data: Data;
  readonly shape: readonly number[];
}

/** A host tensor of either type. */
export type HostData = HostTensor<Float32Array | Int32Array>;

/** The type of a step's input: its shape, such as `[batch, height, width, channels]`, and its element type. */
export interface InputType {
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32';
}

export type Inputs = Readonly<Record<string, HostData>>;
export type InputTypes = Readonly<Record<string, InputType>>;

/**
 * The types of inputs.
 *
 * @throws StepError if the data of an input does not fill its shape.
 */
export function typesOf(inputs: Inputs): InputTypes {
  for (const [name, { data, shape }] of Object.entries(inputs)) {
    const length = size(shape);
    if (data.length !== length) {
      throw new StepError(
        `Input "${name}" has ${data.length} values, but its shape [${shape}] needs ${length}. Pass data that fills the shape.`,
      );
    }
  }
  return mapValues(inputs, ({ data, shape }) => ({
    shape,
    dtype: data instanceof Int32Array ? 'int32' : 'float32',
  }));
}

export const mapValues = <From, To>(record: Readonly<Record<string, From>>, map: (value: From) => To) =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
