import { existsSync } from 'node:fs';
import { afterAll, beforeAll } from 'vitest';
import type { WgslRuntime } from '../src/index.ts';
import { createDawnRuntime } from '../src/node.ts';

// A software Vulkan driver, included in Debian's chromium: slow, but it computes what a GPU should.
const driver = '/usr/lib/chromium/vk_swiftshader_icd.json';
// Chromium finds its own loader; Dawn needs that of the system (Debian's libvulkan1).
const loaders = ['x86_64', 'aarch64'].map((machine) => `/usr/lib/${machine}-linux-gnu/libvulkan.so.1`);
if (existsSync(driver) && loaders.some((loader) => existsSync(loader))) {
  process.env.VK_ICD_FILENAMES ??= driver;
  process.env.XDG_RUNTIME_DIR ??= '/tmp';
}

const trial = await createDawnRuntime().catch((error: Error) => error);

/** Why tests on a GPU are skipped here; empty if they run. */
export const withoutGpu = trial instanceof Error ? ` (skipped: ${trial.message.slice(0, 100)})` : '';
if (!(trial instanceof Error)) await trial.dispose();

/** One runtime for all tests of a file. */
export function useDawn(): () => WgslRuntime {
  let runtime: WgslRuntime | undefined;
  beforeAll(async () => {
    if (!withoutGpu) runtime = await createDawnRuntime();
  });
  afterAll(() => runtime?.dispose());
  return () => runtime!;
}
