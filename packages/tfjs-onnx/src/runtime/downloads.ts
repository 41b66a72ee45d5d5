/** Copies tensors from the GPU by programs that return them: `getData` of onnxruntime-node 1.30 ends the process. */

import type { InferenceSession, Tensor } from '@simgan/onnxruntime';
import { type ElementType, type HostData, size } from '@simgan/tfjs-trace/graph';
import { OnnxModel } from '../onnx/model.ts';
import { loadOnnxruntime } from './load-onnxruntime.ts';

const ort = await loadOnnxruntime();

export class Downloads {
  readonly #options: InferenceSession.SessionOptions;
  /** One for each combination of shapes. */
  readonly #sessions = new Map<string, Promise<InferenceSession>>();

  constructor(options: InferenceSession.SessionOptions) {
    this.#options = options;
  }

  /** The values of tensors, in order. All of one type come as one array: a download waits as long as its bytes take. */
  async read(tensors: readonly Tensor[]): Promise<HostData[]> {
    const values = new Map<Tensor, HostData>();
    for (const dtype of ['float32', 'int32'] as const) {
      const group = tensors.filter(({ type }) => type === dtype);
      if (group.length === 0) continue;
      const session = await this.#session(dtype, group);
      const { all } = await session.run(Object.fromEntries(group.map((tensor, i) => [`x${i}`, tensor])));
      let start = 0;
      for (const tensor of group) {
        const end = start + size(tensor.dims);
        values.set(tensor, { data: (all!.data as HostData['data']).slice(start, end), shape: tensor.dims });
        start = end;
      }
    }
    return tensors.map((tensor) => values.get(tensor)!);
  }

  async close(): Promise<void> {
    for (const session of this.#sessions.values()) await (await session).release();
    this.#sessions.clear();
  }

  #session(dtype: ElementType, tensors: readonly Tensor[]): Promise<InferenceSession> {
    const shapes = tensors.map(({ dims }) => dims);
    const key = JSON.stringify([dtype, shapes]);
    const session = this.#sessions.get(key) ?? this.#create(dtype, shapes);
    this.#sessions.set(key, session);
    return session;
  }

  #create(dtype: ElementType, shapes: readonly (readonly number[])[]): Promise<InferenceSession> {
    const model = new OnnxModel();
    const flat = shapes.map((shape, i) =>
      model.node('Reshape', [model.input(`x${i}`, dtype, shape), model.int64([-1])]),
    );
    const length = shapes.reduce((sum, shape) => sum + size(shape), 0);
    const all = flat.length > 1 ? model.node('Concat', flat, { axis: 0 }) : flat[0]!;
    model.output('all', all, dtype, [length]);
    return ort.InferenceSession.create(model.serialize(), this.#options);
  }
}
