/** A fixed number of places to work in. Who finds none free waits in line. */
export class Slots {
  readonly #free: number[];
  readonly #waiting: ((slot: number) => void)[] = [];

  constructor(count: number) {
    this.#free = Array.from({ length: count }, (_, slot) => slot);
  }

  /** Does some work in a slot that no other work is done in meanwhile. */
  async use<Result>(work: (slot: number) => Promise<Result>): Promise<Result> {
    const slot = this.#free.shift() ?? (await new Promise<number>((resolve) => this.#waiting.push(resolve)));
    try {
      return await work(slot);
    } finally {
      const next = this.#waiting.shift();
      if (next) next(slot);
      else this.#free.unshift(slot);
    }
  }
}
