import { LEVELS } from '../../src/probe/weights-text.ts';

/** The inverse of `decodeWeights`: variables quantized to 8 bits, as base64 text. */
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
