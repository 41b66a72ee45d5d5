/** Detects at startup which devices and memory layouts ONNX Runtime supports on this machine. */
import { existsSync } from 'node:fs';
import { isFaster, trialDifference } from '@simgan/tfjs-trace/graph';
import { NCHWC } from '../lower/lowering.ts';
import { OnnxModel } from '../onnx/model.ts';
import { loadOnnxruntime } from './load-onnxruntime.ts';
import type { Facts, OpenOptions } from './protocol.ts';
import { sessionOptions } from './session-options.ts';
import { tryDevice } from './try-device.ts';

const ort = await loadOnnxruntime();

/** Debian's names; others have them too. The loader alone finds no NVIDIA driver, whose libraries need those of GLVND. */
const LINUX_PACKAGES =
  'On Linux, install libvulkan1 and, for NVIDIA, also libegl1 libglvnd0 libopengl0 libgl1 libglx0 libgles2, and check the output of vulkaninfo.';

export async function probe({ device, layout, threads }: OpenOptions): Promise<Facts> {
  if (device === 'gpu' || device === 'cuda') {
    const trial = await tryDevice(device, { threads, block: 0 });
    if (!('error' in trial)) return { device, block: 0 };
    const hint =
      device === 'gpu'
        ? `It needs a Vulkan, Metal or Direct3D 12 driver. ${LINUX_PACKAGES}`
        : 'It needs the CUDA build of onnxruntime-node and CUDA 12 with cuDNN 9.';
    throw new Error(
      `ONNX Runtime cannot use the device ${device}: ${trial.error}. ${hint} The device cpu always works.`,
    );
  }
  const block = layout === 'standard' ? 0 : await blockSize(threads);
  const noGpu = device === 'auto' ? await reasonAgainstGpu(threads, block) : undefined;
  if (device === 'auto' && !noGpu) return { device: 'gpu', block: 0 };
  return { device: 'cpu', block, ...(noGpu && { noGpu }) };
}

/**
 * Whether trying the WebGPU provider makes sense: on Linux, only if the kernel exposes a GPU or the user names a Vulkan
 * driver, as a failed attempt prints warnings that cannot be turned off.
 */
function mayHaveGpu(): boolean {
  const named = ['VK_DRIVER_FILES', 'VK_ICD_FILENAMES', 'VK_ADD_DRIVER_FILES'].some(
    (name) => process.env[name],
  );
  const devices = ['/dev/dri', '/dev/nvidiactl', '/dev/dxg'];
  return process.platform !== 'linux' || named || devices.some((device) => existsSync(device));
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
  const difference = trialDifference(gpu.values, cpu.values);
  if (!(difference <= 1e-4)) return `its results differ from the CPU's by ${difference}`;
  return isFaster(gpu, cpu)
    ? undefined
    : `a step of training takes ${gpu.ms.toFixed(1)} ms on it, and on the CPU ${cpu.size > gpu.size ? 'a larger one ' : ''}${cpu.ms.toFixed(1)} ms`;
}

/**
 * Channels per block of ONNX Runtime's internal NCHWc layout: 16 with AVX-512, 8 with AVX2, 0 if it is not available.
 * It is undocumented and therefore measured: in the reordered image, the second pixel of the first channel has index
 * `block`.
 */
export async function blockSize(threads: number): Promise<number> {
  const shape = [1, 32, 1, 2];
  const model = new OnnxModel();
  const x = model.input('x', 'float32', shape);
  model.output('y', model.node('ReorderInput', [x], {}, NCHWC), 'float32', shape);
  try {
    const session = await ort.InferenceSession.create(model.serialize(), sessionOptions('cpu', threads));
    try {
      const data = Float32Array.from({ length: 64 }, (_, i) => i);
      const { y } = await session.run({ x: new ort.Tensor('float32', data, shape) });
      const block = (y!.data as Float32Array).indexOf(1);
      return block === 8 || block === 16 ? block : 0;
    } finally {
      await session.release();
    }
  } catch {
    return 0;
  }
}
