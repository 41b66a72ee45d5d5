/** Which places share a buffer: those that are never needed at the same time. */
import type { Kernel, Place } from '../kernels/shader.ts';

export interface Memory {
  /** Bytes of each buffer, the largest first. */
  readonly buffers: readonly number[];
  /** The number of the buffer of each place. */
  readonly bufferOf: ReadonlyMap<Place, number>;
}

/** Bytes in a buffer; programs may read whole vectors of four. */
export const bytesOf = ({ length }: Place): number => Math.ceil(length / 4) * 16;

/**
 * @param kernels in the order in which they run
 * @param places those that need a buffer
 * @param kept places that are needed after the last kernel
 */
export function planMemory(
  kernels: readonly Kernel[],
  places: ReadonlySet<Place>,
  kept: ReadonlySet<Place>,
): Memory {
  const lives = new Map<Place, { first: number; last: number }>();
  kernels.forEach((kernel, time) => {
    for (const place of kernel.places) {
      if (!places.has(place)) continue;
      const life = lives.get(place);
      if (life) life.last = time;
      else lives.set(place, { first: time, last: time });
    }
  });
  for (const place of kept) {
    const life = lives.get(place);
    if (life) life.last = kernels.length;
  }
  const buffers: { bytes: number; lives: { first: number; last: number }[] }[] = [];
  const bufferOf = new Map<Place, number>();
  for (const [place, life] of [...lives].toSorted(([a], [b]) => b.length - a.length)) {
    const isFree = (buffer: (typeof buffers)[number]) =>
      buffer.lives.every(({ first, last }) => life.last < first || life.first > last);
    let at = buffers.findIndex(isFree);
    if (at < 0) at = buffers.push({ bytes: bytesOf(place), lives: [] }) - 1;
    buffers[at]!.lives.push(life);
    bufferOf.set(place, at);
  }
  return { buffers: buffers.map(({ bytes }) => bytes), bufferOf };
}
