export { type EyeAnnotation, eyeAnnotation, landmarkCounts } from './annotation.ts';
export { eyes, eyes as default } from './eyes.ts';
export { paperDiscriminator, paperRefiner, quickRefiner } from './networks.ts';
export { paperRecipe, quickRecipe } from './recipes.ts';
export { eyeSimulator } from './simulator/eye-simulator.ts';
export type { Degrees, EyeSimulatorOptions } from './simulator/options.ts';
export { standInCamera } from './stand-in/stand-in-camera.ts';
