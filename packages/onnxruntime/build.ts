/**
 * @file Makes `dist` of `onnxruntime-node`: its JavaScript and the binaries that its package has, for all platforms.
 * Left out are its install script, which downloads CUDA libraries on Linux and ends `npm install` where it cannot, and
 * what only the script needs.
 */
import { cp, link, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const source = dirname(createRequire(import.meta.url).resolve('onnxruntime-node/package.json'));
const target = fileURLToPath(new URL('dist', import.meta.url));

/** Copies files below a folder; as further names of the same bytes where the disk allows it. */
async function copyBelow(from: string, to: string, isWanted: (name: string) => boolean): Promise<void> {
  const entries = await readdir(from, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    if (!entry.isFile() || !isWanted(entry.name)) continue;
    const file = join(entry.parentPath, entry.name);
    const copy = join(to, file.slice(from.length));
    await mkdir(dirname(copy), { recursive: true });
    await link(file, copy).catch(() => cp(file, copy));
  }
}

await rm(target, { recursive: true, force: true });
// Its JavaScript looks for `../bin`.
await copyBelow(join(source, 'dist'), join(target, 'lib'), (name) => /\.(js|d\.ts)$/.test(name));
await copyBelow(join(source, 'bin'), join(target, 'bin'), () => true);
// It is CommonJS, in a package of modules.
await writeFile(join(target, 'package.json'), `${JSON.stringify({ type: 'commonjs' })}\n`);
