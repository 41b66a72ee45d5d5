/// <reference types="@webgpu/types" />
/** @file Dawn, Chromium's WebGPU, in Node: the npm package `webgpu`, which is optional. */
import { StepError } from '@simgan/tfjs-trace/graph';
import { createWgslRuntime, type WgslRuntime } from './runtime/runtime.ts';

/** Dawn ends the process if it is collected as garbage. */
let dawn: Promise<GPU> | undefined;

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
export async function createDawnRuntime(): Promise<WgslRuntime> {
  dawn ??= loadDawn();
  const gpu = await dawn;
  try {
    return await createWgslRuntime({ gpu });
  } catch (error) {
    throw new StepError(`${(error as Error).message} ${LINUX_PACKAGES}`, { cause: error });
  }
}

/** Debian's names; others have them too. The loader alone finds no NVIDIA driver, whose libraries need those of GLVND. */
const LINUX_PACKAGES =
  'It needs a Vulkan, Metal or Direct3D 12 driver. On Linux, install libvulkan1 and, for NVIDIA, also libegl1 libglvnd0 libopengl0 libgl1 libglx0 libgles2, and check the output of vulkaninfo.';

async function loadDawn(): Promise<GPU> {
  try {
    const { create } = await import('webgpu');
    // Kernels stay within their buffers by themselves; checks of every access cost speed.
    return create(['enable-dawn-features=disable_robustness']);
  } catch (error) {
    const [firstLine] = (error as Error).message.split('\n');
    throw new StepError(
      `The npm package webgpu does not load (${firstLine}). Add it with: npm install webgpu. On Linux it needs glibc 2.34.`,
      { cause: error },
    );
  }
}
