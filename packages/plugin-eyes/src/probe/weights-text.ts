import { irisLayers, type LayerWeights } from './iris-network.ts';
import { VIEW_SIDE } from './view.ts';

/** Steps from 0 to a variable's largest value: 8 bits with a sign. */
const LEVELS = 127;

/** Variables as text: of each its largest value in 4 bytes, then its values in one byte each; all in base64. */
export function encodeWeights(variables: readonly Float32Array[]): string {
  const parts = variables.map((values) => {
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-9);
    const bytes = Buffer.alloc(4 + values.length);
    bytes.writeFloatLE(largest, 0);
    for (const [i, value] of values.entries()) bytes.writeInt8(Math.round((value / largest) * LEVELS), 4 + i);
    return bytes;
  });
  return Buffer.concat(parts).toString('base64');
}

/** The network's layers from {@link encodeWeights}. */
export function decodeWeights(text: string): LayerWeights[] {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const data = new DataView(bytes.buffer);
  let at = 0;
  const read = (length: number): Float32Array => {
    const step = data.getFloat32(at, true) / LEVELS;
    const values = Float32Array.from({ length }, (_, i) => data.getInt8(at + 4 + i) * step);
    at += 4 + length;
    return values;
  };
  let side = VIEW_SIDE;
  let inputs = 1;
  return irisLayers.map((layer) => {
    if ('dense' in layer) {
      const weights = { kernel: read(side * side * inputs * layer.dense), bias: read(layer.dense) };
      side = 1;
      inputs = layer.dense;
      return weights;
    }
    const { convolution, stride, filters } = layer;
    const weights = { kernel: read(convolution * convolution * inputs * filters), bias: read(filters) };
    side = Math.floor((side - convolution) / stride) + 1;
    inputs = filters;
    return weights;
  });
}
