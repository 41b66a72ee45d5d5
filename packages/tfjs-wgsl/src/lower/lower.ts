/** Turns the graph of a step into kernels and a plan of their buffers. */
import { type ElementType, StepError, type StepGraph, size, type Value } from '@simgan/tfjs-trace/graph';
import { elementwise } from '../kernels/elementwise.ts';
import type { Scope } from '../kernels/finish.ts';
import type { Kernel, Place } from '../kernels/shader.ts';
import { LOWERINGS } from '../kernels/table.ts';
import { type TunedTile, tileFor } from '../kernels/tiles.ts';
import { LITERAL_BITS } from '../kernels/types.ts';
import { type Cluster, type Clusters, clustersOf } from './clusters.ts';
import { GpuMemoryError } from './gpu-memory-error.ts';
import { bytesOf, type Memory, planMemory } from './memory.ts';
import { orderOf } from './order.ts';
import { prepare } from './prepare.ts';
import { isElementwise, isGiven, sourceOf } from './views.ts';

/** What a device allows. */
export interface Limits {
  /** Storage buffers of a kernel. */
  readonly buffers: number;
  /** Bytes of a buffer. */
  readonly bytes: number;
}

/** Where a place's buffer comes from. */
export type Origin =
  | { readonly kind: 'variable'; readonly index: number }
  | { readonly kind: 'input'; readonly name: string }
  | { readonly kind: 'constant'; readonly value: Value }
  | { readonly kind: 'planned'; readonly buffer: number };

/** A step as kernels that run one after the other. */
export interface Program {
  readonly kernels: readonly Kernel[];
  readonly origins: ReadonlyMap<Place, Origin>;
  readonly memory: Memory;
  readonly outputs: readonly {
    readonly name: string;
    readonly place: Place;
    readonly shape: readonly number[];
  }[];
  /** Variables, by index, that are read, and that are written. */
  readonly reads: readonly number[];
  readonly writes: readonly number[];
  /** New values of variables that are copied to them in the end, because the old ones are read until then. */
  readonly copies: readonly { readonly from: Place; readonly index: number }[];
  /** Its operators that are not elementwise. */
  readonly products: readonly Value[];
}

/**
 * @param tuned tiles that were measured on the GPU; default: a table of what large GPUs should like
 */
export function lowerStep(step: StepGraph, limits: Limits, tuned: readonly TunedTile[] = []): Program {
  const { graph, outputs, assignments } = step;
  const returned = [...outputs].map(([name, value]) => [name, graph.cast(value, 'float32')] as const);
  const roots = prepare(graph, [...returned.map(([, value]) => value), ...assignments.values()]);
  const assigned = new Map([...assignments.keys()].map((index, i) => [index, roots[returned.length + i]!]));
  const breaks = new Set<Value>();
  for (;;) {
    const clusters = clustersOf(roots, limits.buffers - 1, breaks);
    const drafted = draft(clusters, assigned, tuned);
    const crowded = drafted.find(({ kernels }) =>
      kernels.some(({ places }) => places.length > limits.buffers),
    );
    if (!crowded) {
      return assemble(drafted, {
        outputs: returned.map(([name, { shape }], i) => ({ name, shape, value: sourceOf(roots[i]!) })),
        assigned,
        limits,
      });
    }
    const { members } = crowded.cluster;
    const middle = members[Math.max(Math.floor(members.length / 2), 1)];
    if (!middle)
      throw new StepError(
        `The operator ${members[0]!.op} reads more than the ${limits.buffers} buffers that this GPU allows to a kernel.`,
      );
    breaks.add(middle);
  }
}

interface Draft {
  readonly cluster: Cluster;
  readonly kernels: readonly Kernel[];
  readonly places: Places;
}

/** Places by value, each with one object. */
class Places {
  readonly #places = new Map<string | Value, Place>();
  readonly #inPlace: ReadonlyMap<Value, number>;
  readonly origins = new Map<Place, Exclude<Origin, { kind: 'planned' }>>();

  constructor(inPlace: ReadonlyMap<Value, number>) {
    this.#inPlace = inPlace;
  }

