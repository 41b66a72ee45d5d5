import type { Rng } from '@simgan/core';

/** A copy of a file in which one to three bytes are others; bytes that are not zero are changed more often. */
export function mutate(bytes: Uint8Array, rng: Rng): Uint8Array {
  const mutated = Uint8Array.from(bytes);
  const used = Array.from(bytes.keys()).filter((at) => bytes[at] !== 0);
  const changes = 1 + rng.int(3);
  for (let i = 0; i < changes; i++) {
    const at = rng.next() < 0.7 ? used[rng.int(used.length)]! : rng.int(bytes.length);
    mutated[at] = rng.next() < 0.3 ? [0, 1, 0x7f, 0xff][rng.int(4)]! : rng.int(256);
  }
  return mutated;
}
