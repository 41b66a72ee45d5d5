/** Pooling of image batches, and the gradient of max pooling. */
import type { Value } from '@simgan/tfjs-trace/graph';
import { declareFinish } from './finish.ts';
import { coordinatesOf } from './indices.ts';
import type { Lowering } from './lowering.ts';
import { Shader } from './shader.ts';
import { computeType } from './types.ts';
import { windowOf } from './window.ts';

type Quad = [number, number, number, number];

/** `MaxPool2D` and `AveragePool2D`; an average is over the pixels within the image. */
export const pooling: Lowering = (scope, label) => {
  const [value] = scope.members as [Value];
  const [x] = value.inputs as [Value];
  const { kernel, strides, pads } = windowOf(value);
  const [, height, width, channels] = x.shape as Quad;
  const isMax = value.op === 'MaxPool2D';
  const lanes = channels % 4 === 0 ? 4 : 1;
  const shader = new Shader();
  const place = scope.placeOf(x);
  shader.bind(place, lanes);
  declareFinish(shader, scope, lanes);
  const [n, y, column, c] = coordinatesOf('e', value.shape) as [string, string, string, string];
  const type = computeType('float32', lanes);
  return [
    shader.flat(
      label,
      scope.length / lanes,
      `  let e = t * ${lanes}u;
  let top = i32(${y}) * ${strides[0]} - ${pads[0]};
  let start = i32(${column}) * ${strides[1]} - ${pads[1]};
  var total = ${type}(${isMax ? '-3.4028234663852886e38f' : '0f'});
  var count = 0f;
  for (var i = max(top, 0); i < min(top + ${kernel[0]}, ${height}); i++) {
    for (var j = max(start, 0); j < min(start + ${kernel[1]}, ${width}); j++) {
      let at = ((${n} * ${height}u + u32(i)) * ${width}u + u32(j)) * ${channels}u + ${c};
      let pixel = ${shader.load(place, 'at', lanes)};
      total = ${isMax ? 'max(total, pixel)' : 'total + pixel'};
      count += 1f;
    }
  }
  finish(e, ${isMax ? 'total' : 'total / count'});`,
    ),
  ];
};

/** `MaxPool2DGradient`: dy goes to the first largest pixel of its window, in row-major order. */
export const maxPoolGradient: Lowering = (scope, label) => {
  const [value] = scope.members as [Value];
  const [dy, x] = value.inputs as [Value, Value];
  const { kernel, strides, pads } = windowOf(value);
  const [, height, width, channels] = x.shape as Quad;
  const [, outHeight, outWidth] = dy.shape as Quad;
  const lanes = channels % 4 === 0 ? 4 : 1;
  const shader = new Shader();
  const [image, gradient] = [scope.placeOf(x), scope.placeOf(dy)];
  shader.bind(image, lanes);
  shader.bind(gradient, lanes);
  declareFinish(shader, scope, lanes);
  const [n, y, column, c] = coordinatesOf('e', value.shape) as [string, string, string, string];
  const type = computeType('float32', lanes);
  const flags = computeType('bool', lanes);
  const first = (place: string, pad: number, extent: number, stride: number) =>
    `max((${place} + ${pad} - ${extent} + ${stride}) / ${stride}, 0)`;
  return [
    shader.flat(
      label,
      scope.length / lanes,
      `  let e = t * ${lanes}u;
  let y = i32(${y});
  let x = i32(${column});
  let own = ${shader.load(image, 'e', lanes)};
  var total = ${type}(0f);
  for (var oy = ${first('y', pads[0], kernel[0], strides[0])}; (oy < ${outHeight}) & (oy * ${strides[0]} - ${pads[0]} <= y); oy++) {
    for (var ox = ${first('x', pads[1], kernel[1], strides[1])}; (ox < ${outWidth}) & (ox * ${strides[1]} - ${pads[1]} <= x); ox++) {
      let top = oy * ${strides[0]} - ${pads[0]};
      let start = ox * ${strides[1]} - ${pads[1]};
      if ((top + ${kernel[0]} <= y) | (start + ${kernel[1]} <= x)) { continue; }
      var wins = ${flags}(true);
      for (var i = max(top, 0); i < min(top + ${kernel[0]}, ${height}); i++) {
        for (var j = max(start, 0); j < min(start + ${kernel[1]}, ${width}); j++) {
          let at = ((${n} * ${height}u + u32(i)) * ${width}u + u32(j)) * ${channels}u + ${c};
          let pixel = ${shader.load(image, 'at', lanes)};
          let isBefore = (i < y) | ((i == y) & (j < x));
          wins = wins & select(own >= pixel, own > pixel, ${flags}(isBefore));
        }
      }
      let at = ((${n} * ${outHeight}u + u32(oy)) * ${outWidth}u + u32(ox)) * ${channels}u + ${c};
      total += select(${type}(0f), ${shader.load(gradient, 'at', lanes)}, wins);
    }
  }
  finish(e, total);`,
    ),
  ];
};
