import { cpus, totalmem } from 'node:os';
import { defineCommand } from '../command.ts';
import { common } from '../common-options.ts';
import { version } from '../version.ts';

export const doctor = defineCommand({
  name: 'doctor',
  summary: 'say what computes here, how fast, and what to do where something is missing',
  description:
    'Loads every engine, says why those that do not load do not, and measures the one that --engine auto takes.',
  examples: ['simgan-cli doctor'],
  options: { engine: common.engine, device: common.device, threads: common.threads, json: common.json },
  async run(values, context) {
    const { output, cwd } = context;
    const { describeEngines } = await import('@simgan/core/node');
    const { startEngine } = await import('../setup.ts');
    const { bundledPlugins } = await import('../plugins.ts');
    const { measureThroughput } = await import('../throughput.ts');
    const { device, threads } = values;
    const engines = await describeEngines({ from: cwd, device, ...(threads !== undefined && { threads }) });
    const engine = await startEngine(values, context);
    const throughput = await measureThroughput(engine);
    await engine.dispose();
    const machine = {
      cpu: cpus()[0]?.model ?? 'unknown',
      processors: cpus().length,
      memoryGiB: totalmem() / 2 ** 30,
    };
    output.result(
      [
        `simgan-cli ${version}, Node ${process.version}, ${process.platform} ${process.arch}`,
        `${machine.cpu}, ${machine.processors} processors, ${machine.memoryGiB.toFixed(0)} GiB`,
        `plugins   ${bundledPlugins().join(', ')}`,
        ...engines.map(
          ({ name, device: where, remark, problem }) =>
            `${where ? 'yes' : 'no '}  ${name.padEnd(15)} ${where ?? problem}${remark ? ` (${remark})` : ''}`,
        ),
        `${engine.name} makes ${throughput.stepsPerSecond.toFixed(2)} training steps of 16 eyes a second and refines ${throughput.imagesPerSecond.toFixed(0)} pictures a second`,
        'Next: simgan-cli augment --plugin eyes',
      ],
      { version, node: process.version, machine, engines, engine: engine.name, throughput },
    );
  },
});
