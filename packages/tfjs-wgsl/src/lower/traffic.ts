/** What a program does in one run, counted without running it. */
import { size, type Value } from '@simgan/tfjs-trace/graph';
import type { Program } from './lower.ts';
import { bytesOf } from './memory.ts';

export interface Traffic {
  readonly kernels: number;
  /** Multiplications and additions of convolutions and matrix products. */
  readonly operations: number;
  /** Bytes of the buffers between kernels. */
  readonly buffers: number;
  /** Bytes that kernels read and write, each buffer once for each kernel, whatever a cache saves or repeats. */
  readonly read: number;
  readonly written: number;
  /** Bytes of inputs, and of outputs. */
  readonly sent: number;
  readonly readBack: number;
}

export function programTraffic({ kernels, memory, origins, outputs, products }: Program): Traffic {
  let [read, written] = [0, 0];
  for (const kernel of kernels) {
    for (const place of kernel.places) {
      if (kernel.written.has(place)) written += bytesOf(place);
      if (!kernel.written.has(place) || kernel.readsWritten.has(place)) read += bytesOf(place);
    }
  }
  const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);
  return {
    kernels: kernels.length,
    operations: sum(products.map(operationsOf)),
    buffers: sum(memory.buffers),
    read,
    written,
    sent: sum([...origins].flatMap(([{ length }, { kind }]) => (kind === 'input' ? [4 * length] : []))),
    readBack: sum(outputs.map(({ place }) => 4 * place.length)),
  };
}

/** Operators that multiply, and the length of the sum behind each element of their results. */
function operationsOf({ op, inputs, shape }: Value): number {
  const [a, b] = inputs as [Value, Value];
  switch (op) {
    case 'Conv2D':
      return 2 * size(shape) * size(b.shape.slice(0, 3));
    case 'Conv2DInputGradient':
      return 2 * size(a.shape) * size([...b.shape.slice(0, 2), shape[3]!]);
    case 'Conv2DFilterGradient':
      return 2 * size(shape) * size(b.shape.slice(0, 3));
    case 'MatMul':
      return 2 * size(shape) * a.shape.at(-1)!;
    default:
      return 0;
  }
}
