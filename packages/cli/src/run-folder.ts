import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { JsonObject } from '@simgan/core/node';
import { UsageError } from './errors.ts';

/** The files of a run's folder. */
export const runFiles = {
  /** What the run was started with, resolved. */
  config: 'run.json',
  checkpoint: 'checkpoint.safetensors',
  /** One JSON line a step. */
  log: 'log.jsonl',
  /** The refiner to use, once the run is done. */
  refiner: 'refiner.safetensors',
} as const;

/** The files of the folder that `augment` fills. */
export const augmentFiles = { dataset: 'dataset', run: 'run', preview: 'preview.png' } as const;

/** What `run.json` says: enough to build the same networks again. */
export interface RunConfig {
  readonly plugin: string;
  readonly pluginOptions: Readonly<Record<string, unknown>>;
  readonly recipe: string;
  /** The recipe's numbers. */
  readonly numbers: JsonObject;
  readonly seed: number;
  /** Folders with their whole paths, or `simulator`. */
  readonly synthetic: string;
  /** Folders with their whole paths, or `stand-in`. */
  readonly real: string;
}

/**
 * Makes sure that an output folder may be written to: it is empty or not there, or the user said what to do
 * with what an earlier run of ours left. With `force` that is removed; files of others never are.
 *
 * @throws UsageError otherwise
 */
export async function claimFolder(
  dir: string,
  files: Readonly<Record<string, string>>,
  { resume, force }: { resume: boolean; force: boolean },
): Promise<void> {
  const present = await readdir(dir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new UsageError([`${dir} cannot be written to: ${error.message}`]);
  });
  if (present.length === 0) return;
  const ours = new Set(Object.values(files));
  const foreign = present.filter((name) => !ours.has(name));
  if (foreign.length > 0) {
    throw new UsageError([
      `${dir} is not empty and holds files of others (${foreign.slice(0, 3).join(', ')}${foreign.length > 3 ? ', …' : ''}), which are never replaced. Choose another folder with --out.`,
    ]);
  }
  if (force) {
    for (const name of present) await rm(join(dir, name), { recursive: true });
  } else if (!resume) {
    throw new UsageError([
      `${dir} holds an earlier run. Go on with it with --resume, replace it with --force, or choose another folder with --out.`,
    ]);
  }
}

/**
 * Reads a run's configuration.
 *
 * @returns `undefined` if the folder has none
 */
export async function readRunConfig(dir: string): Promise<RunConfig | undefined> {
  let text: string;
  try {
    text = await readFile(join(dir, runFiles.config), 'utf8');
  } catch {
    return undefined;
  }
  try {
    return JSON.parse(text) as RunConfig;
  } catch (error) {
    throw new UsageError([`${join(dir, runFiles.config)} is not JSON: ${(error as Error).message}`]);
  }
}
