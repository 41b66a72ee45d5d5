import { defineCommand, runJob } from '../command.ts';
import { common } from '../common-options.ts';
import { flag, requiredText, text } from '../options.ts';

const { pluginOption, recipe, engine, device, threads, json } = common;

export const exportVerb = defineCommand({
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
      'The refiner: a run (done or not), a folder that augment filled, a file of weights, a checkpoint, a URL',
    ),
    out: text('FILE', 'Where to write. Default: refiner.onnx.'),
    plugin: text('NAME', 'The domain, where the refiner does not name an installed one'),
    pluginOption,
    recipe,
    engine,
    device,
    threads,
    force: flag('Replace --out if it is there'),
    json,
  },
  async run(values, context) {
    const { exportOnnx } = await import('@simgan/node');
    const { pluginOption: pluginOptions, ...options } = values;
    const exported = await runJob(context, (job) => exportOnnx({ ...job, ...options, pluginOptions }));
    const { bytes, maxDifference, engine: name } = exported;
    const out = values.out ?? 'refiner.onnx';
    context.output.result(
      [
        `${out}: ${(bytes / 1e6).toFixed(2)} MB, agrees with ${name} to ${maxDifference.toExponential(1)}`,
        'Next: onnxruntime.InferenceSession("refiner.onnx") in Python, InferenceSession.create("refiner.onnx") in a browser',
      ],
      { out, bytes, maxDifference },
    );
  },
});
