/// <reference types="@webgpu/types" />
/** A program on a device: its pipelines, its buffers, and how it runs. */
import type { HostData, HostTensor, Inputs } from '@simgan/tfjs-trace/graph';
import type { Place } from '../kernels/shader.ts';
import type { Program } from '../lower/lower.ts';
import { bytesOf } from '../lower/memory.ts';
import { type Gpu, USAGE } from './gpu.ts';
import type { BufferPool } from './pool.ts';
import { Readback } from './readback.ts';
import type { VariableBuffers } from './variable-buffers.ts';

/** What the programs of a runtime share. */
export interface Shared {
  readonly gpu: Gpu;
  readonly pool: BufferPool;
  readonly variables: VariableBuffers;
}

export class LoadedProgram {
  readonly #program: Program;
  readonly #shared: Shared;
  readonly #pipelines: readonly GPUComputePipeline[];
  readonly #own: ReadonlyMap<Place, GPUBuffer>;
  /** The number by which the store knows a variable of the step. */
  readonly #idOf: (index: number) => number;
  readonly #readback: Readback;
  #groups: { readonly version: number; readonly list: readonly GPUBindGroup[] } | undefined;

  private constructor(
    program: Program,
    shared: Shared,
    parts: {
      readonly pipelines: readonly GPUComputePipeline[];
      readonly own: ReadonlyMap<Place, GPUBuffer>;
      idOf(index: number): number;
    },
  ) {
    this.#program = program;
    this.#shared = shared;
    this.#pipelines = parts.pipelines;
    this.#own = parts.own;
    this.#idOf = parts.idOf;
    this.#readback = new Readback(shared.gpu);
  }

  /**
   * Compiles kernels and allocates buffers of inputs and constants.
   *
   * @throws StepError if the driver cannot compile a kernel; GpuMemoryError if the buffers do not fit.
   */
  static async load(
    program: Program,
    shared: Shared,
    idOf: (index: number) => number,
  ): Promise<LoadedProgram> {
    const { gpu } = shared;
    const pipelines = await Promise.all(program.kernels.map(({ label, code }) => gpu.pipeline(label, code)));
    const own = [...program.origins].filter(([, { kind }]) => kind === 'input' || kind === 'constant');
    const buffers = await gpu.buffers(
      own.map(([place]) => bytesOf(place)),
      USAGE.storage | USAGE.copySource | USAGE.copyTarget,
    );
    own.forEach(([, origin], i) => {
      if (origin.kind === 'constant')
        gpu.device.queue.writeBuffer(buffers[i]!, 0, wordsOf(origin.value.data!));
    });
    return new LoadedProgram(program, shared, {
      pipelines,
      own: new Map(own.map(([place], i) => [place, buffers[i]!])),
      idOf,
    });
  }

  /**
   * Uploads inputs and submits all kernels; does not wait for them. What it returns waits, and reads the outputs.
   */
  async submit(inputs: Inputs): Promise<() => Promise<Record<string, HostTensor>>> {
    const { gpu, pool } = this.#shared;
    const { kernels, origins, outputs, copies, memory } = this.#program;
    gpu.check();
    await pool.reserve(memory.buffers);
    const reading = await this.#readback.prepare(
      outputs.map(({ place }) => ({ buffer: this.#buffer(place), bytes: place.length * 4 })),
    );
    const groups = this.#bindGroups();
    const { queue } = gpu.device;
    for (const [place, origin] of origins) {
      if (origin.kind === 'input')
        queue.writeBuffer(this.#buffer(place), 0, wordsOf(inputs[origin.name]!.data));
    }
    const encoder = gpu.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    kernels.forEach(({ workgroups }, i) => {
      pass.setPipeline(this.#pipelines[i]!);
      pass.setBindGroup(0, groups[i]!);
      pass.dispatchWorkgroups(...workgroups);
    });
    pass.end();
    for (const { from, index } of copies) {
      const target = this.#shared.variables.buffer(this.#idOf(index));
      encoder.copyBufferToBuffer(this.#buffer(from), 0, target, 0, from.length * 4);
    }
    reading.encode(encoder);
    queue.submit([encoder.finish()]);
    return async () => {
      const read = await reading.finish();
      return Object.fromEntries(
        outputs.map(({ name, shape }, i) => [name, { data: new Float32Array(read[i]!), shape }]),
      );
    };
  }

  dispose(): void {
    for (const buffer of this.#own.values()) buffer.destroy();
    this.#readback.dispose();
  }

  #bindGroups(): readonly GPUBindGroup[] {
    const { pool, gpu } = this.#shared;
    if (this.#groups?.version === pool.version) return this.#groups.list;
    const list = this.#program.kernels.map(({ places }, i) =>
      gpu.device.createBindGroup({
        layout: this.#pipelines[i]!.getBindGroupLayout(0),
        entries: places.map((place, binding) => ({
          binding,
          resource: { buffer: this.#buffer(place), size: bytesOf(place) },
        })),
      }),
    );
    this.#groups = { version: pool.version, list };
    return list;
  }

  #buffer(place: Place): GPUBuffer {
    const origin = this.#program.origins.get(place)!;
    switch (origin.kind) {
      case 'variable':
        return this.#shared.variables.buffer(this.#idOf(origin.index));
      case 'planned':
        return this.#shared.pool.buffer(origin.buffer);
      default:
        return this.#own.get(place)!;
    }
  }
}

/** Elements as 32-bit words: indices lose their upper half, and booleans are 0 and 1. */
function wordsOf(
  data: HostData['data'] | BigInt64Array | Uint8Array,
): Float32Array<ArrayBuffer> | Int32Array<ArrayBuffer> {
  if (data instanceof BigInt64Array) return Int32Array.from(data, Number);
  if (data instanceof Uint8Array) return Int32Array.from(data);
  return data as Float32Array<ArrayBuffer>;
}
