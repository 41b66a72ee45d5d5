import * as tf from '@tensorflow/tfjs-core';

/**
 * Gives tfjs's wasm backend the two gradients that training a convolution needs: the filter's, which it
 * lacks, and the input's, which it has only as a slow loop. Both are composed from kernels it runs fast.
 * Registering them twice does nothing.
 */
export function registerWasmConvolutionGradients(): void {
  if (!tf.getKernel('Conv2DBackpropFilter', 'wasm')) {
    tf.registerKernel({
      kernelName: 'Conv2DBackpropFilter',
      backendName: 'wasm',
      kernelFunc: ({ inputs, attrs }) => {
        const { x, dy } = inputs as unknown as { x: tf.Tensor4D; dy: tf.Tensor4D };
        return tf.tidy(() => filterGradient(x, dy, attrs as unknown as FilterGradientAttributes));
      },
    });
  }
  if (!replacedInputGradient) {
    replacedInputGradient = true;
    tf.unregisterKernel('Conv2DBackpropInput', 'wasm');
    tf.registerKernel({
      kernelName: 'Conv2DBackpropInput',
      backendName: 'wasm',
      kernelFunc: ({ inputs, attrs }) => {
        const { dy, filter } = inputs as unknown as { dy: tf.Tensor4D; filter: tf.Tensor4D };
        return tf.tidy(() => inputGradient(dy, filter, attrs as unknown as InputGradientAttributes));
      },
    });
  }
}

let replacedInputGradient = false;

type Shape4D = [number, number, number, number];

interface ConvolutionAttributes {
  strides: number | [number, number];
  pad: 'valid' | 'same' | number | tf.backend_util.ExplicitPadding;
  dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

interface FilterGradientAttributes extends ConvolutionAttributes {
  filterShape: Shape4D;
}

interface InputGradientAttributes extends ConvolutionAttributes {
  inputShape: Shape4D;
}

function geometry(inputShape: Shape4D, filterShape: Shape4D, attributes: ConvolutionAttributes) {
  const { strides, pad, dimRoundingMode } = attributes;
  return tf.backend_util.computeConv2DInfo(inputShape, filterShape, strides, 1, pad, dimRoundingMode);
}

/** For each tap of the filter: the pixels under it, transposed, times dy. (matMul's transposeA has no fast path.) */
function filterGradient(x: tf.Tensor4D, dy: tf.Tensor4D, attributes: FilterGradientAttributes): tf.Tensor {
  const [filterHeight, filterWidth, inputs, filters] = attributes.filterShape;
  const { padInfo, strideHeight, strideWidth, outHeight, outWidth, batchSize } = geometry(
    x.shape,
    attributes.filterShape,
    attributes,
  );
  const padded = tf.pad(x, [
    [0, 0],
    [padInfo.top, padInfo.bottom],
    [padInfo.left, padInfo.right],
    [0, 0],
  ]);
  const positions = batchSize * outHeight * outWidth;
  const outer = tf.reshape(dy, [positions, filters]);
  const taps: tf.Tensor[] = [];
  for (let row = 0; row < filterHeight; row++) {
    for (let column = 0; column < filterWidth; column++) {
      const seen = pixelsUnderTap(padded, row, column, [outHeight, outWidth], [strideHeight, strideWidth]);
      const transposed = tf.transpose(tf.reshape(seen, [positions, inputs]), [1, 0]);
      taps.push(tf.matMul(transposed as tf.Tensor2D, outer as tf.Tensor2D));
    }
  }
  return tf.reshape(tf.stack(taps), attributes.filterShape);
}

function pixelsUnderTap(
  padded: tf.Tensor4D,
  row: number,
  column: number,
  [outHeight, outWidth]: [number, number],
  [strideHeight, strideWidth]: [number, number],
): tf.Tensor {
  const [batch, , , inputs] = padded.shape;
  if (strideHeight === 1 && strideWidth === 1) {
    return tf.slice(padded, [0, row, column, 0], [batch, outHeight, outWidth, inputs]);
  }
  const bottom = row + (outHeight - 1) * strideHeight + 1;
  const right = column + (outWidth - 1) * strideWidth + 1;
  return tf.stridedSlice(
    padded,
    [0, row, column, 0],
    [batch, bottom, right, inputs],
    [1, strideHeight, strideWidth, 1],
  );
}

/**
 * The input's gradient is dy, spread out by the stride, convolved with the filter rotated by 180 degrees and
 * with its inputs and outputs swapped.
 */
function inputGradient(dy: tf.Tensor4D, filter: tf.Tensor4D, attributes: InputGradientAttributes): tf.Tensor {
  const { padInfo, strideHeight, strideWidth, inHeight, inWidth } = geometry(
    attributes.inputShape,
    filter.shape,
    attributes,
  );
  const [filterHeight, filterWidth] = filter.shape;
  const rotated = tf.transpose(tf.reverse(filter, [0, 1]), [0, 1, 3, 2]);
  const top = filterHeight - 1 - padInfo.top;
  const left = filterWidth - 1 - padInfo.left;
  // The rows and columns that the convolution reads beyond the top and left padding to output inHeight x inWidth.
  const height = inHeight + filterHeight - 1 - top;
  const width = inWidth + filterWidth - 1 - left;
  const spread = cropTo(spreadOut(dy, strideHeight, strideWidth), height, width);
  return tf.conv2d(spread, rotated, 1, [
    [0, 0],
    [top, height - spread.shape[1]],
    [left, width - spread.shape[2]],
    [0, 0],
  ]);
}

/** Inserts `strideWidth - 1` zero columns after every column and `strideHeight - 1` zero rows after every row. */
function spreadOut(dy: tf.Tensor4D, strideHeight: number, strideWidth: number): tf.Tensor4D {
  const [batch, height, width, channels] = dy.shape;
  let rows: tf.Tensor2D = tf.reshape(dy, [batch * height * width, channels]);
  rows = tf.pad(rows, [
    [0, 0],
    [0, (strideWidth - 1) * channels],
  ]);
  rows = tf.reshape(rows, [batch * height, width * strideWidth * channels]);
  rows = tf.pad(rows, [
    [0, 0],
    [0, (strideHeight - 1) * width * strideWidth * channels],
  ]);
  return tf.reshape(rows, [batch, height * strideHeight, width * strideWidth, channels]);
}

function cropTo(tensor: tf.Tensor4D, height: number, width: number): tf.Tensor4D {
  const [batch, rows, columns, channels] = tensor.shape;
  if (rows <= height && columns <= width) return tensor;
  return tf.slice(tensor, [0, 0, 0, 0], [batch, Math.min(rows, height), Math.min(columns, width), channels]);
}
