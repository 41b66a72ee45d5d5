import { Graph, size, type Value } from '@simgan/tfjs-trace/graph';
import { describe, expect, test } from 'vitest';
import { optimizers } from '../../tfjs-trace/test/adversaries.ts';
import { useOracle } from '../../tfjs-trace/test/oracle.ts';
import { compileStep } from '../src/lower/compile.ts';
import { flatUpdates } from '../src/lower/flat-updates.ts';
import type { Target } from '../src/lower/lowering.ts';
import type { State } from '../src/lower/state.ts';
import { targetOf } from '../src/runtime/target.ts';
import { traced, train } from './many-weights.ts';

useOracle();
const [cpu, gpu] = [targetOf('cpu', 0), targetOf('gpu', 0)];

describe.each(Object.keys(optimizers))('%s', (name) => {
  test('on a GPU updates all variables by the operators that one takes', () => {
    const { step, count } = traced(name);
    const operators = (target: Target) => {
      const { nodes } = compileStep(step, target).model;
      return (op: string) => nodes.filter(({ opType }) => opType === op).length;
    };
    const [apart, flat] = [operators(cpu), operators(gpu)];
    expect([apart('Sub'), flat('Sub')]).toEqual([count, 1]);
    if (name === 'adam') expect([apart('Sqrt'), flat('Sqrt')]).toEqual([count, 1]);
  });

  test('cuts weights by kernels of no more than eight buffers', () => {
    const { nodes } = compileStep(traced(name).step, gpu).model;
    const cuts = nodes.filter(({ opType }) => opType === 'Split');
    expect(cuts.map(({ outputs }) => outputs.length)).toEqual([2, 7, 3]);
  });

  test('gives the same bits as one variable after the other', async () => {
    const { step } = traced(name);
    const apart = await train(step, { ...gpu, flat: false });
    expect(await train(step, gpu)).toEqual(apart);
  });

  test('keeps moments and averages end to end, and weights apart, which convolutions read', () => {
    const { step, count } = traced(name);
    const { reads, writes } = compileStep(step, gpu);
    const lengths = (states: readonly State[]) =>
      states.map(({ indices }) => indices.length).sort((a, b) => a - b);
    const ends = new Array(optimizers[name]!.slots + 1).fill(count);
    expect(lengths(reads)).toEqual([...new Array(count).fill(1), ...ends]);
    expect(lengths(writes)).toEqual([...new Array(count).fill(1), ...ends]);
  });
});

describe('updates of one tensor', () => {
  /** Each variable plus a multiple of an input, which is the gradient. */
  function sums(shapes: readonly number[][], factor: (i: number) => number) {
    const graph = new Graph();
    const gradient = (shape: number[], i: number) => graph.input(`g${i}`, shape, 'float32');
    const assignments = new Map(
      shapes.map((shape, i): [number, Value] => [
        i,
        graph.add(
          graph.variable(i, shape, 'float32'),
          graph.mul(gradient(shape, i), graph.scalar(factor(i))),
        ),
      ]),
    );
    return { graph, assignments };
  }
  const lists = ({ graph, assignments }: ReturnType<typeof sums>, outputs: Value[] = []) =>
    flatUpdates(graph, assignments, outputs).map(({ indices }) => indices);

  test('are those by the same operators, of whatever shapes', () => {
    expect(lists(sums([[2, 3], [4], [1], [5]], () => 2))).toEqual([[0, 1, 2, 3]]);
    const { graph, assignments } = sums([[2], [3], [4], [5], [6], [7]], () => 2);
    const other = graph.variable(6, [3], 'float32');
    assignments.set(6, graph.mul(other, other));
    const row = graph.input('row', [3], 'float32');
    assignments.set(7, graph.add(graph.variable(7, [2, 3], 'float32'), row));
    expect(lists({ graph, assignments })).toEqual([[0, 1, 2, 3, 4, 5], [6], [7]]);
  });

  test('are left alone where there are few', () => {
    expect(lists(sums([[2], [3], [4]], () => 2))).toEqual([[0], [1], [2]]);
  });

  test('are as many as fit in a binding', () => {
    const quarter = 2 ** 23;
    const shapes = Array.from({ length: 9 }, () => [quarter]);
    expect(lists(sums(shapes, () => 2))).toEqual([[0, 1, 2, 3], [4, 5, 6, 7], [8]]);
    expect(size(shapes[0]!) * 4 * 4).toBe(128 * 2 ** 20);
  });

  test('have the same constants', () => {
    const { graph, assignments } = sums([[2], [3], [4], [5], [6], [7], [8], [9]], () => 2);
    for (const [i, sum] of assignments) {
      assignments.set(i, graph.mul(sum, graph.scalar(i % 2 === 0 ? 0.5 : 0.25)));
    }
    expect(lists({ graph, assignments })).toEqual([
      [0, 2, 4, 6],
      [1, 3, 5, 7],
    ]);
  });

  test('take numbers that differ as part of the gradient', () => {
    expect(lists(sums([[2], [3], [4], [5]], (i) => 2 + i))).toEqual([[0, 1, 2, 3]]);
  });

  test('read a variable that something else reads by itself as a tensor of its own', () => {
    const step = sums([[2], [3], [4], [5]], () => 2);
    const [together] = flatUpdates(step.graph, step.assignments, []);
    expect(together!.together).toBe(true);
    const [apart] = flatUpdates(step.graph, step.assignments, [step.graph.variable(2, [4], 'float32')]);
    expect(apart!.together).toBe(false);
  });
});
