/** A point and the value of the function there. */
export interface Maximum {
  readonly at: readonly number[];
  readonly value: number;
}

/**
 * Climbs to a maximum near `start` without derivatives: Nelder and Mead, "A simplex method for function
 * minimization", 1965.
 *
 * @param steps the first simplex' extent along each axis
 */
export function climb(
  f: (at: readonly number[]) => number,
  start: readonly number[],
  steps: readonly number[],
  iterations: number,
): Maximum {
  const corner = (at: readonly number[]): Maximum => ({ at, value: f(at) });
  const simplex = [
    corner(start),
    ...steps.map((step, axis) => corner(start.map((x, i) => (i === axis ? x + step : x)))),
  ];
  const last = steps.length;
  const byValue = (a: Maximum, b: Maximum) => b.value - a.value;
  for (let iteration = 0; iteration < iterations; iteration++) {
    simplex.sort(byValue);
    const best = simplex[0]!;
    const worst = simplex[last]!;
    const centre = start.map((_, i) => {
      let sum = 0;
      for (let k = 0; k < last; k++) sum += simplex[k]!.at[i]!;
      return sum / last;
    });
    const towards = (share: number) => corner(centre.map((x, i) => x + share * (worst.at[i]! - x)));
    const reflected = towards(-1);
    if (reflected.value > best.value) {
      const expanded = towards(-2);
      simplex[last] = expanded.value > reflected.value ? expanded : reflected;
    } else if (reflected.value > simplex[last - 1]!.value) {
      simplex[last] = reflected;
    } else {
      const contracted = towards(reflected.value > worst.value ? -0.5 : 0.5);
      if (contracted.value > Math.max(worst.value, reflected.value)) {
        simplex[last] = contracted;
      } else {
        for (let k = 1; k <= last; k++) {
          simplex[k] = corner(simplex[k]!.at.map((x, i) => (x + best.at[i]!) / 2));
        }
      }
    }
  }
  return simplex.sort(byValue)[0]!;
}
