/** @file What there is to choose from, and the defaults; loads nothing, so that a help page can. */

/** The engines by name, the fastest first: the order in which `auto` tries them. */
export const engineNames = ['tensorflow-gpu', 'webgpu', 'onnx', 'tensorflow', 'wasm', 'cpu'] as const;

export type EngineName = (typeof engineNames)[number];

/** Where the engines webgpu and onnx run. */
export const deviceNames = ['auto', 'cpu', 'gpu', 'cuda'] as const;

export type DeviceName = (typeof deviceNames)[number];
