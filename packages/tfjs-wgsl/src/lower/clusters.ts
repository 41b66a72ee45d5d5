/**
 * Which values are computed by one kernel. A cluster has at most one operator of its own kind (a convolution, a
 * reduction, …), and elementwise operators that follow it element by element: biases, activations, residuals, masks of
 * gradients, and the update of an optimizer after the last sum of a gradient.
 */
import { liveValues, size, splat, type Value } from '@simgan/tfjs-trace/graph';
import { isElementwise, isGiven, sourceOf } from './views.ts';

export interface Cluster {
  /** In an order in which they can be computed; only the first may be other than elementwise. */
  readonly members: Value[];
  /** Elements that each member has. */
  readonly length: number;
  /** Members that are read elsewhere, or returned. */
  outputs: readonly Value[];
  /** Values in buffers that its kernels read: given ones and outputs of other clusters. */
  reads: ReadonlySet<Value>;
}

export interface Clusters {
  readonly list: readonly Cluster[];
  /** Whether a value is computed once, in its cluster; if not, it is computed anew within each kernel that needs it. */
  isShared(value: Value): boolean;
}

/**
 * Clusters, each depending only on given values and on others.
 *
 * Each elementwise value joins the latest of the clusters that it depends on, so that whatever else it depends on is
 * there before. One that depends on given values alone is computed anew where it is needed.
 *
 * @param mostReads the most buffers that the elementwise operators of a cluster read
 * @param breaks values that do not join a cluster
 */
export function clustersOf(roots: readonly Value[], mostReads: number, breaks: ReadonlySet<Value>): Clusters {
  const list: Cluster[] = [];
  const home = new Map<Value, Cluster>();
  const place = new Map<Cluster, number>();
  /** Clusters of values that are needed in a buffer, but computed anew by elementwise operators. */
  const copies = new Map<Value, Cluster>();
  const open = (value: Value, homes: Map<Value, Cluster>) => {
    const cluster: Cluster = { members: [value], length: size(value.shape), outputs: [], reads: new Set() };
    place.set(cluster, list.push(cluster) - 1);
    homes.set(value, cluster);
  };
  const settle = (value: Value) => {
    const source = sourceOf(value);
    if (!home.has(source) && !copies.has(source) && !isGiven(source)) open(source, copies);
  };
  for (const value of liveValues(roots)) {
    if (isGiven(value) || value.op === 'Reshape' || isCheap(value)) continue;
    if (!isElementwise(value)) {
      for (const input of value.inputs) settle(input);
      open(value, home);
      continue;
    }
    const latest = latestOf(producersOf(value, home), home, place);
    if (!latest) continue;
    // What the first member reads counts elsewhere: where it takes two passes, the second does not read it.
    const reads = readsOf([...latest.members, value].filter(isElementwise), { home, own: latest });
    if (latest.length === size(value.shape) && reads.size <= mostReads && !breaks.has(value)) {
      latest.members.push(value);
      home.set(value, latest);
    } else open(value, home);
  }
  for (const root of roots) settle(root);

  const needed = new Set(roots.map(sourceOf));
  for (const cluster of list) {
    cluster.reads = readsOf(cluster.members, { home, own: cluster });
    for (const value of cluster.reads) needed.add(value);
  }
  for (const cluster of list) cluster.outputs = cluster.members.filter((member) => needed.has(member));
  return { list, isShared: (value) => home.has(value) };
}

function latestOf(
  producers: readonly Value[],
  home: ReadonlyMap<Value, Cluster>,
  place: ReadonlyMap<Cluster, number>,
): Cluster | undefined {
  const homes = producers.map((producer) => home.get(producer)!);
  return homes.toSorted((a, b) => place.get(b)! - place.get(a)!)[0];
}

/** A mask costs less to compute anew, from what is stored anyway, than to store and load. */
const isCheap = ({ op }: Value) => op === 'Step';

/** The shared values that a value is computed from, through views and values that are computed anew. */
function producersOf(value: Value, home: ReadonlyMap<Value, Cluster>): Value[] {
  return value.inputs.flatMap((input) => {
    const source = sourceOf(input);
    if (home.has(source)) return [source];
    return isGiven(source) ? [] : producersOf(source, home);
  });
}

/** The values in buffers that members of a cluster read. Single numbers are written into programs. */
function readsOf(
  members: readonly Value[],
  { home, own }: { readonly home: ReadonlyMap<Value, Cluster>; readonly own: Cluster },
): Set<Value> {
  const reads = new Set<Value>();
  const visit = (value: Value) => {
    const source = sourceOf(value);
    if (home.get(source) === own || splat(source) !== undefined) return;
    if (home.has(source) || isGiven(source)) reads.add(source);
    else for (const input of source.inputs) visit(input);
  };
  for (const member of members) {
    if (isElementwise(member)) for (const input of member.inputs) visit(input);
    else for (const input of member.inputs) reads.add(sourceOf(input));
  }
  return reads;
}
