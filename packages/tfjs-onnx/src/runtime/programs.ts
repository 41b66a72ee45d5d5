/** Sessions of ONNX Runtime and the variables that they share. */

import type { InferenceSession, Tensor } from '@simgan/onnxruntime';
import { type HostData, size } from '@simgan/tfjs-trace/graph';
import { loadOnnxruntime } from './load-onnxruntime.ts';
import type { Calls, Facts, ProgramFile } from './protocol.ts';
import { sessionOptions } from './session-options.ts';
import { type State, States } from './states.ts';
import { empty, tensor } from './tensor.ts';

const ort = await loadOnnxruntime();

interface Program extends ProgramFile {
  readonly session: InferenceSession;
}

/** States by the names of a program's outputs. */
type Named = readonly (readonly [name: string, State])[];

export class Programs {
  #device: Facts['device'] = 'cpu';
  #options: InferenceSession.SessionOptions = {};
  #programs = new Map<number, Program>();
  #states = new States('cpu', {});

  /** Where programs that are loaded from now on run. */
  configure(device: Facts['device'], threads: number): void {
    this.#device = device;
    this.#options = sessionOptions(device, threads);
    this.#states = new States(device, this.#options);
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
    await this.#states.outlive(program);
    await this.#programs.get(program)?.session.release();
    this.#programs.delete(program);
  }

  async write(variables: ReadonlyMap<number, HostData>): Promise<undefined> {
    await this.#states.write(variables);
  }

  read(ids: readonly number[]): Promise<Map<number, HostData>> {
    return this.#states.read(ids);
  }

  async run({ program: id, inputs }: Calls['run'][0]): Promise<Record<string, HostData>> {
    const program = this.#programs.get(id)!;
    const feeds: Record<string, Tensor> = {};
    for (const [name, input] of Object.entries(inputs)) feeds[name] = tensor(input);
    for (const [name, state] of await this.#states.arranged(program.reads)) feeds[name] = state.current;
    const written = await this.#states.arranged(program.writes);
    const results =
      this.#device === 'gpu'
        ? await this.#runOnGpu(id, feeds, written)
        : await this.#runInPlace(program, feeds, written);
    return Object.fromEntries(program.outputs.map(({ name, result }) => [name, host(results[result]!)]));
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
    this.#states.clear();
    for (const program of [...this.#programs.keys()]) await this.unload(program);
    await this.#states.close();
  }

  /** Runs into the variables' spare buffers. */
  async #runInPlace(
    { session, outputs }: Program,
    feeds: Record<string, Tensor>,
    written: Named,
  ): Promise<Record<string, Tensor>> {
    const fetches: Record<string, Tensor> = {};
    for (const { result, shape } of outputs) fetches[result] = empty('float32', shape);
    for (const [name, state] of written) {
      state.spare ??= empty(state.current.type, state.current.dims);
      fetches[name] = state.spare;
    }
    await session.run(feeds, fetches);
    for (const [, state] of written) [state.current, state.spare] = [state.spare!, state.current];
    return fetches;
  }

  /** Runs with new values of variables that stay on the GPU. */
  async #runOnGpu(
    program: number,
    feeds: Record<string, Tensor>,
    written: Named,
  ): Promise<InferenceSession.OnnxValueMapType> {
    const results = await this.#programs.get(program)!.session.run(feeds);
    for (const [name, { ids }] of written) this.#states.replace(ids, results[name]!, program);
    return results;
  }
}

/** One item of `[items, …]` as `[1, …]`, without a copy. */
function itemOf({ data, shape: [, ...shape] }: HostData, item: number): Tensor {
  const values = size(shape);
  return tensor({ data: data.subarray(item * values, (item + 1) * values), shape: [1, ...shape] });
}

const host = ({ data, dims }: Tensor): HostData => ({ data: data as HostData['data'], shape: dims });
