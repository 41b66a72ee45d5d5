import type { HostTensor } from '../host-tensor.ts';
import type { Rng } from '../rng.ts';

/**
 * The history of refined images (paper, section 2.3): the discriminator sees earlier outputs of the refiner along
 * with current ones, so that the refiner cannot bring back artifacts that it had already unlearned.
 */
export class HistoryBuffer {
  readonly capacity: number;
  readonly #entries: Float32Array[];

  /** `capacity` is B of the paper, in images; 0 turns the history off. */
  constructor(capacity: number, entries: readonly Float32Array[] = []) {
    this.capacity = capacity;
    this.#entries = [...entries];
  }

  /** The number of images held. */
  get size(): number {
    return this.#entries.length;
  }

  /** The images held, for a checkpoint. */
  get entries(): readonly Float32Array[] {
    return this.#entries;
  }

  /**
   * The refined images for a discriminator update: the first half of `refined`, and past images in place of the second
   * half, drawn at random without replacement. As long as the buffer holds less than half a batch, all of it is used,
   * and the rest of the second half stays. Then the first half enters the buffer: in free places first, in place of
   * random entries once it is full.
   *
   * @param refined - `[batch, height, width, channels]`, the refiner's current output.
   * @returns a batch of the same shape.
   */
  mix(refined: HostTensor, rng: Rng): HostTensor {
    const batch = refined.shape[0]!;
    const length = refined.data.length / batch;
    const half = Math.ceil(batch / 2);
    const imageAt = (index: number) => refined.data.subarray(index * length, (index + 1) * length);

    const past = distinctIndices(this.#entries.length, batch - half, rng.fork('past'));
    const mixed = refined.data.slice();
    for (const [i, index] of past.entries()) mixed.set(this.#entries[index]!, (half + i) * length);

    const arriving = Array.from({ length: half }, (_, i) => imageAt(i).slice());
    const room = this.capacity - this.#entries.length;
    this.#entries.push(...arriving.splice(0, room));
    const leaving = distinctIndices(this.#entries.length, arriving.length, rng.fork('leaving'));
    for (const [i, index] of leaving.entries()) this.#entries[index] = arriving[i]!;

    return { data: mixed, shape: refined.shape };
  }
}

/** Up to `count` different indices below `bound`, each set equally likely (Floyd's algorithm), in random order. */
function distinctIndices(bound: number, count: number, rng: Rng): number[] {
  const chosen: number[] = [];
  for (let last = Math.max(0, bound - count); last < bound; last++) {
    const candidate = rng.int(last + 1);
    const taken = chosen.includes(candidate) ? last : candidate;
    chosen.splice(rng.int(chosen.length + 1), 0, taken);
  }
  return chosen;
}
