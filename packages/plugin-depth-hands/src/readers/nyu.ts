import { type DatasetReader, type Reject, SimganError, sizedForm } from '@simgan/core';
import { type Folder, readEach } from '@simgan/core/reading';
import { type MatValue, readMatFile } from '@simgan/formats';
import { EVALUATED_JOINTS, HAND_JOINT_COUNT, type HandAnnotation } from '../annotation.ts';
import { NYU_KINECT } from '../camera.ts';
import { type DepthFrame, depthFrame, MOST_FRAME_PIXELS } from '../preparation/depth-frame.ts';
import { unpackNyuDepth } from '../preparation/nyu-packing.ts';
import type { Vec3 } from '../simulator/geometry.ts';
import { checkFrameSize, handSample, jointsOfFrame } from './hand-sample.ts';
import { withIds } from './sample-ids.ts';

/** Options for {@link nyu}. */
export interface NyuOptions {
  /** Which of the three cameras. Default: 1, the frontal one. */
  readonly kinect?: 1 | 2 | 3;
  /** `depth`, what the camera measured, or `synthdepth`, the rendering of the fitted hand model. Default: `depth`. */
  readonly pictures?: 'depth' | 'synthdepth';
  /**
   * Whether what was measured is masked with the rendering beside it, as in the paper, which removes forearm and
   * background. Default: false.
   */
  readonly mask?: boolean;
}

/**
 * Reads the NYU hand pose dataset (Tompson et al., ACM Transactions on Graphics 33(5), 2014):
 * `depth_K_NNNNNNN.png` or `synthdepth_K_NNNNNNN.png` beside `joint_data.mat`, whose `joint_uvd` (3 cameras x
 * frames x 36 joints x 3) has pixels and mm. Pictures that were unpacked to 16-bit gray are in mm. A `*keypointsUVD*.mat` of the 14 evaluated joints in the
 * first camera (frames x 14 x 3, as published with A2J) may take its place.
 *
 * Hands are cropped about the joint in the middle of the palm. Broken pictures, frames whose joints are not finite
 * numbers, cubes in which nothing was measured and label files that cannot be read are rejects.
 *
 * @example
 * ```ts no-run
 * import { openFolder } from '@simgan/node';
 * import { handImage, nyu } from '@simgan/plugin-depth-hands';
 *
 * const folder = await openFolder('nyu/train');
 * const { samples, rejects } = await nyu({ mask: true })(folder, { image: handImage(64) });
 * ```
 */
export function nyu({
  kinect = 1,
  pictures = 'depth',
  mask = false,
}: NyuOptions = {}): DatasetReader<HandAnnotation> {
  const name = new RegExp(`^(?:(.*)/)?${pictures}_${kinect}_(\\d{7})\\.png$`, 'i');
  return async (folder, options) => {
    const form = sizedForm(options.image);
    const rejects: Reject[] = [];
    const known = new Set(folder.files);
    const byFolder = new Map<string, { file: string; frame: number }[]>();
    const labelFiles = new Map<string, string[]>();
    for (const file of folder.files) {
      if (LABELS.some((pattern) => pattern.test(file))) {
        const parent = file.slice(0, Math.max(0, file.lastIndexOf('/')));
        labelFiles.set(parent, [...(labelFiles.get(parent) ?? []), file]);
      }
      const [, parent = '', digits] = name.exec(file) ?? [];
      if (digits === undefined) continue;
      if (!byFolder.has(parent)) byFolder.set(parent, []);
      byFolder.get(parent)!.push({ file, frame: Number(digits) - 1 });
    }
    const labeled: { file: string; frame: number; labels: JointTable }[] = [];
    for (const [parent, frames] of byFolder) {
      options.signal?.throwIfAborted();
      const labels = await readLabels(
        folder,
        { parent, files: labelFiles.get(parent) ?? [] },
        kinect,
        rejects,
      );
      if (labels) for (const entry of frames) labeled.push({ ...entry, labels });
    }
    const read = await readEach(
      withIds(labeled),
      ({ file }) => file,
      async ({ id, file, frame, labels }) => {
        const joints = labels.frame(frame);
        if (typeof joints === 'string') return { file, reason: joints };
        const rendered = file.replace(/depth_(?=[^/]*$)/i, 'synthdepth_');
        if (mask && !known.has(rendered)) {
          return { file, reason: `Its rendering ${rendered}, the mask of the hand, is missing.` };
        }
        const seen = {
          frame: await readDepth(folder, file, pictures),
          camera: NYU_KINECT,
          joints: jointsOfFrame(joints, NYU_KINECT),
          cropping: mask ? { mask: await readDepth(folder, rendered, 'synthdepth') } : {},
        };
        return handSample({ id, file }, seen, form);
      },
      options,
    );
    return { samples: read.samples, rejects: [...rejects, ...read.rejects] };
  };
}

/** Stored values from here on mean that nothing was measured, as 0 does. */
const UNMEASURED = 32_001;

const PACKED_DEPTH = { channels: 3, bits: 8, maxPixels: MOST_FRAME_PIXELS } as const;

