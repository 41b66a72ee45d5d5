/// <reference types="@webgpu/types" />
/** Copies buffers from the GPU. Several reads may be on their way at once. */
import { type Gpu, USAGE } from './gpu.ts';

export interface Wanted {
  readonly buffer: GPUBuffer;
  readonly bytes: number;
}

export class Readback {
  readonly #gpu: Gpu;
  /** Buffers that no read uses. */
  readonly #idle: GPUBuffer[] = [];

  constructor(gpu: Gpu) {
    this.#gpu = gpu;
  }

  /** The contents that the buffers have when all that was submitted before is done. */
  async read(wanted: readonly Wanted[]): Promise<ArrayBuffer[]> {
    const reading = await this.prepare(wanted);
    const encoder = this.#gpu.device.createCommandEncoder();
    reading.encode(encoder);
    this.#gpu.device.queue.submit([encoder.finish()]);
    return reading.finish();
  }

  /** A read whose copies are encoded by the caller, after the kernels that it waits for. */
  async prepare(
    wanted: readonly Wanted[],
  ): Promise<{ encode(encoder: GPUCommandEncoder): void; finish(): Promise<ArrayBuffer[]> }> {
    const starts = [0];
    for (const { bytes } of wanted) starts.push(starts.at(-1)! + Math.ceil(bytes / 4) * 4);
    const total = starts.at(-1)!;
    const staging = await this.#take(total);
    return {
      encode(encoder) {
        wanted.forEach(({ buffer, bytes }, i) => {
          if (bytes > 0) encoder.copyBufferToBuffer(buffer, 0, staging, starts[i]!, bytes);
        });
      },
      finish: async () => {
        await this.#gpu.whileHere(staging.mapAsync(USAGE.mapRead, 0, Math.max(total, 4)));
        const mapped = staging.getMappedRange(0, Math.max(total, 4));
        const copies = wanted.map(({ bytes }, i) => mapped.slice(starts[i]!, starts[i]! + bytes));
        staging.unmap();
        this.#idle.push(staging);
        return copies;
      },
    };
  }

  /** Frees what no read uses. */
  dispose(): void {
    for (const buffer of this.#idle.splice(0)) buffer.destroy();
  }

  async #take(bytes: number): Promise<GPUBuffer> {
    const at = this.#idle.findIndex(({ size }) => size >= bytes);
    if (at >= 0) return this.#idle.splice(at, 1)[0]!;
    const [made] = await this.#gpu.buffers([bytes], USAGE.mapRead | USAGE.copyTarget);
    return made!;
  }
}
