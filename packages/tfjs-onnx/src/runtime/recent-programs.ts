/** The programs of a step by the types of its inputs: a bounded number, those that were used last. */
export class RecentPrograms<Program> {
  readonly #most: number;
  readonly #unload: (program: Program) => Promise<unknown>;
  /** In the order of their last use. */
  readonly #programs = new Map<string, Program>();

  /**
   * @param most - how many are kept.
   * @param unload - frees one that is not kept any more.
   */
  constructor(most: number, unload: (program: Program) => Promise<unknown>) {
    this.#most = most;
    this.#unload = unload;
  }

  get(key: string): Program | undefined {
    return this.#programs.get(key);
  }

  /** Keeps a program, or keeps it longer, and frees the one that was not used for the longest time if it is one too many. */
  async keep(key: string, program: Program): Promise<void> {
    this.#programs.delete(key);
    this.#programs.set(key, program);
    for (const [oldest, old] of this.#programs) {
      if (this.#programs.size <= this.#most) return;
      this.#programs.delete(oldest);
      await this.#unload(old);
    }
  }

  async clear(): Promise<void> {
    const all = [...this.#programs.values()];
    this.#programs.clear();
    for (const program of all) await this.#unload(program);
  }
}
