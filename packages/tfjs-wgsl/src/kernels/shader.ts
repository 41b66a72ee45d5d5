/** A WGSL program under construction: its bindings, and how their elements are loaded and stored. */
import { type ElementType, StepError } from '@simgan/tfjs-trace/graph';
import type { Lanes } from './types.ts';
import { storageType } from './types.ts';

/** A buffer that a kernel reads or writes; kernels that name the same place share a binding. */
export interface Place {
  readonly dtype: ElementType;
  /** Elements. */
  readonly length: number;
}

/** One dispatch: a program, the buffers of its bindings in order, and its workgroups. */
export interface Kernel {
  /** What it computes, for messages and reports. */
  readonly label: string;
  readonly code: string;
  readonly places: readonly Place[];
  readonly workgroups: readonly [number, number, number];
  /** The places that it writes. */
  readonly written: ReadonlySet<Place>;
  /** Those of them that it reads too. */
  readonly readsWritten: ReadonlySet<Place>;
}

interface Binding {
  readonly name: string;
  readonly lanes: Lanes;
  isRead: boolean;
  isWritten: boolean;
}

/** WebGPU's limit on each dimension of a dispatch. */
const MOST_WORKGROUPS = 65535;

export class Shader {
  readonly #bindings = new Map<Place, Binding>();
  readonly #helpers = new Set<string>();
  readonly #parts: string[] = [];

  /** Adds declarations: functions, constants, workgroup memory. */
  declare(text: string): void {
    this.#parts.push(text);
  }

  /** Adds a function once, however often it is asked for. */
  helper(text: string): void {
    this.#helpers.add(text);
  }

  /** Binds a place. `lanes` is how its elements are laid out in the program; the first request decides. */
  bind(place: Place, lanes: Lanes): void {
    this.#binding(place, lanes);
  }

  /** The elements from `index` on; with four lanes, `index` is a multiple of four. */
  load(place: Place, index: string, lanes: Lanes): string {
    const binding = this.#binding(place, lanes);
    binding.isRead = true;
    const { name, lanes: declared } = binding;
    const element = (at: string) =>
      declared === 1 ? `${name}[${at}]` : `${name}[(${at}) >> 2u][(${at}) & 3u]`;
    const loaded =
      lanes === 1
        ? element(index)
        : declared === 4
          ? `${name}[(${index}) >> 2u]`
          : `vec4<${storageType(place.dtype)}>(${[0, 1, 2, 3].map((i) => `${name}[(${index}) + ${i}u]`)})`;
    if (place.dtype !== 'bool') return loaded;
    return lanes === 1 ? `(${loaded} != 0u)` : `(${loaded} != vec4u(0u))`;
  }

  store(place: Place, index: string, value: string, lanes: Lanes): string {
    const binding = this.#binding(place, lanes);
    binding.isWritten = true;
    const stored =
      place.dtype !== 'bool'
        ? value
        : lanes === 1
          ? `select(0u, 1u, ${value})`
          : `select(vec4u(0u), vec4u(1u), ${value})`;
    if (binding.lanes === lanes)
      return `${binding.name}[${lanes === 1 ? index : `(${index}) >> 2u`}] = ${stored};`;
    if (lanes === 1) {
      throw new StepError(
        `A kernel stores single elements of a buffer that it reads as vectors. Please report this step.`,
      );
    }
    return `{ let stored = ${stored}; ${[0, 1, 2, 3].map((i) => `${binding.name}[(${index}) + ${i}u] = stored[${i}];`).join(' ')} }`;
  }

  /**
   * The kernel that runs `body` in each of `threads` invocations, of which `t` is the number.
   */
  flat(label: string, threads: number, body: string, size = 64): Kernel {
    const groups = Math.ceil(threads / size);
    const x = Math.min(groups, MOST_WORKGROUPS);
    this.declare(`@compute @workgroup_size(${size})
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u) {
  let t = id.y * workgroups.x * ${size}u + id.x;
  if (t >= ${threads}u) { return; }
${body}
}`);
    return this.#kernel(label, [x, Math.ceil(groups / x), 1]);
  }

  /**
   * The kernel that runs `body` in workgroups of `size` invocations: `group` is the number of the workgroup, below
   * `groups`, and `l` that of the invocation within it.
   */
  grouped(label: string, groups: number, size: number, body: string): Kernel {
    const x = Math.min(groups, MOST_WORKGROUPS);
    this.declare(`@compute @workgroup_size(${size})
fn main(@builtin(workgroup_id) id: vec3u, @builtin(num_workgroups) workgroups: vec3u, @builtin(local_invocation_index) l: u32) {
  let group = id.y * workgroups.x + id.x;
  if (group >= ${groups}u) { return; }
${body}
}`);
    return this.#kernel(label, [x, Math.ceil(groups / x), 1]);
  }

  #kernel(label: string, workgroups: Kernel['workgroups']): Kernel {
    const entries = [...this.#bindings];
    const declared = entries.map(([{ dtype }, { name, lanes, isWritten }], i) => {
      const element = storageType(dtype);
      const access = isWritten ? 'read_write' : 'read';
      return `@group(0) @binding(${i}) var<storage, ${access}> ${name}: array<${lanes === 4 ? `vec4<${element}>` : element}>;`;
    });
    return {
      label,
      code: [...declared, ...this.#helpers, ...this.#parts].join('\n'),
      places: entries.map(([place]) => place),
      workgroups,
      readsWritten: new Set(
        entries.flatMap(([place, { isRead, isWritten }]) => (isRead && isWritten ? [place] : [])),
      ),
      written: new Set(entries.flatMap(([place, { isWritten }]) => (isWritten ? [place] : []))),
    };
  }

  #binding(place: Place, lanes: Lanes): Binding {
    const known = this.#bindings.get(place);
    if (known) return known;
    const binding = { name: `b${this.#bindings.size}`, lanes, isRead: false, isWritten: false };
    this.#bindings.set(place, binding);
    return binding;
  }
}

/**
 * The body of a function that gives `vec4f` of elements, one by one. `element` is that of lane `i`. Written as a loop: four
 * copies of the code would take some drivers seconds to compile.
 */
export const gathered = (element: string) => `{
  var lanes = vec4f(0f);
  for (var i = 0u; i < 4u; i++) { lanes[i] = ${element}; }
  return lanes;
}`;

/**
 * The body of a function that gives `value` where `condition` holds, else 0. With one exit and without `&&`, which some
 * drivers take minutes to compile.
 */
export const guarded = (
  type: string,
  condition: string,
  { lets = '', value }: { readonly lets?: string; readonly value: string },
) => `{
  var guarded = ${type}(0f);${lets}
  if (${condition}) { guarded = ${value}; }
  return guarded;
}`;
