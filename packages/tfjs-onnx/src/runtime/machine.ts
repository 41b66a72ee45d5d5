/** The worker's state: sessions of ONNX Runtime and the variables that they share. */
import { type HostData, size } from '@simgan/tfjs-trace';
import type { InferenceSession, Tensor } from 'onnxruntime-node';
import { loadOnnxruntime } from './load-onnxruntime.ts';
import { probe } from './probe.ts';
import type { Calls, Facts, ProgramFile } from './protocol.ts';
import { sessionOptions } from './session-options.ts';

const ort = await loadOnnxruntime();

interface Program extends ProgramFile {
  readonly session: InferenceSession;
}

/** A variable has two buffers: a run reads one and writes the other, then they are swapped. */
interface State {
  current: Tensor;
  spare: Tensor | undefined;
}

export class Machine {
  #facts: Facts | undefined;
  #options: InferenceSession.SessionOptions = {};
  #programs = new Map<number, Program>();
  #states = new Map<number, State>();

  async open(options: Calls['open'][0]): Promise<Facts> {
    this.#facts = await probe(options);
    this.#options = sessionOptions(this.#facts.device, options.threads);
    return this.#facts;
  }

  async load(file: ProgramFile): Promise<undefined> {
    const session = await ort.InferenceSession.create(file.bytes, this.#options);
    this.#programs.set(file.program, { ...file, bytes: new Uint8Array(), session });
  }

  async unload(program: number): Promise<undefined> {
    await this.#programs.get(program)?.session.release();
    this.#programs.delete(program);
  }

  async write(variables: ReadonlyMap<number, HostData>): Promise<undefined> {
    for (const [id, host] of variables) this.#states.set(id, { current: tensor(host), spare: undefined });
  }

  async read(ids: readonly number[]): Promise<Map<number, HostData>> {
    return new Map(ids.map((id) => [id, host(this.#state(id).current, true)]));
  }

  async run({ program, inputs }: Calls['run'][0]): Promise<Record<string, HostData>> {
    const { session, reads, writes, outputs } = this.#programs.get(program)!;
    const feeds: Record<string, Tensor> = {};
    for (const [name, input] of Object.entries(inputs)) feeds[name] = tensor(input);
    for (const [name, id] of Object.entries(reads)) feeds[name] = this.#state(id).current;

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
    return Object.fromEntries(outputs.map(({ name, result }) => [name, host(fetches[result]!, false)]));
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
    for (const program of [...this.#programs.keys()]) await this.unload(program);
    this.#states.clear();
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

function host({ data, dims }: Tensor, copy: boolean): HostData {
  const values = data as Float32Array | Int32Array;
  return { data: copy ? values.slice() : values, shape: dims };
}
