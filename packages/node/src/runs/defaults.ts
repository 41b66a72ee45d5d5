/** The defaults of jobs' options, named once for the library and for help texts. */
export const defaults = {
  seed: 1,
  engine: 'auto',
  device: 'auto',
  /** Samples that the simulator makes. */
  count: 1000,
  /** Pictures of each set that `inspect` looks at. */
  inspected: 400,
  /** Pictures of each set that `evaluate` looks at. */
  evaluated: 1000,
  /** Refined pictures that a subject of a visual Turing test judges, and synthetic ones; as many real ones each. */
  judged: 50,
  judgedControl: 10,
  /** Trainings of an estimator. */
  repeats: 1,
} as const;
