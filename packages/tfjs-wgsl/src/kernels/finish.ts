/** The part of a cluster's kernels that follows its first member: elementwise operators, and the stores of outputs. */
import { splat, type Value } from '@simgan/tfjs-trace/graph';
import { isElementwise, sourceOf } from '../lower/views.ts';
import { expressionOf } from './expressions.ts';
import { readingOf } from './indices.ts';
import type { Place, Shader } from './shader.ts';
import type { ProductSize, Tile } from './tiles.ts';
import { computeType, type Lanes, literal, splatted } from './types.ts';

/** What kernels of a cluster are made from. */
export interface Scope {
  readonly members: readonly Value[];
  readonly outputs: readonly Value[];
  /** Elements of each member. */
  readonly length: number;
  /** Whether a value exists in a buffer when the cluster runs. */
  isStored(value: Value): boolean;
  /** Where it is. */
  placeOf(value: Value): Place;
  /** The tile of a product. */
  tileFor(product: ProductSize): Tile;
}

/** The widest that a cluster's elements can be worked on. */
export const lanesOf = ({ length }: Scope): Lanes => (length % 4 === 0 ? 4 : 1);

/**
 * Declares `finish(e, first)`, which takes the first member's elements from number `e` on, computes the other members and
 * stores the outputs. If the first member is elementwise too, it is `finish(e)` and computes it as well.
 */
export function declareFinish(shader: Shader, scope: Scope, lanes: Lanes): void {
  const { members, outputs } = scope;
  const emitter = new Emitter(shader, scope, lanes);
  const [first] = members as [Value];
  const parameters = ['e: u32'];
  if (!isElementwise(first)) {
    parameters.push(`first: ${computeType(first.dtype, lanes)}`);
    emitter.know(first, 'first');
  }
  for (const member of members) if (isElementwise(member)) emitter.compute(member);
  for (const output of outputs) {
    emitter.lines.push(shader.store(scope.placeOf(output), 'e', emitter.nameOf(output), lanes));
  }
  shader.declare(`fn finish(${parameters.join(', ')}) {
${emitter.lines.map((line) => `  ${line}`).join('\n')}
}`);
}

class Emitter {
  readonly lines: string[] = [];
  readonly #shader: Shader;
  readonly #scope: Scope;
  readonly #lanes: Lanes;
  /** Names of values, by where and how wide they were computed. */
  readonly #names = new Map<string, string>();
  readonly #members: ReadonlySet<Value>;

  constructor(shader: Shader, scope: Scope, lanes: Lanes) {
    this.#shader = shader;
    this.#scope = scope;
    this.#lanes = lanes;
    this.#members = new Set(scope.members);
  }

  know(member: Value, name: string): void {
    this.#names.set(keyOf(member, 'e', this.#lanes), name);
  }

  nameOf(member: Value): string {
    return this.#names.get(keyOf(member, 'e', this.#lanes))!;
  }

  compute(member: Value): void {
    this.#define(member, 'e', this.#lanes);
  }

  /** The elements of a value from `index` on. */
  #elements(value: Value, index: string, lanes: Lanes): string {
    const number = splat(value);
    if (number !== undefined) return splatted(literal(number, value.dtype), value.dtype, lanes);
    const source = sourceOf(value);
    const known = this.#names.get(keyOf(source, index, lanes));
    if (known) return known;
    if (!this.#members.has(source) && isElementwise(source) && !this.#scope.isStored(source)) {
      return this.#define(source, index, lanes);
    }
    return this.#name(source, index, lanes, this.#shader.load(this.#scope.placeOf(source), index, lanes));
  }

  #define(value: Value, index: string, lanes: Lanes): string {
    const inputs = value.inputs.map((input) => this.#operand(input, value, index, lanes));
    const text = value.op === 'Broadcast' ? inputs[0]! : expressionOf(this.#shader, value, inputs, lanes);
    return this.#name(value, index, lanes, text);
  }

  /** An operand of `result`, broadcast to it. */
  #operand(operand: Value, result: Value, index: string, lanes: Lanes): string {
    const { kind, at } = readingOf(result.shape, operand.shape);
    if (kind === 'same') return this.#elements(operand, index, lanes);
    if (lanes === 1) return this.#elements(operand, this.#index(at(index)), 1);
    switch (kind) {
      case 'run':
        return this.#elements(operand, this.#index(at(index)), 4);
      case 'repeat':
        return splatted(this.#elements(operand, this.#index(at(index)), 1), operand.dtype, 4);
      case 'scattered': {
        const each = [0, 1, 2, 3].map((lane) => {
          const neighbor = this.#index(`${index} + ${lane}u`);
          return this.#elements(operand, this.#index(at(neighbor)), 1);
        });
        return `${computeType(operand.dtype, 4)}(${each.join(', ')})`;
      }
    }
  }

  /** A name for an index, so that values at equal indices are known to be equal. */
  #index(text: string): string {
    if (/^\w+$/.test(text)) return text;
    const key = `index ${text}`;
    const known = this.#names.get(key);
    if (known) return known;
    const name = `i${this.#names.size}`;
    this.#names.set(key, name);
    this.lines.push(`let ${name} = ${text};`);
    return name;
  }

  #name(value: Value, index: string, lanes: Lanes, text: string): string {
    const name = `v${this.#names.size}`;
    this.#names.set(keyOf(value, index, lanes), name);
    this.lines.push(`let ${name}: ${computeType(value.dtype, lanes)} = ${text};`);
    return name;
  }
}

const keyOf = ({ id }: Value, index: string, lanes: Lanes) => `${id} ${index} ${lanes}`;
