/// <reference types="@webgpu/types" />
/** A device of WebGPU: what it allows, its compiled kernels, and what is said when it fails. */
import { StepError } from '@simgan/tfjs-trace/graph';
import { GpuMemoryError } from '../lower/gpu-memory-error.ts';
import type { Limits } from '../lower/lower.ts';

/** Flags of buffers; browsers have them as globals, Dawn in Node does not. */
export const USAGE = { mapRead: 0x1, copySource: 0x4, copyTarget: 0x8, storage: 0x80 } as const;

/** More buffers in a kernel would not make it faster. */
const MOST_BUFFERS = 16;

export class Gpu {
  readonly device: GPUDevice;
  /** The name that the driver gives. */
  readonly name: string;
  /** Whether it is a driver that computes on the processor. */
  readonly isSoftware: boolean;
  readonly limits: Limits;
  readonly #pipelines = new Map<string, Promise<GPUComputePipeline>>();
  #lost: string | undefined;

  private constructor(device: GPUDevice, info: GPUAdapterInfo) {
    this.device = device;
    // Browsers tell no more than vendor and architecture.
    this.name = info.description || `${info.vendor} ${info.architecture}`.trim() || 'an unnamed GPU';
    this.isSoftware = info.isFallbackAdapter || /swiftshader|llvmpipe|lavapipe/i.test(this.name);
    this.limits = {
      buffers: device.limits.maxStorageBuffersPerShaderStage,
      bytes: Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize),
    };
    void device.lost.then(({ reason, message }) => {
      this.#lost = message || reason || 'no reason given';
    });
  }

  /**
   * @throws StepError if there is no adapter or it gives no device.
   */
  static async open(source: GPU): Promise<Gpu> {
    const adapter = await source.requestAdapter({ powerPreference: 'high-performance' }).catch(() => null);
    if (!adapter) throw new StepError('There is no GPU that WebGPU can use: no adapter was found.');
    const { limits } = adapter;
    const device = await adapter
      .requestDevice({
        requiredLimits: {
          maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
          maxBufferSize: limits.maxBufferSize,
          maxStorageBuffersPerShaderStage: Math.min(limits.maxStorageBuffersPerShaderStage, MOST_BUFFERS),
        },
      })
      .catch((error: Error) => {
        throw new StepError(`The GPU ${adapter.info.description} gives no device: ${firstLine(error)}.`, {
          cause: error,
        });
      });
    return new Gpu(device, adapter.info);
  }

  /** @throws StepError if the device was lost. */
  check(): void {
    if (this.#lost === undefined) return;
    throw new StepError(
      `The GPU was lost (${this.#lost}), and with it all values of variables that were not read before: ${this.name}. Resume from the last checkpoint, or run on the CPU.`,
    );
  }

  /** What `work` resolves to, or a sentence about the device if that was lost meanwhile. */
  async whileHere<Result>(work: Promise<Result>): Promise<Result> {
    try {
      return await work;
    } catch (error) {
      // The loss is reported after the work that it broke.
      await Promise.race([this.device.lost, new Promise((resolve) => setTimeout(resolve, 100))]);
      this.check();
      throw error;
    }
  }

  /**
   * @throws StepError if the driver cannot compile the kernel.
   */
  pipeline(label: string, code: string): Promise<GPUComputePipeline> {
    const known = this.#pipelines.get(code);
    if (known) return known;
    const made = this.#compile(label, code);
    this.#pipelines.set(code, made);
    return made;
  }

  /**
   * @throws GpuMemoryError if it does not fit.
   */
  async buffers(bytes: readonly number[], usage: number): Promise<GPUBuffer[]> {
    this.check();
    this.device.pushErrorScope('out-of-memory');
    const made = bytes.map((size) => this.device.createBuffer({ size: Math.max(size, 16), usage }));
    const failure = await this.device.popErrorScope();
    if (!failure) return made;
    for (const buffer of made) buffer.destroy();
    const total = Math.ceil(bytes.reduce((sum, size) => sum + size, 0) / 2 ** 20);
    throw new GpuMemoryError(
      `The memory of the GPU does not suffice: ${total} MB more are needed (${this.name}). Use a smaller batch, or smaller pictures.`,
    );
  }

  async #compile(label: string, code: string): Promise<GPUComputePipeline> {
    // Said in a sentence below; without a scope it would be printed too.
    this.device.pushErrorScope('validation');
    const module = this.device.createShaderModule({ label, code });
    await this.device.popErrorScope();
    try {
      return await this.device.createComputePipelineAsync({ label, layout: 'auto', compute: { module } });
    } catch (error) {
      this.check();
      const { messages } = await module.getCompilationInfo();
      const said = messages.map(({ lineNum, message }) => `line ${lineNum}: ${message}`);
      throw new StepError(
        `The driver of the GPU cannot compile the kernel "${label}" (${this.name}): ${said[0] ?? firstLine(error as Error)} Run on another device, and report this driver.`,
        { cause: error },
      );
    }
  }
}

const firstLine = (error: Error) => error.message.split('\n')[0]!;
