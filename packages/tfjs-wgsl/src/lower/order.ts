/** The order of clusters, and which variables are overwritten in place. */
import type { Value } from '@simgan/tfjs-trace/graph';
import type { Cluster } from './clusters.ts';
import { isElementwise, isGiven, sourceOf } from './views.ts';

export interface Ordered {
  readonly clusters: readonly Cluster[];
  /** New values of variables that replace the old ones in their buffers, and the index of the variable. */
  readonly inPlace: ReadonlyMap<Value, number>;
}

/**
 * Orders clusters so that few values are alive at a time: of those that can run, the one that frees most. A new value of
 * a variable overwrites the old one if all that read the old one can run before.
 */
export function orderOf(list: readonly Cluster[], assignments: ReadonlyMap<number, Value>): Ordered {
  const producer = new Map(
    list.flatMap((cluster) => cluster.outputs.map((output) => [output, cluster] as const)),
  );
  const before = new Map(
    list.map((cluster) => [
      cluster,
      new Set([...cluster.reads].flatMap((value) => producer.get(value) ?? [])),
    ]),
  );
  const inPlace = new Map<Value, number>();
  for (const [index, assigned] of assignments) {
    const value = sourceOf(assigned);
    const writer = producer.get(value)!;
    const readers = list.filter((cluster) => cluster !== writer && readsVariable(cluster, index));
    const [first] = writer.members as [Value];
    const readsWhole =
      !isElementwise(first) && first.inputs.some((input) => isVariable(sourceOf(input), index));
    if (readsWhole || readers.some((reader) => dependsOn(reader, writer, before))) continue;
    for (const reader of readers) before.get(writer)!.add(reader);
    inPlace.set(value, index);
  }
  return { clusters: schedule(list, before, inPlace), inPlace };
}

const isVariable = ({ op, attributes }: Value, index: number) =>
  op === 'Variable' && attributes.index === index;
const readsVariable = ({ reads }: Cluster, index: number) =>
  [...reads].some((value) => isVariable(value, index));

type Before = ReadonlyMap<Cluster, Set<Cluster>>;

function dependsOn(cluster: Cluster, other: Cluster, before: Before): boolean {
  const seen = new Set<Cluster>();
  const stack = [cluster];
  for (let next = stack.pop(); next; next = stack.pop()) {
    if (next === other) return true;
    if (seen.has(next)) continue;
    seen.add(next);
    stack.push(...before.get(next)!);
  }
  return false;
}

function schedule(list: readonly Cluster[], before: Before, inPlace: ReadonlyMap<Value, number>): Cluster[] {
  const waiting = new Map(list.map((cluster) => [cluster, before.get(cluster)!.size]));
  const after = new Map<Cluster, Cluster[]>(list.map((cluster) => [cluster, []]));
  for (const cluster of list) for (const other of before.get(cluster)!) after.get(other)!.push(cluster);
  const readers = new Map<Value, number>();
  for (const { reads } of list) for (const value of reads) readers.set(value, (readers.get(value) ?? 0) + 1);
  const growth = ({ outputs, reads, length }: Cluster) => {
    const made = outputs.filter((output) => !inPlace.has(output)).length * length;
    const freed = [...reads].reduce(
      (sum, value) => sum + (!isGiven(value) && readers.get(value) === 1 ? lengthOf(value) : 0),
      0,
    );
    return made - freed;
  };
  const ready = new Set(list.filter((cluster) => waiting.get(cluster) === 0));
  const order: Cluster[] = [];
  while (ready.size > 0) {
    const next = [...ready].reduce((best, cluster) => (growth(cluster) < growth(best) ? cluster : best));
    ready.delete(next);
    order.push(next);
    for (const value of next.reads) readers.set(value, readers.get(value)! - 1);
    for (const cluster of after.get(next)!) {
      const left = waiting.get(cluster)! - 1;
      waiting.set(cluster, left);
      if (left === 0) ready.add(cluster);
    }
  }
  return order;
}

const lengthOf = ({ shape }: Value) => shape.reduce((product, length) => product * length, 1);
