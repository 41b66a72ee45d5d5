import { type DatasetReader, type Picture, readEach } from '@simgan/core';
import type { CameraIntrinsics, HandAnnotation } from '../annotation.ts';
import { NYU_KINECT } from '../camera.ts';
import { checkUnit, type DepthFrame, depthFrame } from '../preparation/depth-frame.ts';
import { handSample } from './hand-sample.ts';

/** How {@link depthPictures} reads. */
export interface DepthPicturesOptions {
  /** Millimetres in one step of the stored values; 1 unless given. */
  readonly unit?: number;
  /** The camera that took them; the NYU dataset's Kinect unless given. */
  readonly camera?: CameraIntrinsics;
}

/** Intel's RealSense SR305 as in the recordings of Ondris' hand recognition: 1/8 mm, 640 x 480. */
export const SR305: Required<DepthPicturesOptions> = {
  unit: 0.125,
  camera: { fx: 476.007, fy: 476.007, cx: 313.683, cy: 242.755, width: 640, height: 480 },
};

/**
 * Reads folders of 16-bit grey pictures of depth, without labels: the nearest surface is taken for the hand. A
 * stored 0 is a pixel that was not measured.
 *
 * A picture of the camera's size is a frame. One of another size is a window that somebody cut tightly about the
 * hand: it is seen through a camera of the same focal length, from its own middle, so that the hand has its true
 * size; beyond it lies background, and so do its holes that reach its border, whose outline would otherwise
 * show where the cut was.
 *
 * @throws SimganError INVALID_ARGUMENT if the unit is not above 0.
 */
export function depthPictures({
  unit = 1,
  camera = NYU_KINECT,
}: DepthPicturesOptions = {}): DatasetReader<HandAnnotation> {
  checkUnit(unit);
  return (folder, options) =>
    readEach(
      folder.files.filter((file) => /\.(png|tiff?)$/i.test(file)),
      (file) => file,
      async (file) => {
        const { image, spec } = await folder.picture(file, { channels: 1, bits: 16 });
        const frame = depthFrame(spec, image, { unit });
        const isFrame = spec.width === camera.width && spec.height === camera.height;
        if (isFrame) return handSample(file, { frame, camera }, options.image);
        fillHolesAtBorder(frame);
        const seen = { frame, camera: windowOf(camera, spec), cutting: { beyond: 'background' } } as const;
        return handSample(file, seen, options.image);
      },
      options,
    );
}

/** A camera whose frame is a window of another's, seen from its middle. */
function windowOf({ fx, fy }: CameraIntrinsics, { width, height }: Picture['spec']): CameraIntrinsics {
  return { fx, fy, cx: (width - 1) / 2, cy: (height - 1) / 2, width, height };
}

/** What was not measured and reaches the border becomes background. */
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
