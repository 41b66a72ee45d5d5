import { type DatasetReader, type Size, sizedForm } from '@simgan/core';
import { readEach } from '@simgan/core/reading';
import type { HandAnnotation } from '../annotation.ts';
import { NYU_KINECT } from '../camera.ts';
import type { CameraIntrinsics } from '../camera-frame.ts';
import { checkUnit, type DepthFrame, depthFrame } from '../preparation/depth-frame.ts';
import { handSample } from './hand-sample.ts';
import { withIds } from './sample-ids.ts';

/** Options for {@link depthPictures}. */
export interface DepthPicturesOptions {
  /** Millimeters per step of the stored values. Default: 1. */
  readonly unit?: number;
  /** The camera that took the pictures. Default: the NYU dataset's Kinect. */
  readonly camera?: CameraIntrinsics;
}

/** Intel's RealSense SR305 as in the recordings of Ondris' hand recognition: 1/8 mm, 640 x 480. */
export const SR305: Required<DepthPicturesOptions> = {
  unit: 0.125,
  camera: { fx: 476.007, fy: 476.007, cx: 313.683, cy: 242.755, width: 640, height: 480 },
};

/**
 * Reads folders of 16-bit gray depth pictures without labels: the nearest surface is taken for the hand. A
 * stored 0 is a pixel that was not measured.
 *
 * A picture of the camera's size is a frame. A picture of another size is a window cropped tightly about the
 * hand: it is seen by a camera of the same focal length whose principal point is the middle of the window, so that the
 * hand has its true size. Beyond the window lies background; holes that reach its border become background too, because
 * their outline would show where it was cropped.
 *
 * @throws SimganError INVALID_ARGUMENT if the unit is not above 0.
 * @example
 * ```ts no-run
 * import { openFolder } from '@simgan/node';
 * import { depthPictures, handImage, SR305 } from '@simgan/plugin-depth-hands';
 *
 * const folder = await openFolder('recordings');
 * const { samples, rejects } = await depthPictures(SR305)(folder, { image: handImage(64) });
 * ```
 */
export function depthPictures({
  unit = 1,
  camera = NYU_KINECT,
}: DepthPicturesOptions = {}): DatasetReader<HandAnnotation> {
  checkUnit(unit);
  return async (folder, options) => {
    const form = sizedForm(options.image);
    const pictures = folder.files.filter((file) => /\.(png|tiff?)$/i.test(file));
    return readEach(
      withIds(pictures.map((file) => ({ file }))),
      ({ file }) => file,
      async (source) => {
        const picture = await folder.picture(source.file, { channels: 1, bits: 16 });
        const frame = depthFrame(picture, picture.data, { unit });
        const isFrame = picture.width === camera.width && picture.height === camera.height;
        if (isFrame) return handSample(source, { frame, camera }, form);
        fillHolesAtBorder(frame);
        const seen = {
          frame,
          camera: windowOf(camera, picture),
          cropping: { beyond: 'background' },
        } as const;
        return handSample(source, seen, form);
      },
      options,
    );
  };
}

/** A camera with the focal length of another, whose frame is a window about the viewing axis. */
function windowOf({ fx, fy }: CameraIntrinsics, { width, height }: Size): CameraIntrinsics {
  return { fx, fy, cx: (width - 1) / 2, cy: (height - 1) / 2, width, height };
}

/** Holes that reach the border become background. */
function fillHolesAtBorder({ width, height, depths }: DepthFrame): void {
  const open: number[] = [];
  const visit = (u: number, v: number) => {
    if (u < 0 || u >= width || v < 0 || v >= height || !Number.isNaN(depths[v * width + u]!)) return;
    depths[v * width + u] = Number.POSITIVE_INFINITY;
    open.push(v * width + u);
  };
  for (let u = 0; u < width; u++) for (const v of [0, height - 1]) visit(u, v);
  for (let v = 0; v < height; v++) for (const u of [0, width - 1]) visit(u, v);
  for (let pixel = open.pop(); pixel !== undefined; pixel = open.pop()) {
    const [u, v] = [pixel % width, Math.floor(pixel / width)];
    visit(u - 1, v);
    visit(u + 1, v);
    visit(u, v - 1);
    visit(u, v + 1);
  }
}
