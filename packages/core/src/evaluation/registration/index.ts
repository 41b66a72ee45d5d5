export { type Displacement, displacementAt, type NoDisplacement } from './displacement.ts';
export { type DisplacementOptions, measureDisplacements } from './measure-displacements.ts';
export { type LabelPlace, placesOf } from './places.ts';
export type { Direction } from './register.ts';
