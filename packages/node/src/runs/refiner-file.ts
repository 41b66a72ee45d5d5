import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Checkpoint, Refiner } from '@simgan/core';
import { SimganError } from '@simgan/core';
import type { Engine, HostTensor } from '@simgan/core/engine';
import { isOfMatcher, type Matcher, type StoredMatcher, storeMatcher } from '@simgan/core/matching';
import { refinerOfCheckpoint } from '@simgan/core/training';
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
  /** Steps that the training had done, if the file is a checkpoint: the refiner of a run that is not done. */
  readonly step?: number;
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

/** A checkpoint with the corrections and the configuration of its run, so that its refiner can be used. */
export function selfContained(
  { tensors, about }: Checkpoint,
  { matcher, config }: { matcher: Matcher; config: RunConfig },
): Checkpoint {
  const stored = storeMatcher(matcher);
  return {
    tensors: { ...tensors, ...stored.tensors },
    about: { ...about, ...stored.about, [RUN]: JSON.stringify(config) },
  };
}

/**
 * Reads what {@link saveRefiner} wrote, or the refiner in a checkpoint of a training.
 *
 * @throws SimganError INVALID_FILE naming what is wrong.
 */
export async function readRefiner(fileOrUrl: string, signal?: AbortSignal): Promise<StoredRefiner> {
  const { tensors, metadata } = await loadTensors(fileOrUrl, { signal });
  const weights: Record<string, HostTensor> = {};
  const ofMatcher: Record<string, HostTensor> = {};
  for (const [name, tensor] of Object.entries(finiteFloats(fileOrUrl, tensors))) {
    (isOfMatcher(name) ? ofMatcher : weights)[name] = tensor;
  }
  const run = metadata[RUN];
  const inCheckpoint = refinerOfCheckpoint({ tensors: weights, about: metadata });
  if (inCheckpoint && run === undefined) {
    throw new SimganError(
      'INVALID_FILE',
      `${fileOrUrl} is a checkpoint without the corrections of its run, so its refiner cannot be used. Resume the run: its next checkpoint has them.`,
    );
  }
  return {
    weights,
    ...inCheckpoint,
    matcher: { tensors: ofMatcher, about: metadata },
    config: run === undefined ? undefined : parseRunConfig(run, fileOrUrl),
  };
}

/**
 * The file or URL of a refiner that a user names: by a run's folder, by the folder that `augment` filled, by a file,
 * or by a URL. Of a run that is not done it is the last checkpoint.
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
    for (const name of ['refiner', 'checkpoint', 'previous'] as const) {
      const file = join(dir, runFiles[name]);
      if (await isThere(file)) return file;
    }
    if (await isThere(join(dir, runFiles.config))) {
      throw fail(
        `The run in ${dir} has no checkpoint yet, and so no refiner. Wait for the first one, or resume the run with the options that began it.`,
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
