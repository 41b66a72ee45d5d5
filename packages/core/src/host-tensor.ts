/** A row-major array outside any engine: what goes into a compiled step and what comes out of it. */
export interface HostTensor {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** A scalar as engines take it. */
export function hostScalar(value: number): HostTensor {
  return { data: Float32Array.of(value), shape: [] };
}

/** The value of a scalar output. */
export function scalarValue(tensor: HostTensor): number {
  return tensor.data[0]!;
}
