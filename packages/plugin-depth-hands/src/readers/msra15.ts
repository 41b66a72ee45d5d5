import { type DatasetReader, type Reject, sizedForm } from '@simgan/core';
import { type Folder, readEach } from '@simgan/core/reading';
import type { HandAnnotation } from '../annotation.ts';
import type { CameraIntrinsics } from '../camera-frame.ts';
import { type DepthFrame, depthFrame } from '../preparation/depth-frame.ts';
import type { Vec3 } from '../simulator/geometry.ts';
import { handSample, type KnownJoints } from './hand-sample.ts';
import { namedJoints } from './joint-names.ts';
import { LONGEST_LINE, linesOf } from './label-lines.ts';
import { withIds } from './sample-ids.ts';

/** The Creative Senz3D camera of MSRA15 and ICVL. */
export const SENZ3D: CameraIntrinsics = { fx: 241.42, fy: 241.42, cx: 160, cy: 120, width: 320, height: 240 };

/** Its 21 joints in the order of `joint.txt`, each as the nearest of `HAND_JOINTS`. */
const JOINTS = namedJoints([
  'PALM_6',
  ...['F4', 'F3', 'F2', 'F1'].flatMap((finger) =>
    ['KNU1_B', 'KNU2_B', 'KNU3_B', 'KNU3_A'].map((knuckle) => `${finger}_${knuckle}`),
  ),
  'TH_KNU1_B',
  'TH_KNU2_B',
  'TH_KNU3_B',
  'TH_KNU3_A',
]);

/**
 * Reads MSRA15 (Sun et al., "Cascaded hand pose regression", CVPR 2015): `PN/gesture/NNNNNN_depth.bin` beside
 * `joint.txt`. A picture is six 32-bit integers, width, height and the window (left, top, right, bottom) of the
 * frame, then the window's depths in mm as 32-bit floats, 0 where the hand is not. `joint.txt` has the number of
 * frames, then as many lines with 21 joints, `x y z` in mm, y up and z toward the camera: the wrist, then
 * index, middle, ring, little finger and thumb, each from its root to its tip.
 *
 * The hand is cropped about the middle of the palm, between the wrist and the middle finger's root.
 *
 * @example
 * ```ts no-run
 * import { openFolder } from '@simgan/node';
 * import { handImage, msra15 } from '@simgan/plugin-depth-hands';
 *
 * const folder = await openFolder('cvpr15_MSRAHandGestureDB');
 * const { samples, rejects } = await msra15()(folder, { image: handImage(64) });
 * ```
 */
export function msra15(): DatasetReader<HandAnnotation> {
  return async (folder, options) => {
    const form = sizedForm(options.image);
    const rejects: Reject[] = [];
    const tables = new Map<string, (KnownJoints | string)[] | undefined>();
    const frames: { file: string; joints: KnownJoints | string }[] = [];
    const known = new Set(folder.files);
    for (const file of folder.files) {
      const [, parent, digits] = /^(.*?)(\d{6})_depth\.bin$/i.exec(file) ?? [];
      if (parent === undefined || digits === undefined) continue;
      if (!tables.has(parent)) {
        tables.set(parent, await readJoints(folder, `${parent}joint.txt`, known, rejects));
      }
      const table = tables.get(parent);
      if (!table) continue;
      const joints =
        table[Number(digits)] ?? `${parent}joint.txt has ${table.length} frames, and none for this picture.`;
      frames.push({ file, joints });
    }
    const read = await readEach(
      withIds(frames),
      ({ file }) => file,
      async ({ joints, ...source }) => {
        const { file } = source;
        if (typeof joints === 'string') return { file, reason: joints };
        const frame = windowedFrame(await folder.read(file, LARGEST_FRAME));
        if (typeof frame === 'string') return { file, reason: frame };
        return handSample(
          source,
          { frame, camera: SENZ3D, joints, cropping: { beyond: 'background' } },
          form,
        );
      },
      options,
    );
    return { samples: read.samples, rejects: [...rejects, ...read.rejects] };
  };
}

const HEADER_BYTES = 24;
const LARGEST_FRAME = HEADER_BYTES + 4 * SENZ3D.width * SENZ3D.height;

/** The whole frame of which the file has a window, or why it cannot be used. */
function windowedFrame(bytes: Uint8Array): DepthFrame | string {
  if (bytes.length < HEADER_BYTES)
    return `It has ${bytes.length} bytes, fewer than its header of ${HEADER_BYTES}.`;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const [width, height, left, top, right, bottom] = Array.from({ length: 6 }, (_, i) =>
    view.getInt32(4 * i, true),
  ) as [number, number, number, number, number, number];
  const isWindow =
    left >= 0 && top >= 0 && left < right && top < bottom && right <= width && bottom <= height;
  if (width !== SENZ3D.width || height !== SENZ3D.height || !isWindow) {
    return (
      `Its header has a window from (${left}, ${top}) to (${right}, ${bottom}) of a frame of ${width} x ${height}; ` +
      `frames are ${SENZ3D.width} x ${SENZ3D.height}.`
    );
  }
  const count = (right - left) * (bottom - top);
  if (bytes.length !== HEADER_BYTES + 4 * count) {
    return `It has ${bytes.length} bytes, and its window of ${count} pixels takes ${HEADER_BYTES + 4 * count}.`;
  }
  const stored = new Float32Array(width * height);
  for (let i = 0; i < count; i++) {
    const [column, row] = [left + (i % (right - left)), top + Math.floor(i / (right - left))];
    stored[row * width + column] = view.getFloat32(HEADER_BYTES + 4 * i, true);
  }
  return depthFrame({ width, height }, stored, { zero: 'background' });
}

async function readJoints(
  folder: Folder,
  file: string,
  known: ReadonlySet<string>,
  rejects: Reject[],
): Promise<(KnownJoints | string)[] | undefined> {
  if (!known.has(file)) {
    rejects.push({ file, reason: 'It is missing, so the joints of the pictures beside it are unknown.' });
    return undefined;
  }
  const all = await linesOf(folder, file, rejects);
  while (all?.at(-1)?.trim() === '') all.pop();
  if (!all) return undefined;
  const [first = '', ...lines] = all;
  if (!/^\s*\d+\s*$/.test(first) || Number(first) !== lines.length) {
    // With one line more or less, every picture would get the joints of the next.
    const shown = first.trim().slice(0, 40);
    rejects.push({
      file: `${file}:1`,
      reason: `Its first line is ${JSON.stringify(shown)}, and ${lines.length} lines follow. It must be their number, so that each picture gets its own joints; correct the file.`,
    });
    return undefined;
  }
  return lines.map((line, index) => {
    if (line.length > LONGEST_LINE)
      return `Line ${index + 2} of ${file} has more than ${LONGEST_LINE} characters.`;
    const numbers = line.trim().split(/\s+/).map(Number);
    if (numbers.length !== 3 * JOINTS.length || !numbers.every(Number.isFinite)) {
      return `Line ${index + 2} of ${file} is not ${3 * JOINTS.length} numbers.`;
    }
    return new Map(
      JOINTS.map((joint, i): [number, Vec3] => {
        const [x, y, z] = numbers.slice(3 * i, 3 * i + 3) as [number, number, number];
        return [joint, [x, y, -z]];
      }),
    );
  });
}
