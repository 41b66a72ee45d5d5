/** A TensorFlow.js backend that computes nothing: its tensors' data are the values of a graph. */
import type { BackendValues, DataType, Tensor } from '@tensorflow/tfjs-core';
import * as tf from '@tensorflow/tfjs-core';
import { elementType } from './dtype.ts';
import type { ElementType } from './graph/element.ts';
import { StepError } from './graph/errors.ts';
import { Graph, hostArray, size, type Value } from './graph/graph.ts';
import { atUserCode } from './location.ts';

/** The data id of a traced tensor. Each tensor has its own, as TensorFlow.js counts references by identity. */
export class TracedData {
  references = 1;
  readonly value: Value;
  constructor(value: Value) {
    this.value = value;
  }
}

export class TraceBackend extends tf.KernelBackend {
  graph = new Graph();
  /** Tensors created outside the step, by their data id. */
  readonly constants = new Map<object, Value>();
  #live = 0;

  override write(values: BackendValues, shape: number[], dtype: DataType): object {
    return this.symbol(this.#constant(values as ArrayLike<number>, shape, elementType(dtype)));
  }

  /** Starts a new program. */
  begin(): this {
    this.graph = new Graph();
    this.constants.clear();
    return this;
  }

  symbol(value: Value): TracedData {
    this.#live++;
    return new TracedData(value);
  }

  /** A tensor whose data is `value`. */
  tensor(value: Value): Tensor {
    const dtype = value.dtype as DataType;
    return tf
      .engine()
      .makeTensorFromTensorInfo({ dataId: this.symbol(value), shape: [...value.shape], dtype }, this);
  }

  override readSync(): never {
    throw new StepError(
      `The step reads the values of a tensor (dataSync, data, array, print or similar)${atUserCode()}. Tensors have no values while a step is traced. Return the tensor as an output and read it after the run; for decisions that depend on values, use tf.where.`,
    );
  }

  override read(): never {
    return this.readSync();
  }

  override incRef(data: TracedData): void {
    data.references++;
  }

  override refCount(data: TracedData): number {
    return data.references;
  }

  override disposeData(data: TracedData, force = false): boolean {
    data.references--;
    if (data.references > 0 && !force) return false;
    this.#live--;
    return true;
  }

  override move(): never {
    throw new StepError(
      `The step moves tensors between backends${atUserCode()}. Call tf.setBackend outside the step.`,
    );
  }

  override numDataIds(): number {
    return this.#live;
  }

  override memory() {
    return { unreliable: false };
  }

  override floatPrecision(): 32 {
    return 32;
  }

  override epsilon(): number {
    return 1e-7;
  }

  override timerAvailable(): boolean {
    return false;
  }

  override dispose(): void {}

  /** TensorFlow.js itself writes only tensors of one repeated number; any other values were computed on the host. */
  #constant(values: ArrayLike<number>, shape: number[], dtype: ElementType): Value {
    const first = values[0] ?? 0;
    for (let i = 1; i < values.length; i++) {
      if (!Object.is(values[i], first)) {
        throw new StepError(
          `The step creates a tensor of shape [${shape}] from values computed on the host${atUserCode()}. They would become constants of the program: random numbers (tf.randomUniform, tf.dropout, …) would repeat in every run. Pass values that change as inputs, and create constant tensors outside the step.`,
        );
      }
    }
    return values.length === size(shape) && values.length > 0
      ? this.graph.fill(Number(first), shape, dtype)
      : this.graph.constant(hostArray(values, dtype), shape, dtype);
  }
}
