import { readFileSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { featureRegularizer, type Plugin, SimganError, type TrainingRecipe, weightedSum } from '@simgan/core';
import { suggestion } from '@simgan/core/plugin';
import { networksOf } from '@simgan/core/training';
import { type OnnxFeatureOptions, onnxFeatures } from '../weights/onnx-features.ts';

/** A network in ONNX, such as VGG, whose features refined pictures keep beside what the plugin keeps. */
export interface FeatureNetwork {
  /** Its path. */
  readonly file: string;
  /** How it is used. */
  readonly options?: FeatureSettings;
}

/** How a feature network is used. */
export type FeatureSettings = Omit<OnnxFeatureOptions, 'readExternal'> & {
  /** The weight of the features beside the plugin's own regularizer. Default: 0.5. */
  readonly weight?: number;
  /** The weight of the plugin's own regularizer. Default: 1. */
  readonly own?: number;
};

/** What each setting must be; anything else is refused before a file is read. */
const settings: Readonly<
  Record<keyof FeatureSettings, { expected: string; fits: (value: unknown) => boolean }>
> = {
  output: { expected: 'the name of a value or node', fits: (value) => typeof value === 'string' },
  range: { expected: 'two numbers, such as [0,1]', fits: (value) => isNumbers(value) && value.length === 2 },
  mean: { expected: 'a list of numbers, one for each channel', fits: isNumbers },
  std: {
    expected: 'a list of numbers above 0, one for each channel',
    fits: (value) => isNumbers(value) && value.every((one) => one > 0),
  },
  colors: { expected: 'rgb or bgr', fits: (value) => value === 'rgb' || value === 'bgr' },
  layout: { expected: 'nchw or nhwc', fits: (value) => value === 'nchw' || value === 'nhwc' },
  weight: { expected: 'a number of at least 0', fits: isWeight },
  own: { expected: 'a number of at least 0', fits: isWeight },
};

/** Everything that is wrong with feature settings, a sentence each. */
export function featureProblems(given: Readonly<Record<string, unknown>>): string[] {
  const names = Object.keys(settings);
  return Object.entries(given).flatMap(([name, value]) => {
    const setting = Object.hasOwn(settings, name) ? settings[name as keyof FeatureSettings] : undefined;
    if (!setting) {
      return [`There is no feature option ${name}, there are ${names.join(', ')}.${suggestion(name, names)}`];
    }
    if (setting.fits(value)) return [];
    return [`The feature option ${name} is ${JSON.stringify(value)}, and must be ${setting.expected}.`];
  });
}

/**
 * The recipe with a regularizer that compares the features of a network as well.
 *
 * @throws SimganError INVALID_ARGUMENT naming every setting that is wrong; INVALID_FILE if the file cannot be read, or
 * naming the node and operator that is not supported.
 */
export async function withFeatures(
  plugin: Plugin,
  recipe: TrainingRecipe,
  { file, options = {} }: FeatureNetwork,
): Promise<TrainingRecipe> {
  const problems = featureProblems(options as Readonly<Record<string, unknown>>);
  if (problems.length > 0) throw new SimganError('INVALID_ARGUMENT', problems.join(' '), { problems });
  const found = await stat(file).catch(() => undefined);
  if (!found?.isFile()) {
    throw new SimganError('INVALID_ARGUMENT', `\`features\`: there is no file ${file}.`);
  }
  const { weight = 0.5, own = 1, ...use } = options;
  const readExternal = (location: string) => {
    const fail = (problem: string) => new SimganError('INVALID_FILE', `The model ${file} ${problem}`);
    // A model may name any path of this machine; only its own folder is its business.
    if (/[\\/:]|^\.\.?$/.test(location)) {
      throw fail(
        `keeps weights in ${JSON.stringify(location)}, which is not a file beside it. Save it as one file.`,
      );
    }
    try {
      return readFileSync(join(dirname(file), location));
    } catch (error) {
      throw fail(`keeps weights in ${location}, which cannot be read: ${(error as Error).message}.`);
    }
  };
  const features = onnxFeatures(await readFile(file), { ...use, readExternal });
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
