import { readFileSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import {
  featureRegularizer,
  networksOf,
  type OnnxFeatureOptions,
  onnxFeatures,
  type Plugin,
  type TrainingRecipe,
  weightedSum,
} from '@simgan/core';
import { UsageError } from './errors.ts';
import { suggestion } from './options.ts';

/** The network whose features are compared beside what the plugin compares, as `run.json` keeps it. */
export interface FeatureConfig {
  /** Its whole path. */
  readonly file: string;
  readonly options: FeatureSettings;
}

/** What `--feature-option` sets. */
type FeatureSettings = Omit<OnnxFeatureOptions, 'readExternal'> & {
  /** Of the features beside the plugin's own regularizer; 0.5 unless given. */
  readonly weight?: number;
  /** Of the plugin's own regularizer; 1 unless given. */
  readonly own?: number;
};

/** What each setting must be; anything else is refused before a file is read. */
const settings: Readonly<
  Record<keyof FeatureSettings, { expected: string; fits: (value: unknown) => boolean }>
> = {
  output: { expected: 'the name of a value or node', fits: (value) => typeof value === 'string' },
  range: { expected: 'two numbers, such as [0,1]', fits: (value) => isNumbers(value) && value.length === 2 },
  mean: { expected: 'a list of numbers, one for each channel', fits: isNumbers },
  deviation: {
    expected: 'a list of numbers above 0, one for each channel',
    fits: (value) => isNumbers(value) && value.every((one) => one > 0),
  },
  colors: { expected: 'rgb or bgr', fits: (value) => value === 'rgb' || value === 'bgr' },
  layout: { expected: 'nchw or nhwc', fits: (value) => value === 'nchw' || value === 'nhwc' },
  weight: { expected: 'a number of at least 0', fits: isWeight },
  own: { expected: 'a number of at least 0', fits: isWeight },
};

/** The network that the options name, checked as far as it can be without reading it. */
export function featureConfig(
  file: string | undefined,
  given: Readonly<Record<string, unknown>>,
  cwd: string,
): FeatureConfig | undefined {
  const names = Object.keys(settings);
  const problems = Object.entries(given).flatMap(([name, value]) => {
    const setting = Object.hasOwn(settings, name) ? settings[name as keyof FeatureSettings] : undefined;
    if (!setting) {
      return [
        `--feature-option: there is no ${name}, there are ${names.join(', ')}.${suggestion(name, names)}`,
      ];
    }
    return setting.fits(value)
      ? []
      : [`--feature-option ${name}: expected ${setting.expected} but received ${JSON.stringify(value)}`];
  });
  if (file === undefined && Object.keys(given).length > 0) {
    problems.push('--feature-option: says how a network is used that --features must name');
  }
  if (problems.length > 0) throw new UsageError(problems);
  return file === undefined ? undefined : { file: resolve(cwd, file), options: given as FeatureSettings };
}

/**
 * The recipe with a regularizer that compares the features of the network as well.
 *
 * @throws SimganError INVALID_FILE naming the node and operator that is not supported
 * @throws UsageError if the file cannot be read
 */
export async function withFeatures(
  plugin: Plugin,
  recipe: TrainingRecipe,
  { file, options }: FeatureConfig,
): Promise<TrainingRecipe> {
  const found = await stat(file).catch(() => undefined);
  if (!found?.isFile()) throw new UsageError([`--features: there is no file ${file}`]);
  const { weight = 0.5, own = 1, ...how } = options;
  const readExternal = (location: string) => {
    // A model may name any path of this machine; only its own folder is its business.
    if (/[\\/:]|^\.\.?$/.test(location)) {
      throw new UsageError([
        `--features: the model keeps weights in ${JSON.stringify(location)}, which is not a file beside it. Save it as one file.`,
      ]);
    }
    try {
      return readFileSync(join(dirname(file), location));
    } catch (error) {
      throw new UsageError([
        `--features: the model keeps weights in ${location}, which cannot be read: ${(error as Error).message}`,
      ]);
    }
  };
  const features = onnxFeatures(await readFile(file), { ...how, readExternal });
  const regularizer = weightedSum([
    [own, networksOf(plugin, recipe).regularizer],
    [weight, featureRegularizer(features)],
  ]);
  return { ...recipe, regularizer };
}

function isNumbers(value: unknown): value is number[] {
  return Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === 'number');
}

function isWeight(value: unknown): boolean {
  return typeof value === 'number' && value >= 0;
}
