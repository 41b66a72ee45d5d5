/** Finds the user's code in a stack trace through TensorFlow.js and this package. */
const here = import.meta.url.replace(/[^/]*$/, '');
const packageRoot = here.replace(/(src|dist)\/.*$/, '$1/');

/** `file:line:column` of the innermost frame outside this package and TensorFlow.js; `undefined` if there is none. */
export function userLocation(stack = new Error().stack ?? ''): string | undefined {
  const frames = stack
    .split('\n')
    .flatMap((line) => /(?:\(|at (?:async )?)((?:file:\/\/)?[^\s()]+:\d+:\d+)\)?$/.exec(line)?.[1] ?? []);
  return frames.find((frame) => !isLibrary(frame))?.replace(/^file:\/\//, '');
}

/** `, at file:line:column` for use within a message; empty if the location is unknown. */
export function atUserCode(stack?: string): string {
  const location = userLocation(stack);
  return location ? `, at ${location}` : '';
}

function isLibrary(frame: string): boolean {
  const file = frame.startsWith('/') ? `file://${frame}` : frame;
  const ours = file.startsWith(packageRoot) && !/\.test\.ts:/.test(file);
  return ours || /@tensorflow[/+]|^node:|tfjs-core/.test(frame);
}

/** Runs `body` with stack traces long enough to reach the user's code through the frames of a gradient. */
export function withLongStacks<T>(body: () => T): T {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 200;
  try {
    return body();
  } finally {
    Error.stackTraceLimit = limit;
  }
}
