export {
  type CompleteHandAnnotation,
  completeHandAnnotation,
  EVALUATED_JOINTS,
  HAND_JOINT_COUNT,
  HAND_JOINTS,
  type HandAnnotation,
  handAnnotation,
  PALM_CENTER,
} from './annotation.ts';
export { cropAround, NYU_KINECT, project, toCrop, toFrame, unproject } from './camera.ts';
export { type CameraIntrinsics, cameraIntrinsics, type HandCrop, handCrop } from './camera-frame.ts';
export { depthDisplay } from './depth-display.ts';
export { type DepthHandsOptions, depthHands, depthHands as default } from './depth-hands.ts';
export {
  type HandAnswer,
  type HandEstimator,
  type HandEstimatorOptions,
  type HandPoseScore,
  handEstimator,
  hourglassNumbers,
  scoreHandPoses,
  smallNumbers,
} from './evaluation/hand-estimator.ts';
export { type HandProbe, handProbe, type JointResidual, jointResiduals } from './evaluation/hand-probe.ts';
export { type HourglassOptions, type MapGrid, mapGrid, stackedHourglass } from './evaluation/hourglass.ts';
export { jointRegressor, regressorRecipe } from './evaluation/joint-regressor.ts';
export {
  backgroundValue,
  cubeOf,
  handImage,
  invalidValue,
  loadDepths,
  type PixelKind,
  pixelKind,
  storeDepths,
} from './hand-image.ts';
export { paperDiscriminator, paperRefiner, quickDiscriminator, quickRefiner } from './networks.ts';
export { type CropHandOptions, cropHand } from './preparation/crop-hand.ts';
export { type DepthFrame, type DepthUnit, depthFrame, toMillimeters } from './preparation/depth-frame.ts';
export { locateHand } from './preparation/locate-hand.ts';
export { packNyuDepth, unpackNyuDepth } from './preparation/nyu-packing.ts';
export { type DepthPicturesOptions, depthPictures, SR305 } from './readers/depth-pictures.ts';
export { icvl } from './readers/icvl.ts';
export { msra15, SENZ3D } from './readers/msra15.ts';
export { type NyuOptions, nyu } from './readers/nyu.ts';
export { paperRecipe, quickRecipe } from './recipes.ts';
export { holesMasked } from './regularizer.ts';
export { KINECT, type StructuredLightSensor } from './sensor/structured-light.ts';
export { type SensorRefinerOptions, sensorRefiner } from './sensor-refiner.ts';
export type { Vec3 } from './simulator/geometry.ts';
export { handSimulator } from './simulator/hand-simulator.ts';
export type { HandSimulatorOptions } from './simulator/options.ts';
export type { HandView } from './simulator/view.ts';
export { type StandInDepthCameraOptions, standInDepthCamera } from './stand-in/stand-in-camera.ts';
