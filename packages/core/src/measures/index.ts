export { binomialTail, shareAtLeast } from '../binomial.ts';
export { mean, quantile, type Summary, std, summarize } from '../statistics.ts';
export { blockinessOf } from './blockiness.ts';
export { grayOf } from './gray.ts';
export { FEATURES, imageFeatures } from './image-features.ts';
export {
  type ImageStatistics,
  measureStatistics,
  type StatisticsDistance,
  statisticsDistance,
} from './image-statistics.ts';
export { type KernelDistances, kernelDistance, measureKernelDistances } from './kernel-distance.ts';
export { measurePhotometry, type Photometry } from './photometry.ts';
