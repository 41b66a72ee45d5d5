/** When a run is looked at, and when it may end before its steps are done. */
export interface Steering {
  /** Turns between two looks at held-out pictures. */
  readonly every: number;
  /** Turns before which a run does not end: distances rise at first, before they fall. Default: 6 looks. */
  readonly least?: number;
  /** Looks without a gain of 5% after which the run ends. Default: 5. */
  readonly patience?: number;
  /** Held-out pictures of each set per look. Default: 128. */
  readonly pictures?: number;
  /**
   * How far labels may move, in the unit of the probe's first quantity, as a median over the pictures of a look. Looks
   * beyond it are never the best, and two in a row end the run. Default: 0.8, of pixels in pictures 55 wide.
   */
  readonly labelShift?: number;
  /**
   * How the use of refined pictures is judged at some looks, where the domain has a task; `false`: it is not. A look at
   * which it is worse than that of the raw pictures is not the best.
   */
  readonly use?: UseLooks | false;
}

/** Judging the use of refined pictures while training: how often, and how thoroughly. */
export interface UseLooks {
  /** Looks between two judgments. Default: 4. */
  readonly every?: number;
  /** Labeled pictures that networks learn from, at least 40; half as many real ones are answered. Default: 400. */
  readonly pictures?: number;
  /** Training steps of a network, at most those of the task's recipe. Default: 60. */
  readonly steps?: number;
}

/** Everything that is wrong with a recipe's steering, one clause each. */
export function steeringProblems({ every, least, patience, pictures, labelShift, use }: Steering): string[] {
  const problems: string[] = [];
  const whole = (key: string, value: number | undefined, lowest: number) => {
    if (value === undefined || (Number.isInteger(value) && value >= lowest)) return;
    problems.push(`steering.${key} must be a whole number of at least ${lowest}, not ${value}`);
  };
  whole('every', every, 1);
  whole('least', least, 0);
  whole('patience', patience, 1);
  whole('pictures', pictures, 8);
  if (use) {
    whole('use.every', use.every, 1);
    whole('use.pictures', use.pictures, 40);
    whole('use.steps', use.steps, 1);
  }
  if (labelShift !== undefined && !(labelShift > 0)) {
    problems.push(`steering.labelShift must be above 0, not ${labelShift}`);
  }
  return problems;
}
