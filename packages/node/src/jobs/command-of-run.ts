import type { DatasetManifest } from '../datasets/dataset-format.ts';
import type { RunConfig } from '../runs/run-config.ts';

/**
 * The command that makes a run's pictures again, as a POSIX shell takes it. Sets that a program passed on are named in
 * capitals, to be filled in.
 */
export function commandOf(
  config: RunConfig | undefined,
  manifest: DatasetManifest | undefined,
  folder: string,
): string {
  const words = ['simgan-cli', manifest || !config ? 'augment' : 'train'];
  const add = (flag: string, value: unknown) => {
    if (value !== undefined) words.push(flag, typeof value === 'string' ? value : JSON.stringify(value));
  };
  const provenance = manifest?.provenance ?? {};
  const synthetic = sourceOf(config?.synthetic ?? provenance.synthetic);
  if (config) {
    const { plugin, pluginOptions, recipe, numbers, seed, realFormat } = config;
    add('--plugin', plugin);
    for (const [key, value] of Object.entries(pluginOptions)) {
      words.push('--plugin-option', `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
    }
    if (recipe !== 'custom') add('--recipe', recipe);
    add('--steps', numbers.steps);
    add('--batch-size', numbers.batchSize);
    const { match } = numbers;
    if (match !== undefined) add('--match', typeof match === 'string' ? match : config.corrections);
    add('--seed', seed);
    add('--real', sourceOf(config.real)?.folder);
    add('--real-format', realFormat);
  } else {
    add('--refiner', nameOf(provenance.refiner));
    add('--seed', provenance.seed);
    add('--real', sourceOf(provenance.real)?.folder);
  }
  add('--synthetic', synthetic?.folder);
  add('--format', synthetic?.format);
  if (manifest && !synthetic) add('--count', manifest.count);
  add('--out', folder.split(/[/\\]/).at(-1));
  return words.map(quoted).join(' ');
}

/** A folder and the format that it was read in; `undefined` where a renderer of the plugin made the pictures. */
export function sourceOf(origin: unknown): { folder: string; format?: string } | undefined {
  if (typeof origin !== 'string' || ['simulator', 'stand-in', 'none'].includes(origin)) return undefined;
  if (origin === 'dataset' || /^\d+ files and URLs$/.test(origin)) return { folder: 'YOUR_PICTURES' };
  if (origin.startsWith('renderer ')) return undefined;
  const [, folder, format] = /^(.*) \(([\w-]+)\)$/.exec(origin) ?? [];
  return folder === undefined ? { folder: origin } : { folder, format: format! };
}

/** A refiner's name without how far its run had come. */
function nameOf(refiner: unknown): string {
  return String(refiner ?? 'RUN').replace(/ \(step \d+( of \d+)?\)$/, '');
}

/** In single quotes if a POSIX shell would read more into it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
