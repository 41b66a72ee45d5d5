import { StepError } from '@simgan/tfjs-trace/graph';

/** Thrown when the memory of a GPU does not suffice for a step, or a buffer of it would be larger than one may be. */
export class GpuMemoryError extends StepError {}
