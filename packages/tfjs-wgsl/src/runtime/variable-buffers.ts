/// <reference types="@webgpu/types" />
/** The variables of all programs, on the GPU. */

import type { VariableStore } from '@simgan/tfjs-trace';
import { type HostData, size } from '@simgan/tfjs-trace/graph';
import { type Gpu, USAGE } from './gpu.ts';
import { Readback } from './readback.ts';

interface Held {
  readonly buffer: GPUBuffer;
  readonly shape: readonly number[];
  readonly type: 'float32' | 'int32';
}

export class VariableBuffers implements VariableStore {
  readonly #gpu: Gpu;
  readonly #held = new Map<number, Held>();
  readonly #readback: Readback;

  constructor(gpu: Gpu) {
    this.#gpu = gpu;
    this.#readback = new Readback(gpu);
  }

  /** The buffer of a variable that was written before. */
  buffer(id: number): GPUBuffer {
    return this.#held.get(id)!.buffer;
  }

  async write(values: ReadonlyMap<number, HostData>): Promise<void> {
    const fresh = [...values].filter(([id]) => !this.#held.has(id));
    const usage = USAGE.storage | USAGE.copySource | USAGE.copyTarget;
    const buffers = await this.#gpu.buffers(
      fresh.map(([, { shape }]) => Math.ceil(size(shape) / 4) * 16),
      usage,
    );
    fresh.forEach(([id, { data, shape }], i) => {
      const type = data instanceof Int32Array ? 'int32' : 'float32';
      this.#held.set(id, { buffer: buffers[i]!, shape, type });
    });
    for (const [id, { data }] of values) {
      this.#gpu.device.queue.writeBuffer(this.buffer(id), 0, data as Float32Array<ArrayBuffer>);
    }
  }

  async read(ids: readonly number[]): Promise<Map<number, HostData>> {
    const held = ids.map((id) => this.#held.get(id)!);
    const bytes = await this.#readback.read(
      held.map(({ buffer, shape }) => ({ buffer, bytes: size(shape) * 4 })),
    );
    return new Map(
      ids.map((id, i) => {
        const { shape, type } = held[i]!;
        const data = type === 'int32' ? new Int32Array(bytes[i]!) : new Float32Array(bytes[i]!);
        return [id, { data, shape }];
      }),
    );
  }
}
