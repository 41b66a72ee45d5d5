import { defineConfig } from 'vitest/config';

export default defineConfig({
  // Tests run on source: every workspace package resolves through its source condition.
  resolve: { conditions: ['@simgan/source'] },
  ssr: { resolve: { conditions: ['@simgan/source', 'node', 'import', 'module', 'default'] } },
  test: {
    include: [
      'packages/*/src/**/*.test.ts',
      'packages/*/test/**/*.test.ts',
      'examples/**/*.test.ts',
      'test/**/*.test.ts',
    ],
    setupFiles: ['./test/fail-on-console.ts', './test/count-tensors.ts'],
    // Guards against hangs, never measures of speed: machines are shared.
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
});
