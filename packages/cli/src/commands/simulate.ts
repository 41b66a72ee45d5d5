import { resolve } from 'node:path';
import { defineCommand } from '../command.ts';
import { common } from '../common-options.ts';
import { Interrupted } from '../errors.ts';
import { text, whole } from '../options.ts';

const { plugin, 'plugin-option': pluginOption, seed, resume, force, json } = common;

export const simulateCommand = defineCommand({
  name: 'simulate',
  summary: "write a dataset of the plugin's simulator, without refining it",
  description:
    'Renders annotated pictures: images/*.png with metadata.jsonl beside them. Sample i of a seed is always the same.',
  examples: ['simgan-cli simulate --plugin eyes --count 1000 --out eyes-synthetic'],
  options: {
    plugin,
    'plugin-option': pluginOption,
    count: whole('How many samples', { least: 1, otherwise: 1000 }),
    out: text('DIR', "Where to write [the plugin's name with -synthetic]"),
    seed,
    resume,
    force,
    json,
  },
  async run(values, { output, cwd, signal }) {
    const [{ simulate }, { writeDataset }, { loadPlugin }] = await Promise.all([
      import('@simgan/core'),
      import('@simgan/core/node'),
      import('../plugins.ts'),
    ]);
    const domain = await loadPlugin(values.plugin, values['plugin-option'], cwd);
    const out = values.out ?? `${domain.name}-synthetic`;
    const progress = output.progress('simulate', values.count);
    const { count } = await writeDataset(
      resolve(cwd, out),
      simulate(domain.simulator, { seed: values.seed, length: values.count }),
      {
        plugin: domain,
        provenance: { made: 'simulated', seed: values.seed },
        existing: values.force ? 'replace' : values.resume ? 'resume' : 'refuse',
        onProgress: (written) => progress.update(written),
        signal,
      },
    ).catch((error: unknown) => {
      if (!signal.aborted) throw error;
      throw new Interrupted(`Stopped; what is written is safe. Go on with the same command and --resume.`);
    });
    progress.end();
    output.result(
      [
        `${count} samples in ${out}`,
        `Next: simgan-cli augment --plugin ${values.plugin} --synthetic ${out} --real YOUR_PICTURES`,
      ],
      { out, count },
    );
  },
});
