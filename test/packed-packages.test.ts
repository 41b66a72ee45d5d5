// All other tests run on source. What users install is what `pnpm pack` makes of the build: exports, workers, the bin.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ONNXRUNTIME_VERSION } from '../packages/tfjs-onnx/src/runtime/load-onnxruntime.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const run = promisify(execFile);

/** The packages as users install them, in an empty folder; dependencies of others are those of the workspace. */
async function installPacked(): Promise<string> {
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'simgan-packed-')));
  const tarballs = join(dir, 'tarballs');
  await mkdir(tarballs);
  const { packageManager } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    packageManager: string;
  };
  await run(
    'npx',
    [
      ...['--yes', packageManager, '-r', '--filter', './packages/*', 'pack', '--pack-destination', tarballs],
      ...['--pack-gzip-level', '1'],
    ],
    { cwd: root },
  );
  const modules = join(dir, 'node_modules');
  for (const name of await readdir(join(root, 'packages'))) {
    const manifest = JSON.parse(await readFile(join(root, 'packages', name, 'package.json'), 'utf8')) as {
      name: string;
      version: string;
    };
    const target = join(modules, manifest.name);
    await mkdir(target, { recursive: true });
    const tarball = `${manifest.name.replace('@', '').replace('/', '-')}-${manifest.version}.tgz`;
    await run('tar', ['-xzf', join(tarballs, tarball), '--strip-components=1', '-C', target]);
    await linkDependencies(
      join(target, 'package.json'),
      join(root, 'packages', name, 'node_modules'),
      modules,
    );
  }
  await writeFile(join(dir, 'package.json'), '{ "type": "module" }\n');
  return dir;
}

/** Only what a packed manifest declares is there, so that a dependency that is missing in it is missing here. */
async function linkDependencies(manifest: string, from: string, modules: string): Promise<void> {
  const {
    dependencies = {},
    optionalDependencies = {},
    peerDependencies = {},
    peerDependenciesMeta = {},
  } = JSON.parse(await readFile(manifest, 'utf8')) as Record<string, Record<string, string> | undefined>;
  const declared = { ...dependencies, ...optionalDependencies, ...peerDependencies };
  for (const [name, version] of Object.entries(declared)) {
    // npm installs no optional peers.
    if (name in peerDependenciesMeta) continue;
    expect(version, `the version of ${name} in ${manifest}`).not.toContain('workspace:');
    if (name.startsWith('@simgan/') || existsSync(join(modules, name)) || !existsSync(join(from, name)))
      continue;
    await mkdir(dirname(join(modules, name)), { recursive: true });
    await symlink(await realpath(join(from, name)), join(modules, name));
  }
}

async function digestsBelow(dir: string): Promise<Record<string, string>> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const digests = await Promise.all(
    files.map(
      async (file) =>
        [
          relative(dir, file),
          createHash('sha256')
            .update(await readFile(file))
            .digest('hex'),
        ] as const,
    ),
  );
  return Object.fromEntries(digests.sort(([a], [b]) => (a < b ? -1 : 1)));
}

const isBuilt = existsSync(join(root, 'packages/cli/dist/bin.js'));
let dir: string;
beforeAll(async () => {
  if (isBuilt) dir = await installPacked();
});
afterAll(async () => {
  if (isBuilt) await rm(dir, { recursive: true, force: true });
});

