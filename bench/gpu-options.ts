/** @file What of the GPU is measured, by options of the command line. */
import { benchGpu } from './gpu.ts';
import { describeGpuSteps } from './gpu-dry.ts';
import { readTiles, tuneTiles } from './tune-tiles.ts';

export interface GpuBenchFlags {
  readonly dry?: boolean;
  readonly tune?: boolean;
  readonly check?: boolean;
}

/**
 * `--dry` counts, without a GPU; `--tune` measures tiles first; `--check` runs everything once, on one picture, to see that it
 * runs.
 *
 * @param tiles the file of tuned tiles
 */
export async function runGpuBench(
  { dry = false, tune = false, check = false }: GpuBenchFlags,
  { say, tiles: file }: { readonly say: (line?: string) => void; readonly tiles: string },
): Promise<void> {
  if (dry) return describeGpuSteps(say);
  if (tune) {
    await tuneTiles({ say, file, check });
    say();
  }
  const tiles = readTiles(file);
  say(
    tiles.length > 0
      ? `With ${tiles.length} tiles from ${file}.`
      : 'With the tiles of the table: --tune measures others.',
  );
  await benchGpu(say, { tiles, check });
}
