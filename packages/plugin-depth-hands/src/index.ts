export {
  type CameraIntrinsics,
  EVALUATED_JOINTS,
  HAND_JOINT_COUNT,
  HAND_JOINTS,
  type HandAnnotation,
  type HandCrop,
  handAnnotation,
  PALM_CENTRE,
} from './annotation.ts';
export { depthHands, depthHands as default } from './depth-hands.ts';
export { paperDiscriminator, paperRefiner, quickRefiner } from './networks.ts';
export { paperRecipe, quickRecipe } from './recipes.ts';
export { handImage, type PixelKind, pixelKind } from './simulator/hand-image.ts';
export type { HandSimulatorOptions } from './simulator/hand-scene.ts';
export { handSimulator } from './simulator/hand-simulator.ts';
export { type StandInDepthCameraOptions, standInDepthCamera } from './stand-in/stand-in-camera.ts';
