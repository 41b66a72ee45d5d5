import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { JsonObject } from '@simgan/core/node';
import { UsageError } from './errors.ts';
import type { FeatureConfig } from './features.ts';

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
  /** A name, or the whole path of a module. */
  readonly plugin: string;
  readonly pluginOptions: Readonly<Record<string, unknown>>;
  readonly recipe: string;
  /** The recipe's numbers. */
  readonly numbers: JsonObject;
  /** What was done to the light of synthetic pictures, with measured strengths, as `--match` takes it. */
  readonly corrections?: string;
  readonly seed: number;
  /** Folders with their whole paths, or `simulator`. */
  readonly synthetic: string;
  /** Folders with their whole paths, or `stand-in`. */
  readonly real: string;
  /** How the real pictures were read, where they were not read plainly. */
  readonly realFormat?: string;
  /** The network whose features refined pictures keep, where one was given. */
  readonly features?: FeatureConfig;
}

/** An output folder that may be written to. */
export interface ClaimedFolder {
  readonly dir: string;
  /**
   * Removes what an earlier run of ours left, if the user wants it replaced. To be called when nothing but the
   * work itself can fail any more: until then the earlier run is kept.
   */
  readonly clear: () => Promise<void>;
}

/**
 * Makes sure that a run's folder may be written to: it is empty or not there, or the user said what to do with
 * what an earlier run of ours left. Files of others are never replaced.
 *
 * @throws UsageError otherwise
 */
export async function claimRunFolder(dir: string, wish: Wish): Promise<ClaimedFolder> {
  const names = Object.values(runFiles);
  const present = await ownNames(dir, names);
  refuseUnwanted(dir, present, wish);
  return { dir, clear: async () => (wish.force ? removeFiles(dir, present) : undefined) };
}

/** {@link claimRunFolder} for the folder that `augment` fills. */
export async function claimAugmentFolder(dir: string, wish: Wish): Promise<ClaimedFolder> {
  const present = await ownNames(dir, Object.values(augmentFiles));
  refuseUnwanted(dir, present, wish);
  const [run, dataset] = [join(dir, augmentFiles.run), join(dir, augmentFiles.dataset)];
  const ofRun = await ownNames(run, Object.values(runFiles));
  const { inspectOutput, removeDataset } = await import('@simgan/core/node');
  const found = await inspectOutput(dataset);
  if (found.state === 'foreign') throw foreignFiles(dataset, found.files);
  return {
    dir,
    async clear() {
      if (!wish.force) return;
      if (found.state !== 'free') await removeDataset(dataset, found.state);
      await removeFiles(run, ofRun);
      const folders: readonly string[] = [augmentFiles.run, augmentFiles.dataset];
      await removeFiles(
        dir,
        present.filter((name) => !folders.includes(name)),
      );
    },
  };
}

/** What the user wants done with what an earlier run left. */
interface Wish {
  readonly resume: boolean;
  readonly force: boolean;
}

/** What systems and editors leave in a folder by themselves. */
const litter = new Set(['.DS_Store', 'Thumbs.db', 'desktop.ini', '.gitkeep', '.gitignore']);

/** The names in a folder, which must all be ours: the given ones, and what a kill leaves of writing them. */
async function ownNames(dir: string, names: readonly string[]): Promise<string[]> {
  const present = await readdir(dir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    if (error.code === 'ENOTDIR') {
      throw new UsageError([`${dir} is a file. Choose another folder with --out.`]);
    }
    throw new UsageError([`${dir} cannot be written to: ${error.message}`]);
  });
  const ours = new Set([...names, ...names.map((name) => `.${name}.tmp`)]);
  const foreign = present.filter((name) => !ours.has(name) && !litter.has(name));
  if (foreign.length > 0) throw foreignFiles(dir, foreign);
  return present.filter((name) => ours.has(name));
}

function foreignFiles(dir: string, files: readonly string[]): UsageError {
  const named = `${files.slice(0, 3).join(', ')}${files.length > 3 ? ', …' : ''}`;
  return new UsageError([
    `${dir} is not empty and holds files of others (${named}), which are never replaced. Choose another folder with --out.`,
  ]);
}

function refuseUnwanted(dir: string, present: readonly string[], { resume, force }: Wish): void {
  if (present.length === 0 || resume || force) return;
  throw new UsageError([
    `${dir} holds an earlier run. Go on with it with --resume, replace it with --force, or choose another folder with --out.`,
  ]);
}

async function removeFiles(dir: string, names: readonly string[]): Promise<void> {
  for (const name of names) await rm(join(dir, name), { force: true });
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
