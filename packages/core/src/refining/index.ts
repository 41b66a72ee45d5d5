export { createImageRefiner, type ImageRefiner, type ImageRefinerOptions } from './image-refiner.ts';
export { refineStep } from './refine-step.ts';
