import type { DataType } from '@tensorflow/tfjs-core';
import type { ElementType } from './graph/element.ts';
import { StepError } from './graph/errors.ts';
import { atUserCode } from './location.ts';

/** The ONNX element type of a TensorFlow.js dtype. */
export function elementType(dtype: DataType): ElementType {
  if (dtype === 'float32' || dtype === 'int32' || dtype === 'bool') return dtype;
  throw new StepError(
    `Tensors of dtype ${dtype} cannot be compiled${atUserCode()}. Use float32, int32 or bool.`,
  );
}
