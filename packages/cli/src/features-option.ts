import type { FeatureNetwork, FeatureSettings } from '@simgan/node';
import { UsageError } from './errors.ts';

/**
 * The feature network that the options name; whether its settings can be used is for the library to say.
 *
 * @throws UsageError if there are settings without a network.
 */
export function featuresOf({
  features: file,
  featureOption,
}: {
  readonly features: string | undefined;
  readonly featureOption: Readonly<Record<string, unknown>>;
}): { features?: FeatureNetwork } {
  if (file !== undefined) return { features: { file, options: featureOption as FeatureSettings } };
  if (Object.keys(featureOption).length === 0) return {};
  throw new UsageError(['--feature-option: says how a network is used that --features must name']);
}
