/// <reference types="@webgpu/types" />
/** Buffers for values within a step. Programs run one after the other, so all of a runtime share them. */
import { type Gpu, USAGE } from './gpu.ts';

export class BufferPool {
  readonly #gpu: Gpu;
  readonly #buffers: GPUBuffer[] = [];
  /** Changes when buffers are replaced. */
  version = 0;

  constructor(gpu: Gpu) {
    this.#gpu = gpu;
  }

  /**
   * Makes room for a program's buffers, of which the largest come first.
   *
   * @throws GpuMemoryError if they do not fit.
   */
  async reserve(bytes: readonly number[]): Promise<void> {
    const small = bytes.flatMap((size, i) => ((this.#buffers[i]?.size ?? 0) < size ? [i] : []));
    if (small.length === 0) return;
    for (const i of small) this.#buffers[i]?.destroy();
    this.version += 1;
    const usage = USAGE.storage | USAGE.copySource;
    try {
      const made = await this.#gpu.buffers(
        small.map((i) => bytes[i]!),
        usage,
      );
      small.forEach((i, k) => {
        this.#buffers[i] = made[k]!;
      });
    } catch (error) {
      // What is left would not match the programs that knew it.
      for (const buffer of this.#buffers.splice(0)) buffer.destroy();
      throw error;
    }
  }

  buffer(index: number): GPUBuffer {
    return this.#buffers[index]!;
  }
}
