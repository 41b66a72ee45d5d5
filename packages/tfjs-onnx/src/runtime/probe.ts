/** Detects at startup which devices and memory layouts ONNX Runtime supports on this machine. */
import { existsSync } from 'node:fs';
import { NCHWC } from '../lower/lowering.ts';
import { OnnxModel } from '../onnx/model.ts';
import { loadOnnxruntime } from './load-onnxruntime.ts';
import type { Facts, OpenOptions } from './protocol.ts';
import { sessionOptions } from './session-options.ts';

const ort = await loadOnnxruntime();

export async function probe({ device, layout, threads }: OpenOptions): Promise<Facts> {
  if (device === 'gpu' || device === 'cuda') {
    const trial = await tryProvider(device, threads);
    if (!('error' in trial)) return { device, block: 0 };
    const hint =
      device === 'gpu'
        ? 'It needs a Vulkan, Metal or Direct3D 12 driver; on Linux, check the output of vulkaninfo.'
        : 'It needs the CUDA build of onnxruntime-node and CUDA 12 with cuDNN 9.';
    throw new Error(
      `ONNX Runtime cannot use the device ${device}: ${trial.error}. ${hint} The device cpu always works.`,
    );
  }
  const noGpu = device === 'auto' ? await reasonAgainstGpu(threads) : undefined;
  if (device === 'auto' && !noGpu) return { device: 'gpu', block: 0 };
  const block = layout === 'standard' ? 0 : await blockSize(threads);
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
 * Why no GPU is used; `undefined` if one agrees with the CPU to 1e-4 and is faster, which excludes software drivers.
 */
async function reasonAgainstGpu(threads: number): Promise<string | undefined> {
  if (!mayHaveGpu()) return 'the operating system reports none';
  const gpu = await tryProvider('gpu', threads);
  if ('error' in gpu) return gpu.error;
  const cpu = await tryProvider('cpu', threads);
  if ('error' in cpu) return cpu.error;
  const difference = gpu.output.reduce(
    (most, value, i) => Math.max(most, Math.abs(value - cpu.output[i]!)),
    0,
  );
  if (!(difference <= 1e-4)) return `its results differ from the CPU's by ${difference}`;
  return gpu.ms < cpu.ms ? undefined : `it takes ${(gpu.ms / cpu.ms).toFixed(1)} times as long as the CPU`;
}

type Trial = { readonly output: Float32Array; readonly ms: number } | { readonly error: string };

/**
 * Runs four convolutions of 64 channels on 64×64 pixels: their result, and the shorter time of two runs after a first.
 */
async function tryProvider(device: Facts['device'], threads: number): Promise<Trial> {
  const [channels, side] = [64, 64];
  const numbers = (length: number) => Float32Array.from({ length }, (_, i) => Math.sin(i * 12.9898));
  const model = new OnnxModel();
  const shape = [1, channels, side, side];
  const weights = model.float32(
    numbers(channels * channels * 9).map((value) => value / 24),
    [channels, channels, 3, 3],
  );
  let y = model.input('x', 'float32', shape);
  for (let i = 0; i < 4; i++)
    y = model.node('Tanh', [model.node('Conv', [y, weights], { pads: [1, 1, 1, 1] })]);
  model.output('y', y, 'float32', shape);
  try {
    const session = await ort.InferenceSession.create(model.serialize(), sessionOptions(device, threads));
    try {
      const x = new ort.Tensor('float32', numbers(channels * side * side), shape);
      let output: Float32Array = new Float32Array();
      let ms = Number.POSITIVE_INFINITY;
      for (let run = 0; run < 3; run++) {
        const start = performance.now();
        output = (await session.run({ x })).y!.data as Float32Array;
        if (run > 0) ms = Math.min(ms, performance.now() - start);
      }
      return { output, ms };
    } finally {
      await session.release();
    }
  } catch (error) {
    return { error: (error as Error).message.split('\n')[0]! };
  }
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
