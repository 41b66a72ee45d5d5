/** @file One visual Turing test: what is shown to a subject, without a word of what is true. */

/** A picture that a subject is asked about. */
export interface TrialPicture {
  /** Says nothing of where the picture comes from. */
  readonly key: string;
  /** A data URL, or an address of the server that made the page. */
  readonly src: string;
}

/** The article's results: 10 subjects, exact one-sided binomial p-values. */
export const articleTuring = {
  refined: { correct: 517, total: 1000 },
  control: { correct: 162, total: 200 },
} as const;
