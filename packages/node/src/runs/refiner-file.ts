import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Refiner } from '@simgan/core';
import { SimganError } from '@simgan/core';
import type { Engine, HostTensor } from '@simgan/core/engine';
import { isOfMatcher, type Matcher, type StoredMatcher, storeMatcher } from '@simgan/core/matching';
import { isWebUrl } from '../files/fetch-bytes.ts';
import { finiteFloats, loadTensors, saveTensors } from '../weights/tensor-file.ts';
import { readWeights, type Weights } from '../weights/weights.ts';
import { parseRunConfig, type RunConfig } from './run-config.ts';
import { augmentFiles, runFiles } from './run-folder.ts';

/** The key under which a refiner's file keeps what its run was started with. */
const RUN = 'run';

/** What a refiner's file holds: all that is needed to use it, and nothing of the real pictures but statistics. */
export interface StoredRefiner {
  readonly weights: Weights;
  readonly matcher: StoredMatcher;
  /** Absent in files of other programs. */
  readonly config: RunConfig | undefined;
}

/** Writes a refiner with the corrections and the configuration of its run. */
export async function saveRefiner(
  file: string,
  parts: { network: Refiner; engine: Engine; matcher: Matcher; config: RunConfig },
): Promise<void> {
  const { tensors, about } = storeMatcher(parts.matcher);
  const weights = await readWeights(parts.network, parts.engine);
  const metadata = { ...about, [RUN]: JSON.stringify(parts.config) };
  await saveTensors(file, { tensors: { ...weights, ...tensors }, metadata });
}

/** Reads what {@link saveRefiner} wrote. @throws SimganError INVALID_FILE naming what is wrong. */
export async function readRefiner(fileOrUrl: string, signal?: AbortSignal): Promise<StoredRefiner> {
  const { tensors, metadata } = await loadTensors(fileOrUrl, { signal });
  const weights: Record<string, HostTensor> = {};
  const ofMatcher: Record<string, HostTensor> = {};
  for (const [name, tensor] of Object.entries(finiteFloats(fileOrUrl, tensors))) {
    (isOfMatcher(name) ? ofMatcher : weights)[name] = tensor;
  }
  const run = metadata[RUN];
  return {
    weights,
    matcher: { tensors: ofMatcher, about: metadata },
    config: run === undefined ? undefined : parseRunConfig(run, fileOrUrl),
  };
}

/**
 * The file or URL of a refiner that a user names: by a run's folder, by the folder that `augment` filled, by a file,
 * or by a URL.
 *
 * @throws SimganError INVALID_ARGUMENT saying what is there instead
 */
export async function findRefiner(name: string, resolve: (name: string) => string): Promise<string> {
  if (isWebUrl(name)) return name;
  const fail = (problem: string) => new SimganError('INVALID_ARGUMENT', problem);
  const place = resolve(name);
  const found = await stat(place).catch(() => undefined);
  if (!found) throw fail(`There is no refiner ${place}. Pass a run's folder, a file or a URL.`);
  if (!found.isDirectory()) return place;
  for (const dir of [place, join(place, augmentFiles.run)]) {
    const refiner = join(dir, runFiles.refiner);
    if (await isThere(refiner)) return refiner;
    if (await isThere(join(dir, runFiles.config))) {
      throw fail(
        `The run in ${dir} is not done: it has no ${runFiles.refiner} yet. Resume it with the options that began it.`,
      );
    }
  }
  throw fail(
    `${place} is no run: it has no ${runFiles.config}. Pass the folder of a training, a file of weights or a URL.`,
  );
}

async function isThere(file: string): Promise<boolean> {
  return stat(file).then(
    () => true,
    () => false,
  );
}
