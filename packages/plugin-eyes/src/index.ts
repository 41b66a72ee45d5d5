export {
  type CompleteEyeAnnotation,
  completeEyeAnnotation,
  type EyeAnnotation,
  eyeAnnotation,
  landmarkCounts,
} from './annotation.ts';
export { paperGazeEstimator, smallGazeEstimator } from './estimator/gaze-estimator.ts';
export { opennessClassifier } from './estimator/openness-classifier.ts';
export { eyes, eyes as default } from './eyes.ts';
export { eyeFeatures } from './features/eye-features.ts';
export { paperDiscriminator, paperRefiner, quickRefiner } from './networks.ts';
export { type EyeProbe, type EyeQuantity, eyeProbe } from './probe/eye-probe.ts';
export { eyeGazeH5 } from './readers/eye-gaze-h5.ts';
export type { EyeWindow } from './readers/eye-window.ts';
export { type MpiiGazeOptions, mpiiGaze } from './readers/mpii-gaze.ts';
export { mpiiGazeH5 } from './readers/mpii-gaze-h5.ts';
export { type SynthesEyesOptions, synthesEyes } from './readers/synthes-eyes.ts';
export { type UnityEyesOptions, unityEyes } from './readers/unity-eyes.ts';
export { paperRecipe, quickColorRecipe, quickRecipe } from './recipes.ts';
export { eyeSimulator } from './simulator/eye-simulator.ts';
export { type EyeSimulatorOptions, eyeOptions } from './simulator/options.ts';
export { standInCamera } from './stand-in/stand-in-camera.ts';
