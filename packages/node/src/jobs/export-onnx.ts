import { access } from 'node:fs/promises';
import { SimganError } from '@simgan/core';
import { defaultRecipe, recipeOf } from '@simgan/core/plugin';
import { trainingForm } from '@simgan/core/training';
import { startJob } from '../runs/job.ts';
import { type OpenRefinerOptions, openRefiner } from '../runs/open-refiner.ts';
import { type ExportedRefiner, exportRefiner } from '../weights/export-refiner.ts';

/** Options for {@link exportOnnx}. */
export interface ExportOptions extends OpenRefinerOptions {
  /** The refiner: a run's folder, the folder that `augment` filled, a file of weights, or a URL. */
  readonly refiner: string;
  /** The file to write. Default: `refiner.onnx`. */
  readonly out?: string | undefined;
  /** Replaces the file if it is there. Default: false. */
  readonly force?: boolean;
}

/** What {@link exportOnnx} wrote. */
export interface OnnxExport extends ExportedRefiner {
  /** The whole path of the file. */
  readonly file: string;
  /** The engine that it agrees with. */
  readonly engine: string;
}

/**
 * Writes a trained refiner as standard ONNX, after running it and comparing it with the engine; see `exportRefiner`.
 *
 * @throws SimganError OUTPUT_EXISTS if the file is there, and as `openRefiner` and `exportRefiner` do.
 * @example
 * ```ts no-run
 * await exportOnnx({ refiner: 'eyes-augmented', out: 'refiner.onnx' });
 * ```
 */
export async function exportOnnx(options: ExportOptions): Promise<OnnxExport> {
  const job = startJob(options);
  const file = job.path(options.out ?? 'refiner.onnx');
  if (!options.force && (await isThere(file))) {
    throw new SimganError('OUTPUT_EXISTS', `${file} is there already.`);
  }
  const refiner = await openRefiner(options.refiner, options);
  try {
    const { plugin, engine, recipe } = refiner;
    const chosen =
      typeof options.recipe === 'object' ? options.recipe : recipeOf(plugin, recipe ?? defaultRecipe(plugin));
    const exported = await exportRefiner(file, refiner.network, {
      image: trainingForm(plugin.image, chosen),
      engine,
      about: { plugin: plugin.name, recipe: recipe ?? 'custom' },
    });
    return { file, engine: engine.name, ...exported };
  } finally {
    await refiner.dispose();
  }
}

async function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
