/** Depthwise convolutions and their gradients: one small filter for each channel, `[rows, columns, channels, multiplier]`. */
import { size, type Value } from '@simgan/tfjs-trace/graph';
import { declareFinish } from './finish.ts';
import { coordinatesOf } from './indices.ts';
import type { Lowering } from './lowering.ts';
import { SUM, totalOfParts } from './partial.ts';
import { type Place, Shader } from './shader.ts';
import { windowOf } from './window.ts';

type Quad = [number, number, number, number];

export const depthwiseConvolution: Lowering = (scope, label) => {
  const [value] = scope.members as [Value];
  const [x, filter] = value.inputs as [Value, Value];
  const { kernel, strides, dilations, pads } = windowOf(value);
  const [, height, width, channels] = x.shape as Quad;
  const multiplier = filter.shape[3]!;
  const shader = new Shader();
  const [image, weights] = [scope.placeOf(x), scope.placeOf(filter)];
  shader.bind(image, 1);
  shader.bind(weights, 1);
  declareFinish(shader, scope, 1);
  const [n, y, column, c] = coordinatesOf('t', value.shape) as [string, string, string, string];
  return [
    shader.flat(
      label,
      scope.length,
      `  var sum = 0f;
  for (var i = 0; i < ${kernel[0]}; i++) {
    for (var j = 0; j < ${kernel[1]}; j++) {
      let y = i32(${y}) * ${strides[0]} - ${pads[0]} + i * ${dilations[0]};
      let x = i32(${column}) * ${strides[1]} - ${pads[1]} + j * ${dilations[1]};
      if ((y < 0) | (y >= ${height}) | (x < 0) | (x >= ${width})) { continue; }
      let at = ((${n} * ${height}u + u32(y)) * ${width}u + u32(x)) * ${channels}u + ${c} / ${multiplier}u;
      let tap = u32(i * ${kernel[1]} + j) * ${channels * multiplier}u + ${c};
      sum += ${shader.load(image, 'at', 1)} * ${shader.load(weights, 'tap', 1)};
    }
  }
  finish(t, sum);`,
    ),
  ];
};

export const depthwiseInputGradient: Lowering = (scope, label) => {
  const [value] = scope.members as [Value];
  const [dy, filter] = value.inputs as [Value, Value];
  const { kernel, strides, dilations, pads } = windowOf(value);
  const [, outHeight, outWidth, outputs] = dy.shape as Quad;
  const multiplier = filter.shape[3]!;
  const shader = new Shader();
  const [gradient, weights] = [scope.placeOf(dy), scope.placeOf(filter)];
  shader.bind(gradient, 1);
  shader.bind(weights, 1);
  declareFinish(shader, scope, 1);
  const [n, y, column, c] = coordinatesOf('t', value.shape) as [string, string, string, string];
  return [
    shader.flat(
      label,
      scope.length,
      `  var sum = 0f;
  for (var i = 0; i < ${kernel[0]}; i++) {
    for (var j = 0; j < ${kernel[1]}; j++) {
      let y = i32(${y}) + ${pads[0]} - i * ${dilations[0]};
      let x = i32(${column}) + ${pads[1]} - j * ${dilations[1]};
      if ((y < 0) | (y % ${strides[0]} != 0) | (x < 0) | (x % ${strides[1]} != 0)) { continue; }
      let oy = y / ${strides[0]};
      let ox = x / ${strides[1]};
      if ((oy >= ${outHeight}) | (ox >= ${outWidth})) { continue; }
      for (var k = 0u; k < ${multiplier}u; k++) {
        let own = ${c} * ${multiplier}u + k;
        let at = ((${n} * ${outHeight}u + u32(oy)) * ${outWidth}u + u32(ox)) * ${outputs}u + own;
        let tap = u32(i * ${kernel[1]} + j) * ${outputs}u + own;
        sum += ${shader.load(gradient, 'at', 1)} * ${shader.load(weights, 'tap', 1)};
      }
    }
  }
  finish(t, sum);`,
    ),
  ];
};

/** Pixels of dy that are worth an invocation, and the most parts of a sum. */
const FEWEST_PIXELS = 64;
const MOST_PARTS = 256;

export const depthwiseFilterGradient: Lowering = (scope, label) => {
  const [value] = scope.members as [Value];
  const [x, dy] = value.inputs as [Value, Value];
  const { strides, dilations, pads } = windowOf(value);
  const [, height, width, channels] = x.shape as Quad;
  const [, outHeight, outWidth, outputs] = dy.shape as Quad;
  const [, kernelWidth, , multiplier] = value.shape as Quad;
  const pixels = size(dy.shape.slice(0, 3));
  const count = Math.min(Math.ceil(pixels / FEWEST_PIXELS), MOST_PARTS);
  const parts: Place = { dtype: 'float32', length: count * scope.length };
  const shader = new Shader();
  const [image, gradient] = [scope.placeOf(x), scope.placeOf(dy)];
  shader.bind(image, 1);
  shader.bind(gradient, 1);
  shader.bind(parts, 1);
  const sums = shader.flat(
    `${label} parts`,
    parts.length,
    `  let o = t % ${scope.length}u;
  let own = o % ${outputs}u;
  let tap = o / ${outputs}u;
  let top = i32(tap / ${kernelWidth}u) * ${dilations[0]} - ${pads[0]};
  let start = i32(tap % ${kernelWidth}u) * ${dilations[1]} - ${pads[1]};
  var sum = 0f;
  for (var p = t / ${scope.length}u; p < ${pixels}u; p += ${count}u) {
    let place = p % ${outHeight * outWidth}u;
    let y = i32(place / ${outWidth}u) * ${strides[0]} + top;
    let x = i32(place % ${outWidth}u) * ${strides[1]} + start;
    if ((y < 0) | (y >= ${height}) | (x < 0) | (x >= ${width})) { continue; }
    let at = ((p / ${outHeight * outWidth}u * ${height}u + u32(y)) * ${width}u + u32(x)) * ${channels}u + own / ${multiplier}u;
    sum += ${shader.load(image, 'at', 1)} * ${shader.load(gradient, `p * ${outputs}u + own`, 1)};
  }
  ${shader.store(parts, 't', 'sum', 1)}`,
  );
  return [sums, totalOfParts(scope, label, parts, { count, total: SUM })];
};
