/** Deeper nesting would use up the stack of whatever walks through a value. */
const DEEPEST = 100;

/** Whether a JSON value is nested deeper than labels ever are. Uses no stack itself. */
export function isTooDeep(value: unknown): boolean {
  const open: { readonly value: unknown; readonly depth: number }[] = [{ value, depth: 0 }];
  for (let next = open.pop(); next; next = open.pop()) {
    if (typeof next.value !== 'object' || next.value === null) continue;
    if (next.depth >= DEEPEST) return true;
    for (const member of Object.values(next.value)) {
      if (typeof member === 'object' && member !== null) open.push({ value: member, depth: next.depth + 1 });
    }
  }
  return false;
}
