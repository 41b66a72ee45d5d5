import { type Estimator, estimatorNetwork } from '@simgan/core';
import { classProbabilities, logisticLoss } from '@simgan/core/evaluation';
import type { EyeAnnotation } from '../annotation.ts';

/** Eyes that are less open than this count as closed. */
const CLOSED_BELOW = 0.2;

/** Classifies eyes as open or closed; its error is 0 or 1, so that the mean is the error rate. */
export const opennessClassifier: Estimator<EyeAnnotation> = {
  name: 'openness',
  unit: 'error rate',
  within: 0,
  outputShape: [1, 1, 1],
  network: estimatorNetwork([
    { convolution: 3, stride: 2, filters: 12 },
    { convolution: 3, stride: 2, filters: 24 },
    { convolution: 3, stride: 2, filters: 32 },
    { dense: 32 },
    { dense: 1 },
  ]),
  recipe: { steps: 600, batchSize: 64, optimizer: { kind: 'adam' }, learningRate: 0.001 },
  target: (annotation) =>
    annotation.openness === undefined ? undefined : Float32Array.of(isOpen(annotation.openness) ? 1 : 0),
  loss: logisticLoss,
  errors: ([logit = 0], { openness = 0 }) => [logit > 0 === isOpen(openness) ? 0 : 1],
  answer: {
    kind: 'class',
    classes: ['closed', 'open'],
    probabilities: ([logit = 0]) => classProbabilities([0, logit]),
    truth: ({ openness }) => (openness === undefined ? undefined : Number(isOpen(openness))),
  },
};

function isOpen(openness: number): boolean {
  return openness >= CLOSED_BELOW;
}
