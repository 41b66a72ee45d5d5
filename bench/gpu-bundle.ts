/**
 * @file Makes one archive with all that measures a GPU on a machine without a network: this benchmark as one file, Node,
 * Dawn, ONNX Runtime and, where `apt-get` can download them, the Vulkan loader and the GLVND libraries that NVIDIA's
 * driver needs.
 *
 *     npm run bench:gpu-bundle               # writes bench/results/gpu-bundle.tar.xz, for this platform
 *     tar xJf gpu-bundle.tar.xz && gpu-bundle/run.sh     # there; BENCH_PYTHON names a Python whose torch sees CUDA
 *     gpu-bundle/run.sh --tune                           # there; with tiles that are measured first
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
/** Debian's names: the Vulkan loader, and what NVIDIA's driver needs beside it, on a machine without a screen too. */
const libraries =
  'libvulkan1 libegl1 libglvnd0 libopengl0 libgl1 libglx0 libgles2 libx11-6 libxext6 libxcb1 libxau6 libxdmcp6 libbsd0 libmd0'.split(
    ' ',
  );

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

/**
 * Uses the libraries of the archive where the system has none, and tells the loader of NVIDIA's driver where no package did,
 * as in containers.
 */
function script(): string {
  return `#!/bin/sh
# Measures the steps of Algorithm 1 on the GPU of this machine. Needs no network; changes nothing outside of this folder.
#   ./run.sh           with the tiles of the table, or of a --tune before
#   ./run.sh --tune    measures tiles first
#   ./run.sh --check   runs everything once, on one picture
#   ./run.sh --dry     counts, without a GPU
set -e
cd "$(dirname "$0")"
folder=$PWD
if [ ! -d libraries ]; then
  mkdir libraries
  for deb in debs/*.deb; do
    [ -e "$deb" ] || continue
    rm -rf unpacked
    dpkg-deb -x "$deb" unpacked
    for file in $(find unpacked -name "lib*.so*"); do
      name=$(basename "$file")
      /sbin/ldconfig -p | grep -q "$name " || cp -P "$file" libraries/
    done
  done
  rm -rf unpacked
fi
LD_LIBRARY_PATH="\${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$folder/libraries"
export LD_LIBRARY_PATH
if [ -z "\${VK_ICD_FILENAMES:-}" ] && [ -z "\${VK_DRIVER_FILES:-}" ] && ! ls /etc/vulkan/icd.d/*nvidia* /usr/share/vulkan/icd.d/*nvidia* >/dev/null 2>&1; then
  for driver in libGLX_nvidia.so.0 libEGL_nvidia.so.0; do
    if /sbin/ldconfig -p | grep -q "$driver "; then
      echo "{ \\"file_format_version\\": \\"1.0.0\\", \\"ICD\\": { \\"library_path\\": \\"$driver\\", \\"api_version\\": \\"1.3.0\\" } }" >nvidia_icd.json
      VK_ICD_FILENAMES="$folder/nvidia_icd.json"
      export VK_ICD_FILENAMES
      break
    fi
  done
fi
exec ./node gpu.js "$@"
`;
}
