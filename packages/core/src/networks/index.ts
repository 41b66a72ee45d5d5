export {
  type Convolution,
  type ConvolutionShape,
  convolution,
  type Initializer,
  type Padding,
} from './convolution.ts';
export { type DiscriminatorLayer, type DiscriminatorOptions, patchDiscriminator } from './discriminator.ts';
export { type EstimatorLayer, estimatorNetwork } from './estimator.ts';
export { convolutionFeatures, hashOf } from './features.ts';
export {
  type Discriminator,
  type Network,
  type NetworkBuilder,
  type NetworkParts,
  parameterCount,
  type Refiner,
  type WarpedBatch,
  type Warping,
} from './network.ts';
export { noiseBatch } from './noise.ts';
export { clampToRange, type ResidualRefinerOptions, residualRefiner } from './refiner.ts';
export {
  type FeatureTransform,
  featureRegularizer,
  identity,
  l1Regularizer,
  meanOfChannels,
  type Regularizer,
  regionMeans,
  weightedSum,
} from './regularizer.ts';
export { sampleAt } from './sampling.ts';
export { buildNetwork, createVariable, variableName } from './variables.ts';
export { type WarpingRefinerOptions, warpingRefiner } from './warping-refiner.ts';
