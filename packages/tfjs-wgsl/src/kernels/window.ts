import type { Value, Window2D } from '@simgan/tfjs-trace/graph';

/** The window of a convolution or of pooling. */
export const windowOf = (value: Value) => value.attributes as unknown as Window2D;
