/** Inputs of a step. */
import { OnnxError } from '../errors.ts';
import { size } from '../trace/graph.ts';
import type { InputType } from '../trace/trace.ts';
import type { HostData } from './protocol.ts';

export type Inputs = Readonly<Record<string, HostData>>;
export type InputTypes = Readonly<Record<string, InputType>>;

/**
 * The types of inputs.
 *
 * @throws OnnxError if the data of an input does not fill its shape.
 */
export function typesOf(inputs: Inputs): InputTypes {
  for (const [name, { data, shape }] of Object.entries(inputs)) {
    const length = size(shape);
    if (data.length !== length) {
      throw new OnnxError(
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
