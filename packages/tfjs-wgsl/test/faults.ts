/// <reference types="@webgpu/types" />
/** A GPU that fails on purpose, at the boundary of WebGPU: everything else is a real device of Dawn. */
import { openDawn } from '../src/dawn.ts';

export interface Faults {
  /** What the adapter calls itself. */
  readonly name?: string;
  /** What the driver makes of a kernel's code. */
  readonly shader?: (code: string, label: string) => string;
  /** Bytes of all buffers, beyond which there is no memory. */
  readonly memory?: number;
  /** Told of the device when it is made. */
  readonly onDevice?: (device: GPUDevice) => void;
}

export async function withFaults({ name, shader, memory, onDevice }: Faults): Promise<GPU> {
  const dawn = await openDawn();
  return {
    async requestAdapter() {
      const adapter = (await dawn.requestAdapter())!;
      return {
        info: name ? { description: name, isFallbackAdapter: false } : adapter.info,
        limits: adapter.limits,
        requestDevice: async (descriptor: GPUDeviceDescriptor) => {
          const device = await adapter.requestDevice(descriptor);
          onDevice?.(device);
          if (shader) spoilShaders(device, shader);
          if (memory !== undefined) limitMemory(device, memory);
          return device;
        },
      };
    },
  } as unknown as GPU;
}

function spoilShaders(device: GPUDevice, shader: NonNullable<Faults['shader']>): void {
  const create = device.createShaderModule.bind(device);
  device.createShaderModule = (descriptor) =>
    create({ ...descriptor, code: shader(descriptor.code, descriptor.label ?? '') });
}

/** Reports what a driver without memory reports, and gives buffers anyway. */
function limitMemory(device: GPUDevice, memory: number): void {
  let [used, isFull] = [0, false];
  const create = device.createBuffer.bind(device);
  const push = device.pushErrorScope.bind(device);
  const pop = device.popErrorScope.bind(device);
  const scopes: GPUErrorFilter[] = [];
  device.pushErrorScope = (filter) => {
    scopes.push(filter);
    return push(filter);
  };
  device.createBuffer = (descriptor) => {
    const buffer = create(descriptor);
    used += descriptor.size;
    isFull ||= used > memory;
    const destroy = buffer.destroy.bind(buffer);
    buffer.destroy = () => {
      used -= descriptor.size;
      return destroy();
    };
    return buffer;
  };
  device.popErrorScope = async () => {
    const isOfMemory = scopes.pop() === 'out-of-memory';
    const wasFull = isOfMemory && isFull;
    if (isOfMemory) isFull = false;
    const error = await pop();
    return wasFull ? ({ message: 'Out of memory.' } as GPUError) : error;
  };
}
