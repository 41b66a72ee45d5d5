import { NCHWC } from '../lower/lowering.ts';
import { OnnxModel } from '../onnx/model.ts';
import { loadOnnxruntime } from './load-onnxruntime.ts';
import { sessionOptions } from './session-options.ts';

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
    const ort = await loadOnnxruntime();
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
