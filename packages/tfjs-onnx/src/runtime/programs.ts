/** Sessions of ONNX Runtime and the variables that they share. */

import type { InferenceSession, Tensor } from '@simgan/onnxruntime';
import { type HostData, size } from '@simgan/tfjs-trace/graph';
import { Downloads } from './downloads.ts';
import { loadOnnxruntime } from './load-onnxruntime.ts';
import type { Calls, Facts, ProgramFile } from './protocol.ts';
import { sessionOptions } from './session-options.ts';

const ort = await loadOnnxruntime();

interface Program extends ProgramFile {
  readonly session: InferenceSession;
}

/**
 * A variable. On the CPU it has two buffers: a run reads one and writes the other, then they are swapped. On the GPU, ONNX
 * Runtime allocates the new values, which stay there.
 */
interface State {
  current: Tensor;
  spare: Tensor | undefined;
  /** The program that made it, which must live as long as a tensor on the GPU. */
  readonly maker?: number;
}

export class Programs {
  #device: Facts['device'] = 'cpu';
  #options: InferenceSession.SessionOptions = {};
  #programs = new Map<number, Program>();
  #states = new Map<number, State>();
  #downloads = new Downloads({});

  /** Where programs that are loaded from now on run. */
  configure(device: Facts['device'], threads: number): void {
    this.#device = device;
    this.#options = sessionOptions(device, threads);
    this.#downloads = new Downloads(this.#options);
  }

  async load(file: ProgramFile): Promise<undefined> {
    const staying = Object.keys(file.writes).map((name) => [name, 'gpu-buffer'] as const);
    const session = await ort.InferenceSession.create(file.bytes, {
      ...this.#options,
      ...(this.#device === 'gpu' &&
        staying.length > 0 && { preferredOutputLocation: Object.fromEntries(staying) }),
    });
    this.#programs.set(file.program, { ...file, bytes: new Uint8Array(), session });
  }

  async unload(program: number): Promise<undefined> {
    const made = [...this.#states].flatMap(([id, { maker }]) => (maker === program ? [id] : []));
    if (made.length > 0) await this.write(await this.read(made));
    await this.#programs.get(program)?.session.release();
    this.#programs.delete(program);
  }

  async write(variables: ReadonlyMap<number, HostData>): Promise<undefined> {
    for (const [id, host] of variables) {
      this.#release(id);
      this.#states.set(id, { current: tensor(host), spare: undefined });
    }
  }

  async read(ids: readonly number[]): Promise<Map<number, HostData>> {
    const current = ids.map((id) => this.#state(id).current);
    const values = this.#device === 'gpu' ? await this.#downloads.read(current) : current.map(copy);
    return new Map(ids.map((id, i) => [id, values[i]!]));
  }

  async run({ program: id, inputs }: Calls['run'][0]): Promise<Record<string, HostData>> {
    const program = this.#programs.get(id)!;
    const { reads, outputs } = program;
    const feeds: Record<string, Tensor> = {};
    for (const [name, input] of Object.entries(inputs)) feeds[name] = tensor(input);
    for (const [name, id] of Object.entries(reads)) feeds[name] = this.#state(id).current;

    const results =
      this.#device === 'gpu' ? await this.#runOnGpu(program, feeds) : await this.#runInPlace(program, feeds);
    return Object.fromEntries(outputs.map(({ name, result }) => [name, host(results[result]!)]));
  }

  async runItems({ program, inputs, items }: Calls['runItems'][0]): Promise<Record<string, HostData>> {
    const { session, outputs } = this.#programs.get(program)!;
    const whole = outputs.map(({ name, result, shape }) => ({
      name,
      result,
      host: { data: new Float32Array(items * size(shape)), shape: [items, ...shape.slice(1)] },
    }));
    for (let item = 0; item < items; item++) {
      const feeds = Object.entries(inputs).map(([name, input]) => [name, itemOf(input, item)] as const);
      const fetches = whole.map(({ result, host }) => [result, itemOf(host, item)] as const);
      await session.run(Object.fromEntries(feeds), Object.fromEntries(fetches));
    }
    return Object.fromEntries(whole.map(({ name, host }) => [name, host]));
  }

  async close(): Promise<undefined> {
    // In this order: memory on the GPU belongs to the session that made it.
    for (const id of [...this.#states.keys()]) this.#release(id);
    for (const program of [...this.#programs.keys()]) await this.unload(program);
    await this.#downloads.close();
  }

  /** Runs into the variables' spare buffers. */
  async #runInPlace(
    { session, outputs, writes }: Program,
    feeds: Record<string, Tensor>,
  ): Promise<Record<string, Tensor>> {
    const fetches: Record<string, Tensor> = {};
    for (const { result, shape } of outputs) fetches[result] = empty('float32', shape);
    for (const [name, id] of Object.entries(writes)) {
      const state = this.#state(id);
      state.spare ??= empty(state.current.type, state.current.dims);
      fetches[name] = state.spare;
    }
    await session.run(feeds, fetches);
    for (const id of Object.values(writes)) {
      const state = this.#state(id);
      [state.current, state.spare] = [state.spare!, state.current];
    }
    return fetches;
  }

  /** Runs with new values of variables that stay on the GPU. */
  async #runOnGpu(
    { program, session, writes }: Program,
    feeds: Record<string, Tensor>,
  ): Promise<InferenceSession.OnnxValueMapType> {
    const results = await session.run(feeds);
    for (const [name, id] of Object.entries(writes)) {
      this.#release(id);
      this.#states.set(id, { current: results[name]!, spare: undefined, maker: program });
    }
    return results;
  }

  /** Frees a variable's memory on the GPU. */
  #release(id: number): void {
    const current = this.#states.get(id)?.current;
    if (current?.location === 'gpu-buffer') current.dispose();
    this.#states.delete(id);
  }

  #state(id: number): State {
    const state = this.#states.get(id);
    if (!state) throw new Error(`The variable ${id} was read before it was sent to the worker.`);
    return state;
  }
}

const tensor = ({ data, shape }: HostData): Tensor =>
  data instanceof Int32Array ? new ort.Tensor('int32', data, shape) : new ort.Tensor('float32', data, shape);

function empty(type: string, shape: readonly number[]): Tensor {
  const data = type === 'int32' ? new Int32Array(size(shape)) : new Float32Array(size(shape));
  return tensor({ data, shape });
}

/** One item of `[items, …]` as `[1, …]`, without a copy. */
function itemOf({ data, shape: [, ...shape] }: HostData, item: number): Tensor {
  const values = size(shape);
  return tensor({ data: data.subarray(item * values, (item + 1) * values), shape: [1, ...shape] });
}

const copy = ({ data, dims }: Tensor): HostData => ({
  data: (data as HostData['data']).slice(),
  shape: dims,
});

const host = ({ data, dims }: Tensor): HostData => ({ data: data as HostData['data'], shape: dims });
