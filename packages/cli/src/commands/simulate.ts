import { resolve } from 'node:path';
import { defineCommand } from '../command.ts';
import { common } from '../common-options.ts';
import { Interrupted } from '../errors.ts';
import { augmentCommand } from '../next-command.ts';
import { folder, whole } from '../options.ts';

const { plugin, 'plugin-option': pluginOption, seed, threads, resume, force, json } = common;

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
    out: folder("Where to write [the plugin's name with -synthetic]"),
    seed,
    threads,
    resume,
    force,
    json,
  },
  async run(values, context) {
    const { output, cwd, signal } = context;
    const [{ createDataset, readAhead, sampleId }, { writeDataset }, { loadPlugin }, { startRendering }] =
      await Promise.all([
        import('@simgan/core'),
        import('@simgan/core/node'),
        import('../plugins.ts'),
        import('../rendering.ts'),
      ]);
    const domain = await loadPlugin(values.plugin, values['plugin-option'], cwd);
    const out = values.out ?? `${domain.name}-synthetic`;
    const rendering = startRendering(domain, values, context);
    const samples = rendering.simulate('simulator', { seed: values.seed, length: values.count });
    // Sample i needs none before it, so what is written need not be rendered again.
    const unwritten = (isWritten: (id: string) => boolean) => {
      const indices = Array.from({ length: values.count }, (_, index) => index);
      const left = indices.filter((index) => !isWritten(sampleId(index)));
      return readAhead(
        createDataset(left.length, (index) => samples.at(left[index]!)),
        rendering.ahead,
      );
    };
    const progress = output.progress('simulate', values.count);
    const writing = writeDataset(resolve(cwd, out), unwritten, {
      plugin: domain,
      provenance: { made: 'simulated', seed: values.seed },
      existing: values.force ? 'replace' : values.resume ? 'resume' : 'refuse',
      onProgress: (written) => progress.update(written),
      signal,
    });
    const { count, resumed } = await writing
      .catch((error: unknown) => {
        if (!signal.aborted) throw error;
        throw new Interrupted('Stopped; what is written is safe. Go on with the same command and --resume.');
      })
      .finally(async () => {
        progress.end();
        await rendering.close();
      });
    if (resumed > 0) output.note(`resume    ${resumed} of ${count} samples were there already`);
    output.result(
      [
        `${count} samples in ${out}`,
        `Next: ${augmentCommand(values, { synthetic: out, real: 'YOUR_PICTURES' })}`,
      ],
      { out, count },
    );
  },
});
