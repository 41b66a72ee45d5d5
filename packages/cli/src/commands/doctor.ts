import { cpus, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineCommand } from '../command.ts';
import { common } from '../common-options.ts';
import { text } from '../options.ts';
import { version } from '../version.ts';

const { pluginOption, engine, device, threads, recipe, json } = common;

export const doctorVerb = defineCommand({
  name: 'doctor',
  summary: 'say what computes here, how fast, and what to do where something is missing',
  description: [
    'Loads every engine, says why those that do not load do not, lists the plugins that are installed, and measures',
    'the engine that --engine auto takes on the networks of a plugin.',
  ].join('\n'),
  examples: ['simgan-cli doctor', 'simgan-cli doctor --plugin depth-hands --plugin-option size=64'],
  options: {
    plugin: text('NAME', 'The domain whose networks are measured. Default: eyes.'),
    pluginOption,
    recipe,
    engine,
    device,
    threads,
    json,
  },
  async run(values, { output, cwd }) {
    const { createEngine, describeEngines, listPlugins, loadPlugin, measureThroughput } = await import(
      '@simgan/node'
    );
    const { plugin: name = 'eyes', device: where, threads: count, recipe: recipeName } = values;
    const options = { from: cwd, device: where, ...(count !== undefined && { threads: count }) };
    const { plugin } = await loadPlugin(name, values.pluginOption, { cwd, beside: import.meta.url });
    const engines = await describeEngines(options);
    const { engine: chosen } = await createEngine(values.engine, options);
    const throughput = await measureThroughput(chosen, plugin, recipeName);
    await chosen.dispose();
    const here = dirname(fileURLToPath(import.meta.url));
    const plugins = [...listPlugins(cwd), ...listPlugins(here)].filter(
      (one, index, all) => all.findIndex((other) => other.package === one.package) === index,
    );
    const machine = {
      cpu: cpus()[0]?.model ?? 'unknown',
      processors: cpus().length,
      memoryGiB: totalmem() / 2 ** 30,
    };
    const { stepsPerSecond, imagesPerSecond, batchSize } = throughput;
    output.result(
      [
        `simgan-cli ${version}, Node ${process.version}, ${process.platform} ${process.arch}`,
        `${machine.cpu}, ${machine.processors} processors, ${machine.memoryGiB.toFixed(0)} GiB`,
        ...plugins.map((one) => `plugin  ${one.name.padEnd(15)} ${one.package} ${one.version}`),
        ...engines.map(
          ({ name: engineName, device: place, remark, problem }) =>
            `${place ? 'yes' : 'no '}  ${engineName.padEnd(15)} ${place ?? problem}${remark ? ` (${remark})` : ''}`,
        ),
        `${chosen.name} makes ${stepsPerSecond.toFixed(2)} training steps of ${batchSize} pictures a second and refines ${imagesPerSecond.toFixed(0)} pictures a second (plugin ${plugin.name}, recipe ${throughput.recipe})`,
        `Next: simgan-cli augment --plugin ${name}`,
      ],
      {
        version,
        node: process.version,
        machine,
        plugins,
        engines,
        engine: chosen.name,
        plugin: plugin.name,
        throughput,
      },
    );
  },
});
