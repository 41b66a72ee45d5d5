import {
  type HostData,
  type StepGraph,
  type Trial,
  type TrialProgram,
  tryTraining,
} from '@simgan/tfjs-trace/graph';
import { compileStep } from '../lower/compile.ts';
import { blockSize } from './block-size.ts';
import type { Facts } from './protocol.ts';
import { targetOf } from './target.ts';

/**
 * Tries a step of training on a device, in this thread; never rejects.
 *
 * @param options `block`: channels per block of the layout; on a CPU by default what ONNX Runtime has. `sizes`: how many
 * steps, each larger than the one before; by default all
 */
export function tryDevice(
  device: Facts['device'],
  { threads, block, sizes }: { readonly threads: number; readonly block?: number; readonly sizes?: number },
): Promise<Trial> {
  return tryTraining(async (step: StepGraph, variables: readonly HostData[]): Promise<TrialProgram> => {
    // Loads ONNX Runtime, which may not be installed.
    const { Programs } = await import('./programs.ts');
    const programs = new Programs();
    programs.configure(device, threads);
    const { model, outputs, reads, writes } = compileStep(
      step,
      targetOf(device, block ?? (device === 'cpu' ? await blockSize(threads) : 0)),
    );
    await programs.write(new Map(variables.entries()));
    await programs.load({
      program: 0,
      bytes: model.serialize(),
      outputs,
      reads: Object.fromEntries(reads.map(({ name, indices }) => [name, indices])),
      writes: Object.fromEntries(writes.map(({ name, indices }) => [name, indices])),
    });
    return {
      run: (inputs) => programs.run({ program: 0, inputs }),
      read: async () => [...(await programs.read([...variables.keys()])).values()],
      async dispose() {
        await programs.close();
      },
    };
  }, sizes);
}
