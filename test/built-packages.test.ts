import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';

// All other tests run on source. What users install is the build: its workers, its entries, its bin.
const bin = fileURLToPath(new URL('../packages/cli/dist/bin.js', import.meta.url));
const run = promisify(execFile);

test.skipIf(!existsSync(bin))(
  'the built program trains and refines on the engine that auto takes (needs npm run build)',
  async () => {
    const out = await mkdtemp(join(tmpdir(), 'simgan-'));
    onTestFinished(() => rm(out, { recursive: true, force: true }));
    const { stdout } = await run(process.execPath, [
      bin,
      ...['augment', '--plugin', 'eyes', '--steps', '1', '--count', '20', '--out', out, '--json'],
    ]);
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { event: string; name?: string; count?: number });
    const engine = events.find(({ event }) => event === 'engine');
    expect(['onnx', 'tensorflow-gpu']).toContain(engine!.name);
    expect(events.at(-1)).toMatchObject({ event: 'result', count: 20 });
    const manifest = JSON.parse(await readFile(join(out, 'dataset', 'dataset.json'), 'utf8')) as {
      count: number;
    };
    expect(manifest.count).toBe(20);
  },
);
