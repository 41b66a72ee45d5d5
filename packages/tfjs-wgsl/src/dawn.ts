/// <reference types="@webgpu/types" />
/** Dawn, Chromium's WebGPU: the npm package `webgpu`. */
import { StepError } from '@simgan/tfjs-trace/graph';

/** Dawn ends the process if it is collected as garbage. */
let dawn: Promise<GPU> | undefined;

/**
 * @throws StepError if the package does not load.
 */
export function openDawn(): Promise<GPU> {
  dawn ??= load();
  return dawn;
}

async function load(): Promise<GPU> {
  try {
    const { create } = await import('webgpu');
    // Kernels stay within their buffers by themselves, and write workgroup memory before they read it: checks of every
    // access, and zeros at every start, cost speed.
    return create(['enable-dawn-features=disable_robustness,disable_workgroup_init']);
  } catch (error) {
    const [firstLine] = (error as Error).message.split('\n');
    throw new StepError(
      `The npm package webgpu does not load (${firstLine}). Add it with: npm install webgpu. On Linux it needs glibc 2.34.`,
      { cause: error },
    );
  }
}
