/** Tensors of ONNX Runtime in host memory. */
import type { Tensor } from '@simgan/onnxruntime';
import { type HostData, size } from '@simgan/tfjs-trace/graph';
import { loadOnnxruntime } from './load-onnxruntime.ts';

const ort = await loadOnnxruntime();

/** A tensor of an array's own memory. */
export const tensor = ({ data, shape }: HostData): Tensor =>
  data instanceof Int32Array ? new ort.Tensor('int32', data, shape) : new ort.Tensor('float32', data, shape);

export function empty(type: string, shape: readonly number[]): Tensor {
  const data = type === 'int32' ? new Int32Array(size(shape)) : new Float32Array(size(shape));
  return tensor({ data, shape });
}