test.skipIf(!isBuilt)(
  'from packed packages the library gives the same bytes as the command (needs npm run build)',
  async () => {
    const program = `
      import { augment, openRefiner } from '@simgan/node';
      import { createImage } from '@simgan/core';
      const events = new Set();
      const result = await augment({
        plugin: 'eyes', steps: 1, batchSize: 4, count: 20, match: 'none', out: 'by-library', onEvent: ({ type }) => events.add(type),
      });
      const refiner = await openRefiner('by-library');
      const refined = await refiner.refine(createImage({ width: 55, height: 35, channels: 1, bits: 8 }));
      await refiner.dispose();
      console.log(JSON.stringify({ count: result.count, events: [...events], length: refined.data.length }));
    `;
    await writeFile(join(dir, 'program.js'), program);
    const library = await run(process.execPath, ['program.js'], { cwd: dir });
    const { count, events, length } = JSON.parse(library.stdout) as {
      count: number;
      events: string[];
      length: number;
    };
    expect({ count, length }).toEqual({ count: 20, length: 55 * 35 });
    expect(events).toEqual(
      expect.arrayContaining(['engine', 'synthetic', 'real', 'step', 'progress', 'warning']),
    );

    const bin = join(dir, 'node_modules/simgan-cli/dist/bin.js');
    const options = ['--plugin', 'eyes', '--steps', '1', '--batch-size', '4', '--count', '20'];
    const rest = ['--match', 'none', '--json', '--out', 'by-command'];
    const { stdout } = await run(process.execPath, [bin, 'augment', ...options, ...rest], {
      cwd: dir,
    });
    expect(JSON.parse(stdout.trim().split('\n').at(-1)!)).toMatchObject({ event: 'result', count: 20 });
    const digests = await digestsBelow(join(dir, 'by-library'));
    expect(Object.keys(digests).length).toBeGreaterThan(25);
    expect(await digestsBelow(join(dir, 'by-command'))).toEqual(digests);
  },
);

test.skipIf(!isBuilt)(
  'nothing that is installed downloads anything further (needs npm run build)',
  async () => {
    // Its install script fetches CUDA libraries: see packages/onnxruntime/README.md.
    expect(existsSync(join(dir, 'node_modules/onnxruntime-node'))).toBe(false);
    for (const name of await readdir(join(root, 'packages'))) {
      const manifest = JSON.parse(await readFile(join(root, 'packages', name, 'package.json'), 'utf8')) as {
        name: string;
        scripts?: Record<string, string>;
      };
      expect(Object.keys(manifest.scripts ?? {}), manifest.name).not.toEqual(
        expect.arrayContaining([expect.stringMatching(/^(pre|post)?install$/)]),
      );
    }
    const lib = join(dir, 'node_modules/@simgan/onnxruntime/dist/lib/index.js');
    const program = `import ort from ${JSON.stringify(lib)}; console.log(ort.env.versions.node);`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program], { cwd: dir });
    expect(stdout.trim()).toBe(ONNXRUNTIME_VERSION);
  },
);

/** As on a platform that it has no build for. */
test.skipIf(!isBuilt)(
  'without ONNX Runtime another engine does the same job, and it says so (needs npm run build)',
  async () => {
    await rm(join(dir, 'node_modules/@simgan/onnxruntime/dist/bin'), { recursive: true });
    const bin = join(dir, 'node_modules/simgan-cli/dist/bin.js');
    const cli = (...args: string[]) => run(process.execPath, [bin, ...args], { cwd: dir });
    const job = ['augment', '--refiner', 'by-command', '--count', '6'];
    const { stdout } = await cli(...job, '--out', 'by-wasm', '--json');
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(events.find(({ event }) => event === 'engine')).toMatchObject({ name: 'wasm' });
    const warning = events.find(({ message }) => String(message).includes('ONNX Runtime'));
    expect(warning).toMatchObject({ event: 'warning' });
    expect(warning!.message).toContain(`ONNX Runtime does not load on ${process.platform}-${process.arch}`);
    expect(events.at(-1)).toMatchObject({ event: 'result', count: 6 });

    for (const command of [
      ['export', '--refiner', 'by-command', '--out', 'refiner.onnx'],
      [...job, '--engine', 'onnx', '--out', 'by-name'],
    ]) {
      const { stderr } = await cli(...command).catch((error: { stderr: string }) => error);
      expect(stderr).toContain('ONNX Runtime does not load');
      expect(stderr).not.toMatch(/^\s+at /m);
    }
  },
);
