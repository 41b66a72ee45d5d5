import { convolutionFeatures, type FeatureTransform } from '@simgan/core';
import { eyeFeaturesWeights } from './eye-features-weights.ts';

/**
 * What a network sees that was trained to tell gaze and landmarks of simulated eyes: 32 maps of half the size, from
 * 9x9 pixels each, of the mean of the channels. It answers to what labels mean more than to light: to an eye turned by 8
 * degrees 3.5 to 4.5 times as much as to a change of brightness, contrast or shading that changes pixels as much (with
 * weights at random 2.4 times). The whole network, of which these are the first layers, tells the gaze of unseen eyes of
 * both renderers in changed light to 10 degrees and the pupil to 1.3 pixels in the median; `bench/eye-features.ts` made it.
 * The weights are frozen, and decoded at the first use.
 */
export const eyeFeatures: FeatureTransform = Object.assign(
  (batch: Parameters<FeatureTransform>[0]) => decoded()(batch),
  { fingerprint: () => decoded().fingerprint!() },
);

let known: FeatureTransform | undefined;

function decoded(): FeatureTransform {
  known ??= convolutionFeatures(Uint8Array.from(atob(eyeFeaturesWeights), (letter) => letter.charCodeAt(0)));
  return known;
}
