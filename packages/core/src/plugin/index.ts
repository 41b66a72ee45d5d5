export { suggestion } from '../suggestion.ts';
export {
  describeOptions,
  type OptionDescription,
  type OptionsSchema,
  type PluginFactory,
  parseOptions,
  pluginFactory,
} from './options.ts';
export {
  defaultRecipe,
  definePlugin,
  type Plugin,
  type PluginParts,
  pluginProblems,
  recipeOf,
} from './plugin.ts';
