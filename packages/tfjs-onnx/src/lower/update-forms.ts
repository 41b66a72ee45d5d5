/** Which variables are updated alike. */
import { ELEMENTWISE, sameShape, size, type Value } from '@simgan/tfjs-trace/graph';

/** Of what no variable of its shape is part of element by element, such as a gradient. */
const ANY = 0;
const VARIABLE = 1;

/**
 * Lists of variables, by index, that are updated by the same operators with the same constants. Lists that belong
 * together, such as weights and their first moments, have the same order.
 *
 * @param most how many elements the variables of a list have at most, unless it is a single one
 */
export function updatedAlike(assignments: ReadonlyMap<number, Value>, most: number): number[][] {
  const forms = new Forms();
  const byForm = new Map<string, Portions>();
  for (const family of familiesOf(assignments, forms)) {
    const form = family.map((index) => forms.of(assignments.get(index)!)).join();
    const portions = byForm.get(form) ?? new Portions(most);
    portions.add(family, size(assignments.get(family[0]!)!.shape));
    byForm.set(form, portions);
  }
  return [...byForm.values()].flatMap(({ lists }) =>
    lists.flatMap((families) => families[0]!.map((_, role) => families.map((family) => family[role]!))),
  );
}

/** Variables whose updates share values, as those of a weight, its moments and its average do. */
function familiesOf(assignments: ReadonlyMap<number, Value>, forms: Forms): (readonly number[])[] {
  const homes = new Map<Value, readonly number[]>();
  for (const [index, assigned] of assignments) {
    const values = forms.updateOf(assigned);
    const met = new Set([...values].flatMap((value) => homes.get(value) ?? []));
    const family = [...met, index].toSorted((a, b) => a - b);
    for (const [value, home] of homes) if (met.has(home[0]!)) homes.set(value, family);
    for (const value of values) homes.set(value, family);
  }
  return [...new Set(homes.values())];
}

/** Families in lists of limited size, in their order. */
class Portions {
  readonly lists: (readonly number[])[][] = [];
  readonly #most: number;
  #length = Number.POSITIVE_INFINITY;

  constructor(most: number) {
    this.#most = most;
  }

  add(family: readonly number[], length: number): void {
    this.#length += length;
    if (this.#length > this.#most) {
      this.lists.push([]);
      this.#length = length;
    }
    this.lists.at(-1)!.push(family);
  }
}

/**
 * Numbers values by what they compute, element by element, from variables of their shape and from single numbers. Values
 * with one number above {@link ANY} are computed by the same operators.
 */
class Forms {
  readonly #forms = new Map<Value, number | undefined>();
  readonly #numbers = new Map<string, number>();

  /** `undefined` of what is not float32, such as a mask of something unknown. */
  of(value: Value): number | undefined {
    if (!this.#forms.has(value)) this.#forms.set(value, this.#formOf(value));
    return this.#forms.get(value);
  }

  /** The variables that a value is computed from element by element, and all values between. */
  updateOf(value: Value, found = new Set<Value>()): Set<Value> {
    if (!this.of(value) || found.has(value)) return found;
    found.add(value);
    for (const input of value.inputs) {
      if (sameShape(input.shape, value.shape)) this.updateOf(input, found);
    }
    return found;
  }

  #formOf(value: Value): number | undefined {
    const { op, inputs, attributes, dtype, shape } = value;
    const other = dtype === 'float32' ? ANY : undefined;
    if (op === 'Variable') return other === ANY ? VARIABLE : undefined;
    if (!ELEMENTWISE.has(op)) return other;
    const forms = inputs.map((input) => {
      if (sameShape(input.shape, shape)) return this.of(input);
      return size(input.shape) === 1 ? `number ${input.id}` : undefined;
    });
    const isUpdate = forms.some((form) => typeof form === 'number' && form > ANY);
    if (!isUpdate || forms.includes(undefined)) return other;
    const key = JSON.stringify([op, attributes, dtype, forms]);
    const number = this.#numbers.get(key) ?? this.#numbers.size + VARIABLE + 1;
    this.#numbers.set(key, number);
    return number;
  }
}
