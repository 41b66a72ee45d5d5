/** @file Why a value cannot be an annotation or manifest: not JSON, or more of it than either ever has. */

/** Deeper nesting would use up the stack of whatever walks through it, as an object that holds itself would. */
const DEEPEST = 200;

/** More values than any annotation has: whoever checks them would need gigabytes. */
const MOST_VALUES = 1_000_000;

/** What {@link jsonProblem} says of values that are nested too deep. */
export const TOO_DEEP = `it is nested more than ${DEEPEST} levels deep`;
/** What {@link jsonProblem} says of too many values. */
export const TOO_MANY = `it holds more than ${MOST_VALUES} values`;

/** Where and why a value is not plain JSON, or not that of an annotation, or `undefined` if it is. */
export function jsonProblem(value: unknown): string | undefined {
  return problemWithin(value, '', 0, { left: MOST_VALUES });
}

function problemWithin(
  value: unknown,
  path: string,
  depth: number,
  values: { left: number },
): string | undefined {
  if (depth > DEEPEST) return TOO_DEEP;
  if (--values.left < 0) return TOO_MANY;
  const where = path || 'the value';
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return undefined;
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : `${where} is ${value}`;
  if (typeof value !== 'object') return `${where} is a ${typeof value}`;
  if (Array.isArray(value)) {
    // By index: forEach and friends skip holes, which JSON would turn into null.
    for (let i = 0; i < value.length; i++) {
      const problem = problemWithin(value[i], `${path}[${i}]`, depth + 1, values);
      if (problem) return problem;
    }
    return undefined;
  }
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    return `${where} is a ${value.constructor?.name ?? 'class instance'}`;
  }
  for (const [key, member] of Object.entries(value)) {
    // JSON.stringify leaves out optional fields that are not set, as it should.
    if (member === undefined) continue;
    const problem = problemWithin(member, path ? `${path}.${key}` : key, depth + 1, values);
    if (problem) return problem;
  }
  return undefined;
}