  of(value: Value): Place {
    const source = sourceOf(value);
    const index = source.op === 'Variable' ? (source.attributes.index as number) : this.#inPlace.get(source);
    if (index !== undefined) return this.#make(`variable ${index}`, source, { kind: 'variable', index });
    if (source.op === 'Input')
      return this.#make(source, source, { kind: 'input', name: source.attributes.name as string });
    if (source.op === 'Constant') return this.#make(source, source, { kind: 'constant', value: source });
    return this.#make(source, source);
  }

  #make(
    key: string | Value,
    { dtype, shape }: { dtype: ElementType; shape: readonly number[] },
    origin?: Exclude<Origin, { kind: 'planned' }>,
  ): Place {
    const known = this.#places.get(key);
    if (known) return known;
    const place = { dtype, length: size(shape) };
    this.#places.set(key, place);
    if (origin) this.origins.set(place, origin);
    return place;
  }
}

function draft(
  clusters: Clusters,
  assigned: ReadonlyMap<number, Value>,
  tuned: readonly TunedTile[],
): Draft[] {
  const { clusters: ordered, inPlace } = orderOf(clusters.list, assigned);
  const places = new Places(inPlace);
  return ordered.map((cluster) => {
    const { members, outputs, length } = cluster;
    const scope: Scope = {
      members,
      outputs,
      length,
      isStored: (value) => isGiven(value) || clusters.isShared(value),
      placeOf: (value) => places.of(value),
      tileFor: (product) => tileFor(product, tuned),
    };
    const [first] = members as [Value];
    const lowering = isElementwise(first) ? elementwise : LOWERINGS[first.op];
    if (!lowering) {
      throw new StepError(
        `The operator ${first.op} has no kernel on the GPU. Write the step without it, or run it with @simgan/tfjs-onnx.`,
      );
    }
    const label = members.map(({ op }) => op).join(' ');
    return { cluster, places, kernels: lowering(scope, label) };
  });
}

interface Wanted {
  readonly outputs: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly value: Value;
  }[];
  readonly assigned: ReadonlyMap<number, Value>;
  readonly limits: Limits;
}

function assemble(drafted: readonly Draft[], { outputs, assigned, limits }: Wanted): Program {
  const kernels = drafted
    .flatMap((one) => one.kernels)
    .map((kernel) => ({ ...kernel, code: withLiterals(kernel.code) }));
  const places = drafted[0]!.places;
  const copies = [...assigned].flatMap(([index, value]) => {
    const from = places.of(value);
    const origin = places.origins.get(from);
    return origin?.kind === 'variable' && origin.index === index ? [] : [{ from, index }];
  });
  const returned = outputs.map(({ name, shape, value }) => ({ name, shape, place: places.of(value) }));
  const bound = new Set(kernels.flatMap((kernel) => kernel.places));
  for (const place of bound) {
    if (bytesOf(place) > limits.bytes) throw tooLarge(place, limits);
  }
  const planned = new Set([...bound].filter((place) => !places.origins.has(place)));
  const kept = new Set([...returned.map(({ place }) => place), ...copies.map(({ from }) => from)]);
  const memory = planMemory(kernels, planned, kept);
  const origins = new Map<Place, Origin>(
    [...bound].map((place) => [
      place,
      places.origins.get(place) ?? { kind: 'planned', buffer: memory.bufferOf.get(place)! },
    ]),
  );
  const reads = [...origins.values()].flatMap((origin) => (origin.kind === 'variable' ? [origin.index] : []));
  return {
    kernels,
    origins,
    memory,
    outputs: returned,
    reads,
    writes: [...assigned.keys()],
    copies,
    products: drafted.map(({ cluster }) => cluster.members[0]!).filter((first) => !isElementwise(first)),
  };
}

const withLiterals = (code: string) => (/_bits\)/.test(code) ? `${LITERAL_BITS}\n${code}` : code);

function tooLarge(place: Place, limits: Limits): GpuMemoryError {
  const [needed, allowed] = [bytesOf(place), limits.bytes].map((bytes) => `${Math.ceil(bytes / 2 ** 20)} MB`);
  return new GpuMemoryError(
    `The step needs a buffer of ${needed}, and this GPU allows ${allowed}. Use a smaller batch, or smaller pictures.`,
  );
}
