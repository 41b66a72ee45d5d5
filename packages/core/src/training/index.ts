export { shuffledItems } from './batches.ts';
export { type Checkpoint, restoreCheckpoint, takeCheckpoint } from './checkpoint.ts';
export { type CheckpointRefiner, refinerOfCheckpoint } from './checkpoint-refiner.ts';
export { HistoryBuffer } from './history-buffer.ts';
export {
  adversarialLoss,
  discriminatorLoss,
  meanSquareDisplacement,
  patchAccuracy,
  patchesOf,
  patchLoss,
  type Verdict,
} from './losses.ts';
export { withDisplacement } from './moving-recipe.ts';
export {
  createOptimizer,
  createOptimizerState,
  minimize,
  type Optimizer,
  type OptimizerSpec,
} from './optimizer.ts';
export {
  checkRecipe,
  DEFAULT_DISPLACEMENT,
  LAMBDA_RANGE,
  type LambdaTarget,
  networksOf,
  type TrainingRecipe,
  trainingForm,
} from './recipe.ts';
export { type TrainOptions, type TrainStep, totalSteps, train } from './train.ts';
export {
  createTraining,
  cropsOf,
  labelsOf,
  type Player,
  type TrainedDomain,
  type Training,
  type TrainingOptions,
  trainedRefiner,
} from './training.ts';
export type { DiscriminatorLosses, RefinerLosses } from './update-losses.ts';
