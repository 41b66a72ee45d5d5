import type { HostTensor } from '../host-tensor.ts';
import type { Size } from '../image.ts';
import type { Rng } from '../rng.ts';

/** Noise for a refiner's noise channels, `[batch, height, width, channels]`, normal with std 1. */
export function noiseBatch(sources: readonly Rng[], { width, height }: Size, channels: number): HostTensor {
  const length = height * width * channels;
  const data = new Float32Array(sources.length * length);
  for (const [index, source] of sources.entries()) {
    for (let i = 0; i < length; i++) data[index * length + i] = source.normal();
  }
  return { data, shape: [sources.length, height, width, channels] };
}
