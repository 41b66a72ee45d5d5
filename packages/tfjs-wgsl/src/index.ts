export { StepError } from '@simgan/tfjs-trace';
export type { ProductSize, Tile, TunedTile } from './kernels/tiles.ts';
export { type Limits, lowerStep, type Program } from './lower/lower.ts';
export { programTraffic, type Traffic } from './lower/traffic.ts';
export {
  createWgslRuntime,
  type WgslCompileOptions,
  type WgslRuntime,
  type WgslRuntimeOptions,
} from './runtime/runtime.ts';
