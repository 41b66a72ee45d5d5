import { defineConfig } from 'vitest/config';

// Tests run on source: every workspace package resolves through its source condition.
const source = {
  resolve: { conditions: ['@simgan/source'] },
  ssr: { resolve: { conditions: ['@simgan/source', 'node', 'import', 'module', 'default'] } },
};

/** Tests of some folders. Files of one project share a process, which loads TensorFlow.js once, unless isolated. */
function project(name: string, include: readonly string[], isolate = false) {
  return {
    ...source,
    test: {
      name,
      include: [...include],
      isolate,
      setupFiles: ['./test/fail-on-console.ts', './test/count-tensors.ts'],
      // Guards against hangs, never measures of speed: machines are shared.
      testTimeout: 600_000,
      hookTimeout: 600_000,
    },
  };
}

const beside = (...packages: readonly string[]) =>
  packages.flatMap((name) => [`packages/${name}/src/**/*.test.ts`, `packages/${name}/test/**/*.test.ts`]);

export default defineConfig({
  test: {
    // Vitest leaves a core for watching, which on two cores means one test file at a time.
    maxWorkers: '100%',
    projects: [
      project('core', beside('core')),
      project('domains', beside('plugin-*', 'formats')),
      project('whole', [...beside('node', 'cli', 'report', 'testing'), 'examples/**/*.test.ts']),
      // These change what TensorFlow.js and the process know for good.
      project('apart', [...beside('tfjs-*'), 'test/**/*.test.ts'], true),
    ],
  },
});
