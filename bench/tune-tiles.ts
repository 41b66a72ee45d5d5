/**
 * @file Measures every tile of the WGSL products on this GPU, for the products of our networks, and says which is fastest:
 * what the table in `packages/tfjs-wgsl/src/kernels/tiles.ts` should say.
 *
 *     node --conditions=@simgan/source --import tsx bench/tune-tiles.ts
 */

import { summarize } from '@simgan/core/measures';
import { Graph, size, type Value } from '@simgan/tfjs-trace/graph';
import { create } from 'webgpu';
import { convolution } from '../packages/tfjs-wgsl/src/kernels/convolution.ts';
import type { Kernel } from '../packages/tfjs-wgsl/src/kernels/shader.ts';
import { TILES, tileFor } from '../packages/tfjs-wgsl/src/kernels/tiles.ts';
import { Gpu, USAGE } from '../packages/tfjs-wgsl/src/runtime/gpu.ts';

/** Batch, height and width, channels in and out, and the side of the kernel. */
const PRODUCTS = [
  [32, 35, 55, 64, 64, 3],
  [128, 35, 55, 64, 64, 3],
  [16, 35, 55, 32, 32, 3],
  [8, 224, 224, 64, 64, 3],
  [32, 35, 55, 1, 64, 3],
  [32, 35, 55, 64, 1, 1],
  [32, 9, 14, 64, 32, 3],
] as const;
const REPEATS = 20;

const dawn = create(['enable-dawn-features=disable_robustness']);
const gpu = await Gpu.open(dawn);
process.stdout.write(`${gpu.name}\n`);
for (const [batch, height, width, from, to, kernel] of PRODUCTS) {
  const rows = batch * height * width;
  const chosen = tileFor(rows, to);
  const times: string[] = [];
  for (const tile of TILES.filter(({ columns }) => columns === chosen.columns)) {
    const graph = new Graph();
    const before = (kernel - 1) / 2;
    const window = {
      kernel: [kernel, kernel],
      strides: [1, 1],
      dilations: [1, 1],
      pads: Array(4).fill(before),
    };
    const x = graph.input('x', [batch, height, width, from], 'float32');
    const filter = graph.input('filter', [kernel, kernel, from, to], 'float32');
    const y = graph.node('Conv2D', [x, filter], [batch, height, width, to], { attributes: window });
    const places = new Map(
      [x, filter, y].map((value) => [value, { dtype: value.dtype, length: size(value.shape) }]),
    );
    const scope = {
      members: [y],
      outputs: [y],
      length: size(y.shape),
      tile,
      isStored: () => true,
      placeOf: (value: Value) => places.get(value)!,
    };
    const ms = await timeOf(convolution(scope, 'Conv2D')[0]!);
    const rate = (2 * rows * from * to * kernel ** 2) / ms / 1e9;
    const mark = tile.rows === chosen.rows ? ' (chosen)' : '';
    times.push(`${tile.rows}x${tile.columns}${mark} ${ms.toFixed(3)} ms ${rate.toFixed(1)} TFLOP/s`);
  }
  process.stdout.write(`${[batch, height, width, from, to, kernel]}: ${times.join(', ')}\n`);
}
gpu.device.destroy();
process.exit(0);

/** Median milliseconds of a kernel, of which many are submitted at once. */
async function timeOf({ label, code, places, workgroups }: Kernel): Promise<number> {
  const pipeline = await gpu.pipeline(label, code);
  const bytes = places.map(({ length }) => Math.ceil(length / 4) * 16);
  const buffers = await gpu.buffers(bytes, USAGE.storage);
  const group = gpu.device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
  });
  const times: number[] = [];
  for (let repeat = 0; repeat <= 5; repeat++) {
    const start = performance.now();
    const encoder = gpu.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    for (let i = 0; i < REPEATS; i++) pass.dispatchWorkgroups(...workgroups);
    pass.end();
    gpu.device.queue.submit([encoder.finish()]);
    await gpu.device.queue.onSubmittedWorkDone();
    // The first warms up.
    if (repeat > 0) times.push((performance.now() - start) / REPEATS);
  }
  for (const buffer of buffers) buffer.destroy();
  return summarize(times).median;
}
