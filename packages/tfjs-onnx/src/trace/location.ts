/** Finds the line of the user's function in a stack that runs through tensorflow.js and this package. */
const here = import.meta.url.replace(/[^/]*$/, '');
const packageRoot = here.replace(/(src|dist)\/.*$/, '$1/');

/** `file:line:column` of the innermost frame that is neither ours nor tensorflow.js', or `undefined`. */
export function userLocation(stack = new Error().stack ?? ''): string | undefined {
  const frames = stack
    .split('\n')
    .flatMap((line) => /(?:\(|at (?:async )?)((?:file:\/\/)?[^\s()]+:\d+:\d+)\)?$/.exec(line)?.[1] ?? []);
  return frames.find((frame) => !isLibrary(frame))?.replace(/^file:\/\//, '');
}

/** `, at file:line:column` for the middle of a message, or nothing. */
export function atUserCode(stack?: string): string {
  const location = userLocation(stack);
  return location ? `, at ${location}` : '';
}

function isLibrary(frame: string): boolean {
  const file = frame.startsWith('/') ? `file://${frame}` : frame;
  const ours = file.startsWith(packageRoot) && !/\.test\.ts:/.test(file);
  return ours || /@tensorflow[/+]|^node:|tfjs-core/.test(frame);
}

/** Runs `body` with stacks long enough to reach the user's function through the frames of a gradient. */
export function withLongStacks<T>(body: () => T): T {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 200;
  try {
    return body();
  } finally {
    Error.stackTraceLimit = limit;
  }
}
