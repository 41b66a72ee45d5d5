import type { HostData, Inputs } from '@simgan/tfjs-trace';
import type { ItemRunner } from './itemwise.ts';
import type { ProgramFile } from './protocol.ts';
import type { Remote } from './remote.ts';

/** Runs a batch in one piece, on a device that computes its items in parallel anyway. */
export class WholeBatch implements ItemRunner {
  readonly #remote: Remote;

  constructor(remote: Remote) {
    this.#remote = remote;
  }

  itemsPerProgram(batch: number): number {
    return batch;
  }

  async load(file: ProgramFile): Promise<void> {
    await this.#remote.call('load', file);
  }

  async unload(program: number): Promise<void> {
    await this.#remote.call('unload', program);
  }

  run(program: number, inputs: Inputs): Promise<Record<string, HostData>> {
    return this.#remote.call('run', { program, inputs });
  }
}
