import type { EngineName } from '@simgan/core/node';
import { parseMatch } from './match-text.ts';
import { choice, excluding, flag, folder, keyValues, parsed, requiredText, text, whole } from './options.ts';

// Named here and checked by type, because importing them would load the engines to print a help page.
const engines = ['auto', 'tensorflow-gpu', 'onnx', 'tensorflow', 'wasm', 'cpu'] as const satisfies readonly (
  | EngineName
  | 'auto'
)[];

/** Options that several commands share, so that they mean the same everywhere. */
export const common = {
  plugin: requiredText('NAME', 'The domain: eyes, depth-hands, a package of yours, or a path'),
  'plugin-option': keyValues('Passed to the plugin, such as color=true or size=64; may be repeated'),
  seed: whole('Everything random follows from it', { least: 0, otherwise: 1 }),
  engine: choice(engines, 'What computes', 'auto'),
  device: choice(['auto', 'cpu', 'gpu', 'cuda'], 'Where the onnx engine runs', 'auto'),
  threads: whole('Threads that compute, and that render; as many as there are processors unless given', {
    least: 1,
    otherwise: undefined,
  }),
  recipe: text('NAME', "One of the plugin's recipes [quick]"),
  steps: whole("In place of the recipe's number of steps", { least: 1, otherwise: undefined }),
  'batch-size': whole("In place of the recipe's batch size", { least: 1, otherwise: undefined }),
  resume: flag('Go on with what an interrupted run left in --out'),
  force: excluding(flag('Replace what an earlier run wrote to --out'), {
    resume: 'one replaces an earlier run, the other goes on with it',
  }),
  json: flag('Write events and the result to stdout as JSON lines'),
} as const;

/** Where the pictures come from that a refiner is trained with. */
export const sources = {
  synthetic: folder(
    "Synthetic pictures in place of the plugin's simulator; labels from a metadata.jsonl in it",
  ),
  format: text('NAME', "How --synthetic is read: one of the plugin's formats, such as unityeyes"),
  real: folder('Real pictures; without them a simulated stand-in camera plays the real one'),
  'real-format': text('NAME', 'How --real is read, likewise; plainly or as the plugin says unless given'),
  match: parsed(
    'none|auto|LIST',
    "In place of the recipe's corrections of light: such as blur:0.7,histogram,noise:0.012",
    parseMatch,
  ),
} as const;

/** What refined pictures are kept like, beside what the plugin keeps. */
export const regularization = {
  features: text('FILE', 'A network in ONNX, such as VGG, whose features refined pictures keep as well'),
  'feature-option': keyValues(
    'How it is used: output=relu3_3 (the value compared), range=[0,1], mean=[…], deviation=[…], colors=bgr, layout=nhwc, weight=0.5',
  ),
} as const;
