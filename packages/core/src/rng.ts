import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';

/**
 * A seeded source of random numbers that forks by purpose: a fork depends on the seed and the path of keys
 * that leads to it, never on how many numbers were drawn elsewhere. That is what makes sample `i` of seed
 * `s` always the same, whatever was drawn before it.
 */
export interface Rng {
  /** Uniform in [0, 1), 53 bits. */
  next(): number;
  /** A uniform integer in [0, bound). */
  int(bound: number): number;
  /** Normal with mean 0 and std 1. */
  normal(): number;
  /** An independent source for one purpose (a name) or one item (a number). */
  fork(key: number | string): Rng;
}

type Key = readonly [number, number, number, number];

/** Creates a source from a seed, which may be any finite number. */
export function createRng(seed: number): Rng {
  return new ForkingRng(absorb([0x9e3779b9, 0x243f6a88, 0xb7e15162, 0x6a09e667], seed));
}

class ForkingRng implements Rng {
  readonly #key: Key;
  #generator: ReturnType<typeof xoroshiro128plusFromState> | undefined;
  #spareNormal: number | undefined;

  constructor(key: Key) {
    this.#key = key;
  }

  next(): number {
    return uniformFloat64(this.#source());
  }

  int(bound: number): number {
    return uniformInt(this.#source(), 0, bound - 1);
  }

  normal(): number {
    const spare = this.#spareNormal;
    if (spare !== undefined) {
      this.#spareNormal = undefined;
      return spare;
    }
    // The Box-Muller transform yields two at a time; 1 - u keeps the logarithm's argument above 0.
    const radius = Math.sqrt(-2 * Math.log(1 - this.next()));
    const angle = 2 * Math.PI * this.next();
    this.#spareNormal = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  fork(key: number | string): Rng {
    return new ForkingRng(absorb(this.#key, key));
  }

  #source() {
    this.#generator ??= xoroshiro128plusFromState([...this.#key]);
    return this.#generator;
  }
}

/** Folds a fork's key into its parent's 128 bits. Names and numbers are distinguished: fork('1') is not fork(1). */
function absorb(parent: Key, key: number | string): Key {
  let words: number[];
  if (typeof key === 'string') {
    words = [key.length, 1, ...Array.from(key, (character) => character.codePointAt(0)!)];
  } else {
    const bits = new Uint32Array(Float64Array.of(key).buffer);
    words = [bits[0]!, bits[1]!, 2];
  }
  let [a, b, c, d] = parent;
  for (const word of words) {
    a = scramble(a ^ word);
    b = scramble((b + a) | 0);
    c = scramble((c ^ b) | 0);
    d = scramble((d + c) | 0);
    a = (a + d) | 0;
  }
  return a === 0 && b === 0 && c === 0 && d === 0 ? [1, b, c, d] : [a, b, c, d];
}

/** The finalizer of MurmurHash3 (Austin Appleby, public domain): every input bit affects every output bit. */
function scramble(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) | 0;
}
