/** @file The figures that a report shows: what `report.json` and `evaluation.json` in a run's folders may hold. */
import { z } from 'zod';

const text = z.string().max(10_000);
const figure = z.number();
const count = z.int().nonnegative();
const named = <Value extends z.ZodType>(value: Value) => z.record(z.string().max(200), value);

const summary = z.object({ count, median: figure, mean: figure, std: figure, p95: figure });

const labels = z.object({
  pairs: count,
  quantities: named(
    z.object({
      unit: text,
      shift: summary,
      lost: count,
      abstained: count,
      toAnnotation: z.object({ synthetic: summary, refined: summary }).optional(),
    }),
  ),
});

const labelPairs = named(
  z.object({
    unit: text,
    /** Pictures in which the quantity was found before and after: its values, and how far it moved. */
    points: z
      .array(z.object({ before: z.array(figure).max(64), after: z.array(figure).max(64), shift: figure }))
      .max(5000),
  }),
);

const distance = z.object({
  intensity: figure.optional(),
  gradient: figure.optional(),
  contrast: figure.optional(),
  diversity: figure.optional(),
});

const realism = z.object({
  kernelDistance: figure.optional(),
  balancedAccuracy: figure,
  auc: figure,
  /** Where `auc` lies with 95 % confidence, pictures and not their crops counted. */
  interval: z.object({ low: figure, high: figure }).optional(),
  /** Held-out pictures of each set that were told apart. */
  pictures: z.tuple([count, count]).optional(),
});

const estimated = z.object({ count, mean: figure, share: figure });

const downstream = z.object({
  estimator: text,
  unit: text,
  within: figure,
  steps: count,
  tested: count,
  runs: z.array(named(estimated)).max(1000),
});

/** One question that a run is judged by, and the answer. */
const verdictPart = z.object({
  /** `looks`, `labels` or `use`, or another word. */
  question: text,
  verdict: z.enum(['better', 'no different', 'worse', 'refused', 'unknown']),
  /** Sentences for people. */
  reason: text,
});

const useScore = z.object({
  score: figure,
  agreement: figure.optional(),
  stability: figure.optional(),
  verdict: text.optional(),
  reason: text.optional(),
});

const certificate = z.object({
  quantity: text,
  limit: figure,
  unit: text,
  sampled: count,
  within: count,
  lost: count,
  abstained: count,
  confidence: figure,
  atLeast: figure,
});

/**
 * What `report.json` (written by `augment`) and `evaluation.json` (written by `evaluate`) hold. Every part may be
 * missing, and further ones are passed over: a report shows what is there.
 */
export const evaluationSchema = z.object({
  /** How far each set is from the real one, by name: `synthetic`, `matched`, `refined`, `real`. */
  distances: named(distance).optional(),
  /** How well each set is told from the real one; `real` is the control: one half of the real set from the other. */
  realism: named(realism).optional(),
  /** How far labels moved: as a whole, or for `matched` and `refined`. */
  labels: z.union([labels, z.object({ matched: labels.optional(), refined: labels.optional() })]).optional(),
  labelPairs: labelPairs.optional(),
  /** What an estimator learns from each set. */
  downstream: downstream.optional(),
  /** What networks trained on each set do on unlabeled real pictures. */
  use: named(useScore).optional(),
  /** What a random sample says about all labels. */
  certificate: certificate.optional(),
  /** The verdict of whoever judged the run, in place of the one that the report derives. */
  verdict: z.array(verdictPart).max(20).optional(),
  warnings: z.array(text).max(1000).optional(),
});

/** The figures of a run; see {@link evaluationSchema}. */
export type EvaluationFile = z.infer<typeof evaluationSchema>;
/** One question that a run is judged by, and the answer. */
export type VerdictPart = z.infer<typeof verdictPart>;
/** How far labels moved, by quantity. */
export type LabelFigures = z.infer<typeof labels>;
/** Values of a quantity before and after refinement. */
export type LabelPairs = z.infer<typeof labelPairs>;
