import { irisLayers, type LayerWeights } from './iris-network.ts';
import { VIEW_SIDE } from './view.ts';

/** Quantization steps from 0 to a variable's largest absolute value: 8 bits with a sign. */
export const LEVELS = 127;

/**
 * The network's layers from base64 text: for each variable its largest absolute value as a 32-bit float,
 * little-endian, then one signed byte per value, in multiples of that over {@link LEVELS}.
 */
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
