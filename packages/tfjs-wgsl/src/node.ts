/// <reference types="@webgpu/types" />
/** @file WebGPU in Node, with the npm package `webgpu`, which is optional. */
import { StepError } from '@simgan/tfjs-trace/graph';
import { openDawn } from './dawn.ts';
import { createWgslRuntime, type WgslRuntime, type WgslRuntimeOptions } from './runtime/runtime.ts';

/**
 * Opens a GPU in Node.
 *
 * @throws StepError if the package webgpu does not load, or if there is no GPU that it can use.
 * @example
 * ```ts no-run
 * const runtime = await createDawnRuntime();
 * console.log(runtime.name);
 * await runtime.dispose();
 * ```
 */
export async function createDawnRuntime(options: Omit<WgslRuntimeOptions, 'gpu'> = {}): Promise<WgslRuntime> {
  const gpu = await openDawn();
  try {
    return await createWgslRuntime({ ...options, gpu });
  } catch (error) {
    throw new StepError(`${(error as Error).message} ${LINUX_PACKAGES}`, { cause: error });
  }
}

/** Debian's names; others have them too. The loader alone finds no NVIDIA driver, whose libraries need those of GLVND. */
const LINUX_PACKAGES =
  'It needs a Vulkan, Metal or Direct3D 12 driver. On Linux, install libvulkan1 and, for NVIDIA, also libegl1 libglvnd0 libopengl0 libgl1 libglx0 libgles2, and check the output of vulkaninfo.';
