/** Filters in the layout of ONNX Runtime's blocked kernels. */
import type { Shape } from '@simgan/tfjs-trace/graph';
import type { Lowering } from './lowering.ts';

/**
 * HWIO → `[O/b, I/b, height, width, b(i), b(o)]`, or `[O/b, I, height, width, b(o)]` if the inputs do not fill blocks.
 */
export function blockedFilter(lowering: Lowering, name: string, filter: Shape, isGradient: boolean): string {
  const { block } = lowering.target;
  const [height, width, inputs, outputs] = filter as [number, number, number, number];
  const [from, to] = isGradient ? [outputs, inputs] : [inputs, outputs];
  const isWide = from % block === 0;
  const [splitFrom, splitTo] = [isWide ? [from / block, block] : [from], [to / block, block]];
  const shape = [height, width, ...(isGradient ? [...splitTo, ...splitFrom] : [...splitFrom, ...splitTo])];
  const fromAxis = isGradient ? 4 : 2;
  const toAxis = isGradient ? 2 : 2 + splitFrom.length;
  const perm = [toAxis, fromAxis, 0, 1, ...(isWide ? [fromAxis + 1] : []), toAxis + 1];
  return lowering.reshape(lowering.permute(lowering.reshape(name, shape), shape, perm), [
    to,
    from,
    height,
    width,
  ]);
}
