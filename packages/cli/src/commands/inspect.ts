import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import { defineCommand } from '../command.ts';
import { common, sources } from '../common-options.ts';
import { folder, whole } from '../options.ts';

const { plugin, 'plugin-option': pluginOption, seed, json } = common;
const { synthetic, real, format } = sources;

export const inspectCommand = defineCommand({
  name: 'inspect',
  summary: 'say what stands between synthetic and real pictures, before anyone trains',
  description: [
    'Compares light, sharpness, noise, scale and spectrum of the two sets, looks for copies and small sets, and',
    'says what to do about each. Histogram matching is tried and shown beside them.',
  ].join('\n'),
  examples: [
    'simgan-cli inspect --plugin eyes --real my-eyes',
    'simgan-cli inspect --plugin eyes --synthetic renders --real photos --out look',
  ],
  options: {
    plugin,
    'plugin-option': pluginOption,
    synthetic,
    format,
    real,
    count: whole('How many pictures the simulator makes to look at', { least: 2, otherwise: 400 }),
    seed,
    out: folder('Where to write preview.png; none unless given'),
    json,
  },
  async run(values, context) {
    const { cwd, output } = context;
    const { diagnose, matchHistograms, measurePhotometry } = await import('@simgan/core');
    const { loadPlugin } = await import('../plugins.ts');
    const { writePreview } = await import('../preview.ts');
    const { openReal, openSynthetic } = await import('../sources.ts');
    const domain = await loadPlugin(values.plugin, values['plugin-option'], cwd);
    const { image } = domain;
    const place = (dir: string | undefined) => ({
      dir: dir && resolve(cwd, dir),
      seed: values.seed,
      atLeast: 1,
    });
    const fromSynthetic = { ...place(values.synthetic), format: values.format, count: values.count };
    const { samples, rejects: bad } = await openSynthetic(domain, fromSynthetic, context);
    const camera = await openReal(domain, place(values.real), context);
    const matched = await matchHistograms(samples, camera.images, { image, seed: values.seed });

    const sets = [
      { label: 'synthetic', images: samples },
      { label: 'matched', images: matched },
      { label: 'real', images: camera.images },
    ];
    const photometry = await Promise.all(sets.map(({ images }) => measurePhotometry(images, image)));
    const findings = diagnose(photometry[0]!, photometry[2]!);
    if (values.out !== undefined) {
      await mkdir(resolve(cwd, values.out), { recursive: true });
      await writePreview(resolve(cwd, values.out), sets, domain);
    }

    const columns = ['brightness', 'contrast', 'unevenness', 'sharpness', 'noise', 'structure'] as const;
    const lines = [
      `           ${columns.map((name) => name.padStart(10)).join('  ')}  detail of 1, 2, 4, 8 px`,
      ...sets.map(({ label }, i) => {
        const set = photometry[i]!;
        const cells = columns.map((name) => set[name].toFixed(name === 'structure' ? 1 : 3).padStart(10));
        return `${label.padEnd(11)}${cells.join('  ')}  ${set.octaves.map((share) => `${Math.round(100 * share)}%`).join(' ')}`;
      }),
      '',
      ...(findings.length === 0
        ? ['Nothing stands between the two sets that can be seen in statistics.']
        : []),
      ...findings.map(({ finding, advice }) => `- ${finding} ${advice}`),
    ];
    const rejects = bad.length + camera.rejects.length;
    if (rejects > 0) lines.push(`- ${rejects} files cannot be used; augment lists them in rejects.jsonl.`);
    if (values.out !== undefined) lines.push(`Look at ${values.out}/preview.png`);
    lines.push(
      `Next: simgan-cli augment --plugin ${values.plugin}${values.real ? ` --real ${values.real}` : ''}`,
    );
    const [ofSynthetic, ofMatched, ofReal] = photometry;
    output.result(lines, { synthetic: ofSynthetic, matched: ofMatched, real: ofReal, findings, rejects });
  },
});
