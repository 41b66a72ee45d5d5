/** Worker threads, each with a single-threaded runtime, that divide the items of a batch among them. */
import { type HostData, mapValues, size } from '@simgan/tfjs-trace/graph';
import type { ItemRunner } from './itemwise.ts';
import type { Layout, ProgramFile } from './protocol.ts';
import { Remote } from './remote.ts';

/**
 * Maximum number of items per message: small enough to balance the load, large enough to make the overhead negligible.
 */
const ITEMS_PER_CALL = 4;

export class Lanes implements ItemRunner {
  readonly #count: number;
  readonly #layout: Layout;
  #opened: Promise<Remote[]> | undefined;

  constructor(count: number, layout: Layout) {
    this.#count = count;
    this.#layout = layout;
  }

  itemsPerProgram(): number {
    return 1;
  }

  async load(file: ProgramFile): Promise<void> {
    await this.#all((lane) => lane.call('load', file));
  }

  async unload(program: number): Promise<void> {
    await this.#all((lane) => lane.call('unload', program));
  }

  /** Runs a program for one item on each item of the inputs, `[items, …]`. Outputs have that shape too. */
  async run(
    program: number,
    inputs: Readonly<Record<string, HostData>>,
    items: number,
  ): Promise<Record<string, HostData>> {
    const outputs: Record<string, HostData> = {};
    const most = Math.min(ITEMS_PER_CALL, Math.ceil(items / this.#count));
    let next = 0;
    await this.#all(async (lane) => {
      while (next < items) {
        const start = next;
        const end = Math.min(items, start + most);
        next = end;
        const part = mapValues(inputs, (input) => takeItems(input, start, end));
        const result = await lane.call('runItems', { program, inputs: part, items: end - start });
        for (const [name, { data, shape }] of Object.entries(result)) {
          outputs[name] ??= empty(data, [items, ...shape.slice(1)]);
          outputs[name].data.set(data, (outputs[name].data.length / items) * start);
        }
      }
    });
    return outputs;
  }

  async close(): Promise<void> {
    if (this.#opened) await this.#all((lane) => lane.close());
  }

  async #all(work: (lane: Remote) => Promise<unknown>): Promise<void> {
    this.#opened ??= this.#open();
    await Promise.all((await this.#opened).map(work));
  }

  async #open(): Promise<Remote[]> {
    const lanes = Array.from({ length: this.#count }, () => new Remote());
    const options = { device: 'cpu', threads: 1, layout: this.#layout } as const;
    await Promise.all(lanes.map((lane) => lane.call('open', options)));
    return lanes;
  }
}

function takeItems({ data, shape }: HostData, start: number, end: number): HostData {
  const length = data.length / shape[0]!;
  return { data: data.slice(start * length, end * length), shape: [end - start, ...shape.slice(1)] };
}

function empty(like: HostData['data'], shape: readonly number[]): HostData {
  const data = like instanceof Int32Array ? new Int32Array(size(shape)) : new Float32Array(size(shape));
  return { data, shape };
}
