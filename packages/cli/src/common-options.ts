import { parseMatch } from '@simgan/core/matching';
import { defaults, deviceNames, engineNames } from '@simgan/node/names';
import { labelGeometry } from './label-geometry-option.ts';
import {
  choice,
  excluding,
  flag,
  folder,
  keyValues,
  list,
  parsed,
  positive,
  requiredText,
  text,
  whole,
} from './options.ts';

/** Options that several commands share, so that they mean the same everywhere. */
export const common = {
  plugin: requiredText('NAME', 'The domain: eyes, depth-hands, images, a package of yours, or a path'),
  pluginOption: keyValues(
    'Passed to the plugin, such as color=true; may be repeated (see --plugin NAME --help)',
  ),
  seed: whole('Everything random follows from it', { least: 0, otherwise: defaults.seed }),
  engine: choice(['auto', ...engineNames], 'What computes', defaults.engine),
  device: choice(deviceNames, 'Where the engines webgpu and onnx run', defaults.device),
  threads: whole('Threads that compute, and that render. Default: as many as there are processors.', {
    least: 1,
    otherwise: undefined,
  }),
  recipe: text('NAME', "One of the plugin's recipes. Default: quick, or else the plugin's first."),
  steps: whole("In place of the recipe's number of steps", { least: 1, otherwise: undefined }),
  batchSize: whole("In place of the recipe's batch size", { least: 1, otherwise: undefined }),
  resume: flag('Go on with what an interrupted run left in --out'),
  force: excluding(flag('Replace what an earlier run wrote to --out'), {
    resume: 'one replaces an earlier run, the other goes on with it',
  }),
  json: flag('Write events and the result to stdout as JSON lines'),
} as const;

function parseRange(text: string): readonly [low: number, high: number] {
  const [low, high, ...rest] = text.split(',').map(Number);
  if (low === undefined || high === undefined || rest.length > 0 || !(low < high)) {
    throw new Error(
      `expected two numbers, the lower one first, such as 0,1023, but received ${JSON.stringify(text)}`,
    );
  }
  return [low, high];
}

/** Other formats of the dataset that a command writes. */
export const to = list(
  'NAME,…',
  'The dataset in other formats too, each beside --out as OUT-NAME: coco, yolo, parquet, … (see docs/formats.md)',
);

/** Formats of the user's own, beside those that are known. */
export const formats = list(
  'MODULE,…',
  'Formats of your own: ./my-formats.js or an installed package, whose names --format and --to then know',
);

/** One part of a dataset, for runs on several machines. */
export const shard = text(
  'I/N|auto',
  'Write shard I of N only, counted from 0, to OUT/shards; auto: what the scheduler says in the environment',
);

/** Where the pictures come from that a refiner is trained with. */
export const sources = {
  synthetic: folder(
    "Synthetic pictures in place of the plugin's simulator; labels from a metadata.jsonl in it",
  ),
  format: text(
    'NAME',
    "The format of --synthetic: the plugin's, such as unityeyes, or coco, yolo, … (see docs/formats.md)",
  ),
  formats,
  real: {
    ...folder('Real pictures; without them a simulated stand-in camera plays the real one'),
    insteadOfRepeating:
      'A refiner is made for one camera, so run this once for each, with an --out of its own; augment takes several cameras at once.',
  },
  realFormat: text('NAME', 'The format of --real. Default: what the plugin says, or plainly.'),
  labels: choice(
    ['invariant', 'none'],
    'invariant: labels of --synthetic that are not declared never change; none: labels that are not read are left out',
    undefined,
  ),
  labelGeometry: labelGeometry(
    'What fields of the labels of --synthetic are, so that they follow when pictures are scaled: pupil=point,bbox=box, or a .json file',
  ),
  valueRange: parsed(
    'LOW,HIGH',
    'Stored values of 16-bit pictures that become black and white, such as 0,1023. Default: what each set says.',
    parseRange,
  ),
  match: parsed(
    'none|auto|light|LIST',
    "In place of the recipe's corrections of light, such as blur:0.7,histogram,noise:0.012",
    parseMatch,
  ),
} as const;

const picturesAreThere = 'the pictures are there already';

/** A renderer in another process, in place of the plugin's simulator. */
export const rendering = {
  renderer: excluding(text('URL', "A renderer in place of the plugin's simulator (see docs/renderers.md)"), {
    rendererCommand: 'one is behind an address, the other is started',
    synthetic: picturesAreThere,
  }),
  rendererCommand: excluding(
    text('COMMAND', 'The same, started here: a program and its arguments, such as "python3 renderer.py"'),
    { synthetic: picturesAreThere },
  ),
  rendererOption: keyValues('Passed to the renderer; may be repeated'),
} as const;

/** What refinement may change, and what it keeps beside what the plugin keeps. */
export const regularization = {
  features: text('FILE', 'A network in ONNX, such as VGG, whose features refined pictures keep as well'),
  displacement: parsed(
    'PX2',
    'Let the refiner move what pictures show, and labels with it: the mean square of the displacement, such as 2',
    positive,
  ),
  featureOption: keyValues(
    'How it is used: output=relu3_3 (the value compared), range=[0,1], mean=[…], std=[…], colors=bgr, layout=nhwc, weight=0.5',
  ),
} as const;

/** What to do with an earlier run, as the library calls it. */
export function existingOf({ resume, force }: { resume: boolean; force: boolean }) {
  return force ? 'replace' : resume ? 'resume' : 'refuse';
}
