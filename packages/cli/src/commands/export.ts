import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import { defineCommand } from '../command.ts';
import { common } from '../common-options.ts';
import { UsageError } from '../errors.ts';
import { flag, requiredText, text } from '../options.ts';

const { 'plugin-option': pluginOption, recipe, engine, device, threads, json } = common;

export const exportCommand = defineCommand({
  name: 'export',
  summary: 'write a trained refiner as an ONNX file',
  description: [
    'Writes standard ONNX that Python, browsers and other runtimes load, for batches of any size. The image',
    'form and the value range stand in its metadata. Before it is written it is run and compared with the engine.',
  ].join('\n'),
  examples: ['simgan-cli export --refiner runs/eyes --out refiner.onnx'],
  options: {
    refiner: requiredText(
      'RUN|FILE|URL',
      'The refiner: a run, a folder that augment filled, a file of weights, a URL',
    ),
    out: text('FILE', 'Where to write [refiner.onnx]'),
    plugin: text('NAME', 'The domain, where the refiner does not say'),
    'plugin-option': pluginOption,
    recipe,
    engine,
    device,
    threads,
    force: flag('Replace --out if it is there'),
    json,
  },
  async run(values, context) {
    const { output, cwd } = context;
    const { exportRefiner } = await import('@simgan/core/node');
    const { loadPlugin } = await import('../plugins.ts');
    const { chooseRecipe, startEngine } = await import('../setup.ts');
    const { findRefiner, loadRefiner } = await import('../trained-refiner.ts');
    const out = values.out ?? 'refiner.onnx';
    const file = resolve(cwd, out);
    if (!values.force && (await isThere(file))) {
      throw new UsageError([
        `${file} is there already. Replace it with --force, or choose another file with --out.`,
      ]);
    }
    const trained = await findRefiner(values.refiner, cwd);
    const name = values.plugin ?? trained.config?.plugin;
    if (name === undefined) {
      throw new UsageError([
        '--plugin: expected NAME, which must be given because this refiner does not say whose it is',
      ]);
    }
    const options = { ...trained.config?.pluginOptions, ...values['plugin-option'] };
    const plugin = await loadPlugin(name, options, cwd);
    const chosen = chooseRecipe(plugin, {
      recipe: values.recipe ?? trained.config?.recipe,
      steps: undefined,
      'batch-size': undefined,
    });
    const running = await startEngine(values, context);
    try {
      const seed = trained.config?.seed ?? 0;
      const refiner = await loadRefiner(
        trained,
        { plugin, recipe: chosen.recipe, engine: running, seed },
        context,
      );
      const { bytes, maxDifference } = await exportRefiner(file, refiner, {
        image: plugin.image,
        engine: running,
        about: { plugin: plugin.name, recipe: chosen.name },
      });
      refiner.dispose();
      output.result(
        [
          `${out}: ${(bytes / 1e6).toFixed(2)} MB, agrees with ${running.name} to ${maxDifference.toExponential(1)}`,
          'Next: onnxruntime.InferenceSession("refiner.onnx") in Python, InferenceSession.create("refiner.onnx") in a browser',
        ],
        { out, bytes, maxDifference },
      );
    } finally {
      await running.dispose();
    }
  },
});

async function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
