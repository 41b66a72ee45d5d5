import { readFileSync } from 'node:fs';
import { defineConfig } from 'tsup';

interface Manifest {
  exports: Record<string, string | { '@simgan/source': string }>;
  simgan?: { entries?: string[] };
  optionalDependencies?: Record<string, string>;
}

const manifest = JSON.parse(readFileSync('package.json', 'utf8')) as Manifest;

/** What a package publishes is what its `exports` say; `simgan.entries` adds files that no import names (bins, workers). */
const exported = Object.values(manifest.exports).flatMap((target) =>
  typeof target === 'string' ? [] : [target['@simgan/source']],
);
const entries = [...exported, ...(manifest.simgan?.entries ?? [])];

export default defineConfig({
  entry: Object.fromEntries(
    entries.map((file) => [file.replace(/^\.\/src\//, '').replace(/\.ts$/, ''), file]),
  ),
  format: 'esm',
  platform: 'node',
  target: 'node20',
  dts: { entry: exported },
  tsconfig: 'tsconfig.json',
  // Dependencies and peers are left outside anyway.
  external: Object.keys(manifest.optionalDependencies ?? {}),
  sourcemap: true,
  clean: true,
  splitting: true,
});
