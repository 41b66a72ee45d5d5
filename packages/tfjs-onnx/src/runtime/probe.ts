/** Detects at startup which devices and memory layouts ONNX Runtime supports on this machine. */
import { isFaster, trialDifference } from '@simgan/tfjs-trace/graph';
import { blockSize } from './block-size.ts';
import { ONNXRUNTIME_VERSION } from './load-onnxruntime.ts';
import { mayHaveGpu } from './may-have-gpu.ts';
import type { Facts, OpenOptions } from './protocol.ts';
import { tryDevice } from './try-device.ts';

const AGREEMENT = 1e-4;

/** Debian's names; others have them too. The loader alone finds no NVIDIA driver, whose libraries need those of GLVND. */
const LINUX_PACKAGES =
  'On Linux, install libvulkan1 and, for NVIDIA, also libegl1 libglvnd0 libopengl0 libgl1 libglx0 libgles2, and check the output of vulkaninfo.';

export async function probe({ device, layout, threads }: OpenOptions): Promise<Facts> {
  if (device === 'gpu' || device === 'cuda') {
    const trial = await tryDevice(device, { threads, block: 0, sizes: 1 });
    const problem = 'error' in trial ? trial.error : await disagreement(trial, threads);
    if (!problem) return { device, block: 0 };
    const hint =
      device === 'gpu'
        ? `It needs a Vulkan, Metal or Direct3D 12 driver. ${LINUX_PACKAGES}`
        : `It needs the package onnxruntime-node@${ONNXRUNTIME_VERSION}, whose install script adds CUDA, and CUDA 12 with cuDNN 9.`;
    throw new Error(
      `ONNX Runtime cannot use the device ${device}: ${problem}. ${hint} The device cpu always works.`,
    );
  }
  const block = layout === 'standard' ? 0 : await blockSize(threads);
  const noGpu = device === 'auto' ? await reasonAgainstGpu(threads, block) : undefined;
  if (device === 'auto' && !noGpu) return { device: 'gpu', block: 0 };
  return { device: 'cpu', block, ...(noGpu && { noGpu }) };
}

/**
 * Why no GPU is used; `undefined` if one agrees with the CPU to 1e-4 and trains faster, which excludes software drivers.
 */
async function reasonAgainstGpu(threads: number, block: number): Promise<string | undefined> {
  if (!mayHaveGpu()) return 'the operating system reports none';
  const gpu = await tryDevice('gpu', { threads, block: 0 });
  if ('error' in gpu) return gpu.error;
  const cpu = await tryDevice('cpu', { threads, block });
  if ('error' in cpu) return cpu.error;
  const problem = differenceProblem(gpu.values, cpu.values);
  if (problem) return problem;
  return isFaster(gpu, cpu)
    ? undefined
    : `a step of training takes ${gpu.ms.toFixed(1)} ms on it, and on the CPU ${cpu.size > gpu.size ? 'a larger one ' : ''}${cpu.ms.toFixed(1)} ms`;
}

/** What a device computes otherwise than the CPU; `undefined` if nothing, or if the CPU cannot be asked. */
async function disagreement(
  { values }: { readonly values: Float32Array },
  threads: number,
): Promise<string | undefined> {
  const cpu = await tryDevice('cpu', { threads, sizes: 1 });
  return 'error' in cpu ? undefined : differenceProblem(values, cpu.values);
}

/** Why results are not to be trusted; `undefined` if they agree to 1e-4. */
export function differenceProblem(values: Float32Array, expected: Float32Array): string | undefined {
  const difference = trialDifference(values, expected);
  return difference <= AGREEMENT ? undefined : `its results differ from the CPU's by ${difference}`;
}
