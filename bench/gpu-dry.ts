/** @file What the steps run on a GPU, without one: kernels, products, and the bytes that they move. */
import { programTraffic } from '@simgan/tfjs-wgsl';
import { GPU_SETTINGS } from './gpu-settings.ts';
import { onnxNodesOf, programOf } from './gpu-steps.ts';

/** Prints a table. */
export async function describeGpuSteps(say: (line?: string) => void): Promise<void> {
  say(
    "Kernels of a step, the products of its convolutions, and megabytes: in buffers between kernels, read and written by kernels, sent to the GPU, and read back. Then the nodes of ONNX Runtime's program, and what they were with an update for each variable.",
  );
  say();
  say(
    '| networks | batch | step | kernels | GFLOP | buffers | read | written | sent | read back | ONNX nodes | separate updates |',
  );
  say('| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |');
  for (const { network, batch, steps } of GPU_SETTINGS) {
    for (const step of steps) {
      const program = await programOf(network, batch, step);
      const { kernels, operations, buffers, read, written, sent, readBack } = programTraffic(program);
      const megabytes = [buffers, read, written, sent, readBack].map((bytes) => (bytes / 1e6).toFixed(2));
      const { flat, apart } = await onnxNodesOf(network, batch, step);
      const counts = [network, batch, step, kernels, (operations / 1e9).toFixed(1)];
      const cells = [...counts, ...megabytes, flat, apart];
      say(`| ${cells.join(' | ')} |`);
    }
  }
}
