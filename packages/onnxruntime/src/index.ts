// What is published is a copy of this package's files, without its install script: see ../build.ts.
export * from 'onnxruntime-node';
