/** Finds out at start-up what this copy of ONNX Runtime can do on this machine. */
import * as ort from 'onnxruntime-node';
import { NCHWC } from '../lower/lowering.ts';
import { OnnxModel } from '../onnx/model.ts';
import type { Facts, OpenOptions } from './protocol.ts';
import { sessionOptions } from './session-options.ts';

export async function probe({ device, layout, threads }: OpenOptions): Promise<Facts> {
  if (device === 'gpu' || device === 'cuda') return { device, block: 0 };
  return { device: 'cpu', block: layout === 'standard' ? 0 : await blockSize(threads) };
}

/**
 * Channels per block of ONNX Runtime's internal NCHWc layout: 16 with AVX512, 8 with AVX2, 0 where there is none.
 * Undocumented, hence measured: reordering two pixels of 32 channels puts the second channel of a block at index 1
 * and the second pixel at index `block`.
 */
export async function blockSize(threads: number): Promise<number> {
  const [channels, pixels] = [32, 2];
  const model = new OnnxModel();
  const x = model.input('x', 'float32', [1, channels, 1, pixels]);
  model.output('y', model.node('ReorderInput', [x], {}, NCHWC), 'float32', [1, channels, 1, pixels]);
  try {
    const session = await ort.InferenceSession.create(model.serialize(), sessionOptions('cpu', threads));
    try {
      const data = Float32Array.from({ length: channels * pixels }, (_, i) => i);
      const { y } = await session.run({ x: new ort.Tensor('float32', data, [1, channels, 1, pixels]) });
      const block = (y!.data as Float32Array).indexOf(1); // x[0, 0, 0, 1]: the second pixel of the first channel
      return block === 8 || block === 16 ? block : 0;
    } finally {
      await session.release();
    }
  } catch {
    return 0;
  }
}
