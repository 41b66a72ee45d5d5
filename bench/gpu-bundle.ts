/**
 * @file Makes one archive with all that measures a GPU on a machine without a network: this benchmark as one file, Node,
 * Dawn, ONNX Runtime and, where `apt-get` can download them, the Vulkan loader and the GLVND libraries that NVIDIA's
 * driver needs.
 *
 *     npm run bench:gpu-bundle               # writes bench/results/gpu-bundle.tar.xz, for this platform
 *     tar xJf gpu-bundle.tar.xz && gpu-bundle/run.sh     # there; BENCH_PYTHON names a Python whose torch sees CUDA
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = fileURLToPath(new URL('./', import.meta.url));
const packages = join(here, '..', 'packages');
const results = join(here, 'results');
const folder = join(results, 'gpu-bundle');
const native = ['onnxruntime-node', 'webgpu', 'sharp'];
/** Debian's names: the Vulkan loader, and what NVIDIA's driver needs beside it. */
const libraries = 'libvulkan1 libegl1 libglvnd0 libopengl0 libgl1 libglx0 libgles2'.split(' ');

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
await build({
  entryPoints: {
    gpu: join(here, 'gpu-entry.ts'),
    // The ONNX Runtime's worker is looked for beside the program.
    'runtime/worker': join(packages, 'tfjs-onnx/src/runtime/worker.ts'),
  },
  outdir: folder,
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  conditions: ['@simgan/source'],
  external: native,
  // The packages of TensorFlow.js call themselves free of side effects, and register their kernels by one.
  ignoreAnnotations: true,
  banner: {
    js: "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);",
  },
});
writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n');
cpSync(join(here, 'peer.py'), join(folder, 'peer.py'));
cpSync(process.execPath, join(folder, 'node'));
copyPackage(dirname(resolved('onnxruntime-node/package.json', 'tfjs-onnx')), 'onnxruntime-node', [
  'package.json',
  'dist',
  `bin/napi-v6/${process.platform}/${process.arch}`,
]);
const onnxruntime = join(dirname(resolved('onnxruntime-node/package.json', 'tfjs-onnx')), '..');
copyPackage(join(onnxruntime, 'onnxruntime-common'), 'onnxruntime-common', ['package.json', 'dist']);
copyPackage(dirname(fileURLToPath(import.meta.resolve('webgpu'))), 'webgpu', [
  'package.json',
  'index.js',
  `dist/${process.platform}-${process.arch}`,
]);
const hasLibraries = download();
writeFileSync(join(folder, 'run.sh'), script(), { mode: 0o755 });
// The best compression would take minutes and save a tenth.
const env = { ...process.env, XZ_OPT: '-2 -T0' };
execFileSync('tar', ['-C', results, '-cJf', `${folder}.tar.xz`, 'gpu-bundle'], { env });
rmSync(folder, { recursive: true });
const megabytes = (statSync(`${folder}.tar.xz`).size / 1e6).toFixed(1);
process.stdout.write(
  `${folder}.tar.xz, ${megabytes} MB${hasLibraries ? '' : '; without the Vulkan loader, which apt-get could not download'}\n`,
);

function resolved(module: string, from: string): string {
  return createRequire(join(packages, from, 'package.json')).resolve(module);
}

function copyPackage(from: string, name: string, parts: readonly string[]): void {
  for (const part of parts) {
    if (!existsSync(join(from, part)))
      throw new Error(`${name} has no ${part}: it is not made for this platform.`);
    cpSync(join(from, part), join(folder, 'node_modules', name, part), {
      recursive: true,
      dereference: true,
    });
  }
}

/** Whether the libraries could be downloaded, one package a file. */
function download(): boolean {
  const target = join(folder, 'debs');
  mkdirSync(target);
  try {
    execFileSync('apt-get', ['download', ...libraries], { cwd: target, stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Uses the libraries of the archive where the system has none. */
function script(): string {
  return `#!/bin/sh
# Measures the steps of Algorithm 1 on the GPU of this machine. Needs no network; changes nothing outside of this folder.
set -e
cd "$(dirname "$0")"
for deb in debs/*.deb; do [ -e "$deb" ] && dpkg-deb -x "$deb" libraries; done
LD_LIBRARY_PATH="\${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$PWD/libraries/usr/lib/$(uname -m)-linux-gnu"
export LD_LIBRARY_PATH
exec ./node gpu.js "$@"
`;
}
