/** Measures the share of time that parts of a job take. */
export interface Stopwatch<Part extends string> {
  /** Does some work, and counts its time towards a part. */
  during<Result>(part: Part, work: () => Promise<Result>): Promise<Result>;
  /** The share of each part of the time since the start, in [0, 1]. */
  shares(): Readonly<Record<Part, number>>;
}

/** Starts to measure these parts. */
export function startStopwatch<Part extends string>(parts: readonly Part[]): Stopwatch<Part> {
  const began = performance.now();
  const spent = Object.fromEntries(parts.map((part) => [part, 0])) as Record<Part, number>;
  return {
    async during(part, work) {
      const start = performance.now();
      try {
        return await work();
      } finally {
        spent[part] += performance.now() - start;
      }
    },
    shares() {
      const all = Math.max(1, performance.now() - began);
      return Object.fromEntries(parts.map((part) => [part, spent[part] / all])) as Record<Part, number>;
    },
  };
}
