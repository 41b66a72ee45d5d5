/**
 * The values within a value, level by level: itself, then its members, then theirs. It uses no stack, so whoever walks
 * decides how deep is too deep.
 */
export function* levelsOf(value: unknown): Generator<readonly unknown[], void, void> {
  for (let level = [value]; level.length > 0; ) {
    yield level;
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []));
  }
}