const PLAIN_DEPTH = { channels: 1, bits: 16, maxPixels: MOST_FRAME_PIXELS } as const;

/** Depth packed into two bytes of a color, as published, or in millimeters, as others have unpacked it. */
async function readDepth(
  folder: Folder,
  file: string,
  pictures: 'depth' | 'synthdepth',
): Promise<DepthFrame> {
  const { channels, bits } = await folder.pictureSize(file);
  const isPlain = channels === 1 && bits === 16;
  if (!isPlain && !(channels === 3 && bits === 8)) {
    throw new SimganError(
      'INVALID_IMAGE',
      `It has ${channels} channels of ${bits} bits; depth of this dataset has 3 of 8 bits (millimeters = 256 green + blue) or, unpacked, 1 of 16.`,
    );
  }
  return folder.picture(file, isPlain ? PLAIN_DEPTH : PACKED_DEPTH, (picture) => {
    checkFrameSize(picture, NYU_KINECT);
    const millimeters = isPlain ? picture : unpackNyuDepth(picture);
    const stored = millimeters.data.map((value) => (value >= UNMEASURED ? 0 : value));
    // A rendering has no holes.
    return depthFrame(millimeters, stored, { zero: pictures === 'depth' ? 'invalid' : 'background' });
  });
}

/** The joints of every frame of one camera. */
interface JointTable {
  /** Index into `HAND_JOINTS` and `[u, v, d]` of each joint, or why there are none. */
  frame(index: number): (readonly [number, Vec3])[] | string;
}

/** The label files beside pictures, the first kind before the second. */
const LABELS = [/(^|\/)joint_data\.mat$/i, /keypointsUVD[^/]*\.mat$/i] as const;

async function readLabels(
  folder: Folder,
  { parent, files }: { readonly parent: string; readonly files: readonly string[] },
  kinect: number,
  rejects: Reject[],
): Promise<JointTable | undefined> {
  const file =
    files.find((candidate) => LABELS[0].test(candidate)) ??
    files.find((candidate) => LABELS[1].test(candidate));
  if (file === undefined) {
    const missing = parent === '' ? 'joint_data.mat' : `${parent}/joint_data.mat`;
    rejects.push({
      file: missing,
      reason: 'It is missing, so the joints of the pictures beside it are unknown.',
    });
    return undefined;
  }
  try {
    return tableOf(await readMatFile(await folder.read(file), file), kinect);
  } catch (error) {
    if (!(error instanceof SimganError)) throw error;
    rejects.push({ file, reason: error.message });
    return undefined;
  }
}

/** @throws SimganError INVALID_FILE if the variables have no joints of that camera. */
function tableOf(variables: ReadonlyMap<string, MatValue>, kinect: number): JointTable {
  const all = variables.get('joint_uvd');
  if (all?.kind === 'array') {
    const [cameras = 0, frames = 0, joints, axes] = all.shape;
    if (joints === HAND_JOINT_COUNT && axes === 3 && kinect <= cameras) {
      // One camera's, in single precision: the whole file of the training set takes 190 MB.
      const own = Float32Array.from({ length: frames * joints * 3 }, (_, i) => {
        return all.data[kinect - 1 + cameras * i]!;
      });
      return jointTable(own, frames, HAND_JOINT_COUNT, (joint) => joint);
    }
    throw new SimganError(
      'INVALID_FILE',
      `Its joint_uvd is ${all.shape.join(' x ')}, not 3 x frames x ${HAND_JOINT_COUNT} x 3, or lacks camera ${kinect}.`,
    );
  }
  for (const value of variables.values()) {
    if (value.kind !== 'array') continue;
    const [frames = 0, joints, axes] = value.shape;
    if (value.shape.length !== 3 || joints !== EVALUATED_JOINTS.length || axes !== 3) continue;
    if (kinect !== 1) {
      throw new SimganError('INVALID_FILE', `It has the joints of camera 1, not of camera ${kinect}.`);
    }
    const own = Float32Array.from(value.data);
    return jointTable(own, frames, EVALUATED_JOINTS.length, (joint) => EVALUATED_JOINTS[joint]!);
  }
  throw new SimganError('INVALID_FILE', 'It has no array joint_uvd.');
}

/** @param data - `[frames, joints, 3]`, column-major: the frame runs fastest. */
function jointTable(
  data: Float32Array,
  frames: number,
  joints: number,
  indexOf: (joint: number) => number,
): JointTable {
  return {
    frame(index) {
      if (index < 0 || index >= frames) {
        return `It is frame ${index + 1}, and its label file has ${frames} frames.`;
      }
      const uvd = Array.from({ length: joints }, (_, joint) => {
        const at = (axis: number) => data[index + frames * (joint + joints * axis)]!;
        return [indexOf(joint), [at(0), at(1), at(2)]] as const;
      });
      const isBroken = uvd.some(([, [u, v, d]]) => !Number.isFinite(u + v + d) || d <= 0);
      return isBroken
        ? `The joints of frame ${index + 1} are not all finite and in front of the camera.`
        : uvd;
    },
  };
}
