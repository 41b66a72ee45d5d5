import { type DatasetReader, type Reject, sizedForm } from '@simgan/core';
import { readEach } from '@simgan/core/reading';
import type { HandAnnotation } from '../annotation.ts';
import { depthFrame, MOST_FRAME_PIXELS } from '../preparation/depth-frame.ts';
import type { Vec3 } from '../simulator/geometry.ts';
import { checkFrameSize, handSample, jointsOfFrame } from './hand-sample.ts';
import { namedJoints } from './joint-names.ts';
import { LONGEST_LINE, linesOf } from './label-lines.ts';
import { SENZ3D } from './msra15.ts';
import { withIds } from './sample-ids.ts';

/** Its 16 joints in the order of its lists, each as the nearest of `HAND_JOINTS`. */
const JOINTS = namedJoints([
  'PALM_3',
  'TH_KNU2_B',
  'TH_KNU3_B',
  'TH_KNU3_A',
  ...['F4', 'F3', 'F2', 'F1'].flatMap((finger) =>
    ['KNU1_B', 'KNU2_B', 'KNU3_A'].map((knuckle) => `${finger}_${knuckle}`),
  ),
]);

/**
 * Reads the ICVL hand posture dataset (Tang et al., "Latent regression forest", CVPR 2014): lists of labels
 * (`labels.txt`, `test_seq_1.txt`), each line a picture's path and 16 joints as `u v d`, pixels and mm: the palm,
 * then thumb, index, middle, ring and little finger, with root, middle and tip of each. Pictures are 16-bit gray in mm,
 * in `Depth/` beside the list.
 *
 * Text files without such lines are ignored. Listed pictures that cannot be read and truncated lines are rejects.
 *
 * @example
 * ```ts no-run
 * import { openFolder } from '@simgan/node';
 * import { handImage, icvl } from '@simgan/plugin-depth-hands';
 *
 * const folder = await openFolder('ICVL/Training');
 * const { samples, rejects } = await icvl()(folder, { image: handImage(64) });
 * ```
 */
export function icvl(): DatasetReader<HandAnnotation> {
  return async (folder, options) => {
    const form = sizedForm(options.image);
    const known = new Set(folder.files);
    const rejects: Reject[] = [];
    const entries: Entry[] = [];
    for (const list of folder.files.filter((file) => /\.txt$/i.test(file))) {
      options.signal?.throwIfAborted();
      const lines = await linesOf(folder, list, rejects);
      if (!lines) continue;
      // Licenses and notes are text files too.
      if (!lines.some((line) => /\.png\b.*\d/i.test(line.slice(0, LONGEST_LINE)))) continue;
      const parent = list.slice(0, list.lastIndexOf('/') + 1);
      for (const [index, line] of lines.entries()) {
        if (line.trim() === '') continue;
        const entry = entryOf(line, (path) =>
          [`${parent}Depth/${path}`, parent + path].find((file) => known.has(file)),
        );
        if (typeof entry === 'string') rejects.push({ file: `${list}:${index + 1}`, reason: entry });
        else entries.push(entry);
      }
    }
    const read = await readEach(
      withIds(entries),
      ({ file }) => file,
      ({ joints, ...source }) =>
        folder.picture(source.file, STORED_DEPTH, (picture) => {
          checkFrameSize(picture, SENZ3D);
          const frame = depthFrame(picture, picture.data);
          return handSample(source, { frame, camera: SENZ3D, joints: jointsOfFrame(joints, SENZ3D) }, form);
        }),
      options,
    );
    return { samples: read.samples, rejects: [...rejects, ...read.rejects] };
  };
}

const STORED_DEPTH = { channels: 1, bits: 16, maxPixels: MOST_FRAME_PIXELS } as const;

interface Entry {
  readonly file: string;
  readonly joints: readonly (readonly [number, Vec3])[];
}

function entryOf(line: string, find: (path: string) => string | undefined): Entry | string {
  if (line.length > LONGEST_LINE) return `The line has more than ${LONGEST_LINE} characters.`;
  // A path may hold spaces: it ends with the extension of a picture.
  const [, path = '', rest = ''] = /^\s*(.*?\.png)\s+(.*)$/i.exec(line) ?? [];
  const numbers = rest.trim().split(/\s+/).map(Number);
  if (numbers.length !== 3 * JOINTS.length || !numbers.every(Number.isFinite)) {
    const found = line.trim().slice(0, 60);
    const hint = /\.png\s*[,;]/i.test(line) ? ', with spaces between them' : '';
    return `The line is not a path and ${3 * JOINTS.length} numbers${hint}: ${JSON.stringify(found)}.`;
  }
  const file = find(path);
  if (file === undefined) return `Its picture ${path} is missing.`;
  const joints = JOINTS.map((joint, i) => {
    return [joint, numbers.slice(3 * i, 3 * i + 3) as unknown as Vec3] as const;
  });
  return joints.some(([, [, , d]]) => d <= 0)
    ? 'One of its joints lies behind the camera.'
    : { file, joints };
}
