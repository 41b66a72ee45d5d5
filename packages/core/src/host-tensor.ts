/** A row-major array outside any engine: an input or output of a compiled step. */
export interface HostTensor {
  readonly data: Float32Array;
  readonly shape: readonly number[];
}

/** A scalar as a host tensor of shape `[]`. */
export function hostScalar(value: number): HostTensor {
  return { data: Float32Array.of(value), shape: [] };
}

/** The value of a scalar output. */
export function scalarValue(tensor: HostTensor): number {
  return tensor.data[0]!;
}
