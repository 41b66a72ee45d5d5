import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Dataset, ImageSpec, Photometry, RealImage } from '@simgan/core';
import { defineCommand } from '../command.ts';
import { common, sources } from '../common-options.ts';
import { augmentCommand } from '../next-command.ts';
import { folder, whole } from '../options.ts';

const { plugin, 'plugin-option': pluginOption, seed, json } = common;
const { synthetic, format, real, 'real-format': realFormat, match } = sources;

export const inspectCommand = defineCommand({
  name: 'inspect',
  summary: 'say what stands between synthetic and real pictures, before anyone trains',
  description: [
    'Compares light, sharpness, noise, scale and spectrum of the two sets, looks for copies and small sets, and',
    'says what to do about each. The corrections of light that it suggests (or that --match names) are tried, and',
    'the sets compared again: how far apart they are is said before and after.',
  ].join('\n'),
  examples: [
    'simgan-cli inspect --plugin eyes --real my-eyes',
    'simgan-cli inspect --plugin eyes --synthetic renders --real photos --out look',
    'simgan-cli inspect --plugin eyes --real my-eyes --match blur:0.7,histogram,noise',
  ],
  options: {
    plugin,
    'plugin-option': pluginOption,
    synthetic,
    format,
    real,
    'real-format': realFormat,
    match: { ...match, description: 'Corrections to try in place of those that the sets suggest' },
    count: whole('How many pictures the simulator makes to look at', { least: 2, otherwise: 400 }),
    seed,
    out: folder('Where to write preview.png; none unless given'),
    json,
  },
  async run(values, context) {
    const { cwd, output } = context;
    const { correctionKinds, diagnose, measurePhotometry } = await import('@simgan/core');
    const { loadPlugin } = await import('../plugins.ts');
    const { openMatching } = await import('../matching.ts');
    const { writePreview } = await import('../preview.ts');
    const { openReal, openSynthetic, remembered } = await import('../sources.ts');
    const { checkedMatch } = await import('../open-training.ts');
    const domain = await loadPlugin(values.plugin, values['plugin-option'], cwd);
    const { image } = domain;
    const place = (dir: string | undefined) => ({
      dir: dir && resolve(cwd, dir),
      seed: values.seed,
      atLeast: 1,
    });
    const setting = checkedMatch(values.match ?? 'auto');
    const fromSynthetic = { ...place(values.synthetic), format: values.format, count: values.count };
    const source = await openSynthetic(domain, fromSynthetic, context);
    const camera = await openReal(domain, { ...place(values.real), format: values['real-format'] }, context);
    // The same pictures that training would decide on, so that it decides the same.
    const pictures = { synthetic: source.training, real: camera.images, seed: values.seed };
    const { plan, text, matcher } = await openMatching(setting, pictures, domain, output);
    const sets = [
      { label: 'synthetic', images: source.samples },
      { label: 'matched', images: remembered(domain, matcher.match(source.samples)) },
      { label: 'real', images: camera.images },
    ];
    const photometry = await Promise.all(sets.map(({ images }) => measurePhotometry(images, image)));
    const [ofSynthetic, ofMatched, ofReal] = photometry as [Photometry, Photometry, Photometry];
    const findings = diagnose(ofSynthetic, ofReal);
    const distances = await measureDistances(sets, camera.images, { image, seed: values.seed });
    if (values.out !== undefined) {
      await mkdir(resolve(cwd, values.out), { recursive: true });
      await writePreview(resolve(cwd, values.out), sets, domain);
    }

    const columns = [
      'brightness',
      'contrast',
      'unevenness',
      'sharpness',
      'noise',
      'shading',
      'structure',
    ] as const;
    const amount = (correction: keyof typeof correctionKinds, strength: number) =>
      `${correction} ${strength} ${correctionKinds[correction].unit}`;
    const lines = [
      `           ${columns.map((name) => name.padStart(10)).join('  ')}  detail of 1, 2, 4, 8 px`,
      ...sets.map(({ label }, i) => {
        const set = photometry[i]!;
        const cells = columns.map((name) => set[name].toFixed(name === 'structure' ? 1 : 3).padStart(10));
        return `${label.padEnd(11)}${cells.join('  ')}  ${set.octaves.map((share) => `${Math.round(100 * share)}%`).join(' ')}`;
      }),
      '',
      'distance to real   intensity   gradient        KID   (of the real ones: one half from the other)',
      ...Object.entries(distances).map(([label, { intensity, gradient, kernel }]) => {
        const cells = [intensity, gradient, kernel].map((value) => value.toFixed(3).padStart(9));
        return `  ${label.padEnd(15)}${cells.join('  ')}`;
      }),
      '',
      plan.corrections.length > 0 ? `--match ${text}` : 'No correction of light would bring the sets closer.',
      ...plan.corrections.map(
        ({ correction, strength, reason }) => `  ${amount(correction, strength)}: ${reason}`,
      ),
      ...plan.omitted.map(({ correction, reason }) => `  no ${correction}: ${reason}`),
      '',
      ...(findings.length === 0
        ? ['Nothing stands between the two sets that can be seen in statistics.']
        : []),
      ...findings.map(({ finding, advice }) => `- ${finding} ${advice}`),
    ];
    const rejects = source.rejects.length + camera.rejects.length;
    if (rejects > 0) lines.push(`- ${rejects} files cannot be used; augment lists them in rejects.jsonl.`);
    if (values.out !== undefined) lines.push(`Look at ${values.out}/preview.png`);
    lines.push(
      `Next: ${augmentCommand(values, {
        synthetic: values.synthetic,
        format: values.format,
        real: values.real,
        'real-format': values['real-format'],
        match: values.match === undefined ? undefined : text,
      })}`,
    );
    output.result(lines, {
      synthetic: ofSynthetic,
      matched: ofMatched,
      real: ofReal,
      distances,
      match: text,
      plan,
      findings,
      rejects,
    });
  },
});

/** How far each set is from the real one, by name, and one half of the real one from the other. */
async function measureDistances(
  sets: readonly { readonly label: string; readonly images: Dataset<RealImage> }[],
  real: Dataset<RealImage>,
  { image, seed }: { image: ImageSpec; seed: number },
): Promise<Record<string, { intensity: number; gradient: number; kernel: number }>> {
  const { halve, measureKernelDistances, measureStatistics, statisticsDistance } = await import(
    '@simgan/core'
  );
  const limit = 300;
  const others = sets.filter(({ images }) => images !== real);
  const kernels = await measureKernelDistances(
    Object.fromEntries(others.map(({ label, images }) => [label, images])),
    real,
    { image, seed, limit },
  );
  const [half, goal] = await Promise.all(
    halve(real, seed).map((part) => measureStatistics(part, image, limit)),
  );
  const distances: Record<string, { intensity: number; gradient: number; kernel: number }> = {};
  for (const { label, images } of others) {
    const statistics = await measureStatistics(images, image, limit);
    distances[label] = { ...statisticsDistance(statistics, goal!), kernel: kernels.sets[label]! };
  }
  distances.real = { ...statisticsDistance(half!, goal!), kernel: kernels.control };
  return distances;
}
