import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { SimganError } from '@simgan/core';
import { makeFolder, writeFileAtomic } from '../files/atomic-file.ts';
import { choosePlugin, type PluginChoiceOptions, startEngine, startJob } from '../runs/job.ts';
import { chooseRecipe } from '../runs/prepare-training.ts';
import { augment } from './augment.ts';
import type { AugmentOptions, AugmentResult } from './augment-options.ts';
import { measuredFor } from './trained-settings.ts';

/** Options for {@link augmentCameras}. */
export interface AugmentCamerasOptions extends Omit<AugmentOptions, 'real'> {
  /** Folders of real pictures, at least two: one camera each. */
  readonly cameras: readonly string[];
  /** The folder that an earlier call filled, whose refiners serve again. Default: each camera's is trained. */
  readonly refiner?: string | undefined;
}

/** What was made for one camera. */
export interface CameraResult extends AugmentResult {
  /** Its folder within `dir`: the name of its folder of pictures. */
  readonly camera: string;
}

/** What {@link augmentCameras} made. */
export interface AugmentedCameras {
  /** The whole path of the folder that was filled. */
  readonly dir: string;
  readonly cameras: readonly CameraResult[];
}

/** Which cameras a folder is of. */
const CAMERAS = 'cameras.json';

/**
 * `augment` towards several cameras, a refiner each: `out/CAMERA` is for each folder of real pictures what `augment` fills,
 * with all synthetic pictures as that camera would show them, and is resumed, exported, evaluated and verified as such.
 *
 * @throws SimganError as `augment` does; INVALID_ARGUMENT for fewer than two cameras, or if `out` was begun with others.
 * What is done then stays, and goes on with `existing: 'resume'`.
 * @example
 * ```ts no-run
 * const { cameras } = await augmentCameras({ plugin: 'images', synthetic: 'renders', cameras: ['left', 'right'] });
 * for (const { camera, dataset } of cameras) console.log(camera, dataset);
 * ```
 */
export async function augmentCameras(options: AugmentCamerasOptions): Promise<AugmentedCameras> {
  const { cameras, refiner, ...rest } = options;
  if (cameras.length < 2) {
    throw new SimganError('INVALID_ARGUMENT', '`cameras` needs at least two folders; pass one as `real`.');
  }
  const job = startJob(options);
  const { plugin } = await choosePlugin(options as PluginChoiceOptions, job);
  const dir = job.path(options.out ?? `${plugin.name}-augmented`);
  const folders = namedFolders(cameras.map(job.path));
  await rememberCameras(dir, folders);
  const { recipe } = chooseRecipe(plugin, rest);
  const { engine, release } = await startEngine(options, job, measuredFor(options, { plugin, recipe }));
  const results: CameraResult[] = [];
  try {
    for (const [camera, real] of folders) {
      job.signal?.throwIfAborted();
      job.emit({ type: 'camera', name: camera, index: results.length, count: folders.size });
      const own = { ...rest, engine, real, out: join(dir, camera) };
      const trained = refiner === undefined ? {} : { refiner: join(job.path(refiner), camera) };
      results.push({ camera, ...(await augment({ ...own, ...trained })) });
    }
  } finally {
    await release();
  }
  return { dir, cameras: results };
}

/** Folders by the names that cameras have. */
function namedFolders(folders: readonly string[]): ReadonlyMap<string, string> {
  const named = new Map<string, string>();
  for (const folder of new Set(folders)) {
    const own = basename(folder).replace(/[^A-Za-z0-9_-]+/g, '-') || 'camera';
    let name = own;
    for (let count = 2; named.has(name); count++) name = `${own}_${count}`;
    named.set(name, folder);
  }
  if (named.size === folders.length) return named;
  throw new SimganError(
    'INVALID_ARGUMENT',
    '`cameras` names a folder twice: each camera has pictures of its own.',
  );
}

/** Writes which cameras a folder is of; another set of them is not mixed into it. */
async function rememberCameras(dir: string, folders: ReadonlyMap<string, string>): Promise<void> {
  const text = `${JSON.stringify({ cameras: Object.fromEntries(folders) }, undefined, 2)}\n`;
  const before = await readFile(join(dir, CAMERAS), 'utf8').catch(() => undefined);
  if (before !== undefined && before !== text) {
    throw new SimganError(
      'OUTPUT_EXISTS',
      `${dir} was begun for other cameras, which its ${CAMERAS} names. Pass the same folders, or choose another one for the output.`,
    );
  }
  await makeFolder(dir);
  await writeFileAtomic(join(dir, CAMERAS), text);
}
