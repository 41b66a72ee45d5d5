import { type DatasetReader, type Reject, readEach, SimganError } from '@simgan/core';
import type { HandAnnotation } from '../annotation.ts';
import { depthFrame } from '../preparation/depth-frame.ts';
import type { Vec3 } from '../simulator/geometry.ts';
import { handSample, jointsOfFrame } from './hand-sample.ts';
import { namedJoints } from './joint-names.ts';
import { SENZ3D } from './msra15.ts';

/** Its 16 joints in the order of its lists, as the joints of ours that they are nearest to. */
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
 * then thumb, index, middle, ring and little finger, root, middle and tip of each. Pictures are 16-bit grey in mm, in
 * `Depth/` beside the list.
 *
 * A text of other lines is passed over. Pictures that are listed and cannot be read, and lines that are cut off,
 * are rejects.
 */
export function icvl(): DatasetReader<HandAnnotation> {
  return async (folder, options) => {
    const known = new Set(folder.files);
    const rejects: Reject[] = [];
    const entries: Entry[] = [];
    for (const list of folder.files.filter((file) => /\.txt$/i.test(file))) {
      options.signal?.throwIfAborted();
      const text = new TextDecoder().decode(await folder.read(list));
      const lines = text.split(/\r?\n/);
      // Licences and notes are texts too.
      if (!lines.some((line) => /^\S+\.png\s/i.test(line))) continue;
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
      entries,
      ({ file }) => file,
      async ({ file, joints }) => {
        const { image, spec } = await folder.picture(file, { channels: 1, bits: 16 });
        if (spec.width !== SENZ3D.width || spec.height !== SENZ3D.height) {
          throw new SimganError(
            'INVALID_IMAGE',
            `It is ${spec.width} x ${spec.height}, and frames are ${SENZ3D.width} x ${SENZ3D.height}.`,
          );
        }
        const frame = depthFrame(spec, image);
        return handSample(
          file,
          { frame, camera: SENZ3D, joints: jointsOfFrame(joints, SENZ3D) },
          options.image,
        );
      },
      options,
    );
    return { samples: read.samples, rejects: [...rejects, ...read.rejects] };
  };
}

interface Entry {
  readonly file: string;
  readonly joints: readonly (readonly [number, Vec3])[];
}

function entryOf(line: string, find: (path: string) => string | undefined): Entry | string {
  const [path = '', ...words] = line.trim().split(/\s+/);
  const numbers = words.map(Number);
  if (numbers.length !== 3 * JOINTS.length || !numbers.every(Number.isFinite)) {
    return `It is not a path and ${3 * JOINTS.length} numbers.`;
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
