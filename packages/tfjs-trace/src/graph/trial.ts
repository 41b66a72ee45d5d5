/** A step of training as a trial of a device: whether it runs there, what it computes and how long it takes. */
import { Graph, size, type Value } from './graph.ts';
import type { HostData } from './inputs.ts';
import type { StepGraph } from './step-graph.ts';

/**
 * What a device made of the trial: the filters after the smallest step, which devices must agree on, and the time of the
 * largest step that it was given, milliseconds. `size` is the number of that step.
 */
export type Trial =
  | { readonly values: Float32Array; readonly ms: number; readonly size: number }
  | { readonly error: string };

/** A step of a trial on a device. */
export interface TrialProgram {
  run(inputs: Readonly<Record<'x', HostData>>): Promise<unknown>;
  /** The present values of the variables, in order. */
  read(): Promise<readonly HostData[]>;
  dispose(): Promise<void>;
}

/** Loads a step whose variables, by index, start at the given values. */
export type LoadTrial = (step: StepGraph, variables: readonly HostData[]) => Promise<TrialProgram>;

/** Images `[batch, side, side, channels]`. */
interface Size {
  readonly batch: number;
  readonly side: number;
  readonly channels: number;
}

/** Software drivers need a minute for the last, which is as large as in a real training, and show it in smaller ones. */
const SIZES: readonly Size[] = [
  { batch: 2, side: 8, channels: 16 },
  { batch: 4, side: 16, channels: 32 },
  { batch: 16, side: 32, channels: 64 },
];
/** A device that needs longer for a step is spared the larger ones. Milliseconds. */
const PATIENCE = 60;
const LAYERS = 3;

/**
 * Trains three convolutions: forward pass, gradients of images and filters, update. Takes the shorter time of three steps
 * after a first. Never rejects.
 *
 * @param sizes how many steps, each larger than the one before; one is enough to see what a device computes. Default: all
 */
export async function tryTraining(load: LoadTrial, sizes = SIZES.length): Promise<Trial> {
  try {
    const first = await measure(load, SIZES[0]!);
    let [size, ms] = [0, first.ms];
    while (ms <= PATIENCE && size + 1 < sizes) {
      size += 1;
      ({ ms } = await measure(load, SIZES[size]!));
    }
    return { values: first.values, ms, size };
  } catch (error) {
    return { error: (error as Error).message.split('\n')[0]! };
  }
}

/** Whether a trial was faster than another: it was given a larger step, or was faster at the same. */
export function isFaster(
  a: Exclude<Trial, { error: string }>,
  b: Exclude<Trial, { error: string }>,
): boolean {
  return a.size !== b.size ? a.size > b.size : a.ms < b.ms;
}

/** The largest absolute difference of two trials' values. */
export function trialDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}

async function measure(load: LoadTrial, extent: Size) {
  const { images, filter } = shapesOf(extent);
  const start = numbers(size(filter)).map((value) => value / Math.sqrt(9 * extent.channels));
  const variables = Array.from({ length: LAYERS }, () => ({ data: start, shape: filter }));
  const program = await load(trainingStep(extent), variables);
  try {
    const x = { data: numbers(size(images)), shape: images };
    await program.run({ x });
    const values = Float32Array.from((await program.read()).flatMap(({ data }) => [...data]));
    let ms = Number.POSITIVE_INFINITY;
    for (let repeat = 0; repeat < 3; repeat++) {
      const begin = performance.now();
      await program.run({ x });
      ms = Math.min(ms, performance.now() - begin);
    }
    return { values, ms };
  } finally {
    await program.dispose();
  }
}

/** One step of gradient descent on half the mean square of what the layers make of the images. */
function trainingStep(extent: Size): StepGraph {
  const graph = new Graph();
  const { images, filter } = shapesOf(extent);
  const window = { kernel: [3, 3], strides: [1, 1], dilations: [1, 1], pads: [1, 1, 1, 1] };
  const convolve = (op: string, inputs: Value[], shape: number[]) =>
    graph.node(op, inputs, shape, { attributes: window });
  const filters = Array.from({ length: LAYERS }, (_, layer) => graph.variable(layer, filter, 'float32'));
  const features = [graph.input('x', images, 'float32')];
  for (const weights of filters) {
    features.push(graph.elementwise('Relu', [convolve('Conv2D', [features.at(-1)!, weights], images)]));
  }
  const last = features.at(-1)!;
  const assignments = new Map<number, Value>();
  let gradient = graph.mul(last, graph.scalar(1 / size(images)));
  for (let layer = LAYERS - 1; layer >= 0; layer--) {
    const masked = graph.mul(gradient, graph.elementwise('Step', [features[layer + 1]!]));
    const change = convolve('Conv2DFilterGradient', [features[layer]!, masked], filter);
    assignments.set(layer, graph.sub(filters[layer]!, graph.mul(change, graph.scalar(0.1))));
    gradient = convolve('Conv2DInputGradient', [masked, filters[layer]!], images);
  }
  const loss = graph.reduce('ReduceMean', graph.mul(last, last), [0, 1, 2, 3]);
  return {
    graph,
    inputs: { x: { shape: images, dtype: 'float32' } },
    outputs: new Map([['loss', loss]]),
    assignments,
  };
}

const shapesOf = ({ batch, side, channels }: Size) => ({
  images: [batch, side, side, channels],
  filter: [3, 3, channels, channels],
});

const numbers = (length: number) => Float32Array.from({ length }, (_, i) => Math.sin(i * 12.9898));
