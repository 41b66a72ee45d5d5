/** The values of variables between runs. */
import type { InferenceSession, Tensor } from '@simgan/onnxruntime';
import { type HostData, type Shape, size } from '@simgan/tfjs-trace/graph';
import { Downloads } from './downloads.ts';
import type { Facts } from './protocol.ts';
import { tensor } from './tensor.ts';

/**
 * A variable. On the CPU it has two buffers: a run reads one and writes the other, then they are swapped. On the GPU, ONNX
 * Runtime allocates the new values, which stay there; a state has one axis, with a variable or several end to end.
 */
export interface State {
  readonly ids: readonly number[];
  current: Tensor;
  spare: Tensor | undefined;
  /** The program that made it, which must live as long as a tensor on the GPU. */
  readonly maker: number | undefined;
}

export class States {
  readonly #isFlat: boolean;
  readonly #downloads: Downloads;
  readonly #states = new Map<number, State>();
  readonly #shapes = new Map<number, Shape>();

  constructor(device: Facts['device'], options: InferenceSession.SessionOptions) {
    this.#isFlat = device === 'gpu';
    this.#downloads = new Downloads(options);
  }

  async write(variables: ReadonlyMap<number, HostData>): Promise<void> {
    const together = [...variables.keys()].flatMap((id) => this.#states.get(id)?.ids ?? []);
    const others = await this.read([...new Set(together)].filter((id) => !variables.has(id)));
    for (const [id, { data, shape }] of [...others, ...variables]) {
      this.#shapes.set(id, shape);
      this.replace([id], tensor({ data, shape: this.#isFlat ? [data.length] : shape }));
    }
  }

  async read(ids: readonly number[]): Promise<Map<number, HostData>> {
    const states = [...new Set(ids.map((id) => this.#of(id)))];
    const onGpu = states.filter(isOnGpu);
    const downloads = await this.#downloads.read(onGpu.map(({ current }) => current));
    const values = new Map<number, HostData>();
    for (const state of states) {
      const { data } = isOnGpu(state) ? downloads[onGpu.indexOf(state)]! : state.current;
      let start = 0;
      for (const id of state.ids) {
        const shape = this.#shapes.get(id)!;
        const end = start + size(shape);
        values.set(id, { data: (data as HostData['data']).slice(start, end), shape });
        start = end;
      }
    }
    return new Map(ids.map((id) => [id, values.get(id)!]));
  }

  /** By name, the states of variables that are each in one tensor, end to end. Those that are not are laid so. */
  async arranged(
    variables: Readonly<Record<string, readonly number[]>>,
  ): Promise<readonly (readonly [name: string, State])[]> {
    const entries = Object.entries(variables);
    for (const [, ids] of entries) if (`${this.#of(ids[0]!).ids}` !== `${ids}`) await this.#arrange(ids);
    return entries.map(([name, [id]]) => [name, this.#of(id!)]);
  }

  /** Gives variables a new tensor and frees the old ones. */
  replace(ids: readonly number[], current: Tensor, maker?: number): void {
    this.#release(ids);
    for (const id of ids) this.#states.set(id, { ids, current, spare: undefined, maker });
  }

  /** Copies what a program made to the host. */
  async outlive(program: number): Promise<void> {
    const made = [...this.#states].flatMap(([id, { maker }]) => (maker === program ? [id] : []));
    await this.write(await this.read(made));
  }

  /** Frees all variables' memory on the GPU. */
  clear(): void {
    this.#release([...this.#states.keys()]);
  }

  close(): Promise<void> {
    return this.#downloads.close();
  }

  async #arrange(ids: readonly number[]): Promise<void> {
    const values = await this.read(ids);
    await this.write(values);
    if (ids.length === 1) return;
    const data = new Float32Array([...values.values()].reduce((sum, part) => sum + part.data.length, 0));
    let start = 0;
    for (const part of values.values()) {
      data.set(part.data, start);
      start += part.data.length;
    }
    this.replace(ids, tensor({ data, shape: [start] }));
  }

  #release(ids: readonly number[]): void {
    for (const state of new Set(ids.flatMap((id) => this.#states.get(id) ?? []))) {
      if (isOnGpu(state)) state.current.dispose();
      for (const id of state.ids) this.#states.delete(id);
    }
  }

  #of(id: number): State {
    const state = this.#states.get(id);
    if (!state) throw new Error(`The variable ${id} was read before it was sent to the worker.`);
    return state;
  }
}

const isOnGpu = ({ current }: State) => current.location === 'gpu-buffer';
