import { type DatasetReader, type Size, sizedForm } from '@simgan/core';
import { readEach } from '@simgan/core/reading';
import type { HandAnnotation } from '../annotation.ts';
import { NYU_KINECT } from '../camera.ts';
import type { CameraIntrinsics } from '../camera-frame.ts';
import { checkUnit, type DepthFrame, depthFrame, MOST_FRAME_PIXELS } from '../preparation/depth-frame.ts';
import { handSample } from './hand-sample.ts';
import { withIds } from './sample-ids.ts';

/** Options for {@link depthPictures}. */
export interface DepthPicturesOptions {
  /**
   * Millimeters per step of the stored values. Default: 1, where hands must be 0.2 to 2 m from the camera, as depth cameras
   * usually see them; with a unit that is given, 0.1 to 3 m.
   */
  readonly unit?: number | undefined;
  /** The camera that took the pictures. Default: the NYU dataset's Kinect. */
  readonly camera?: CameraIntrinsics | undefined;
}

/** Distances of palms, mm, at which depth cameras usually see hands. */
const USUAL_DISTANCE = [200, 2000] as const;
/** Nearer, no depth camera measures; farther, a hand has too few pixels to show its joints. */
const POSSIBLE_DISTANCE = [100, 3000] as const;

/** The sizes of depth cameras' frames, pixels: a picture of that size is no window about a hand. */
const FRAME_SIZES = new Set(
  '320x180 320x240 424x240 480x270 512x424 640x360 640x480 640x576 848x480 1024x768 1280x720 1280x960'.split(
    ' ',
  ),
);

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
 * their outline would show where it was cropped. Pictures that are larger than the camera's frames or have the size of
 * another camera's, pictures of more than 16 megapixels (2^24) and, where no unit is given, hands that would be nearer
 * than 0.2 m or farther than 2 m are rejects.
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
  unit: given,
  camera = NYU_KINECT,
}: DepthPicturesOptions = {}): DatasetReader<HandAnnotation> {
  const unit = given ?? 1;
  checkUnit(unit);
  const distance = given === undefined ? USUAL_DISTANCE : POSSIBLE_DISTANCE;
  const plausible = { unit, distance } as const;
  return async (folder, options) => {
    const form = sizedForm(options.image);
    const pictures = folder.files.filter((file) => /\.(png|tiff?)$/i.test(file));
    return readEach(
      withIds(pictures.map((file) => ({ file }))),
      ({ file }) => file,
      (source) =>
        folder.picture(source.file, STORED_DEPTH, (picture) => {
          const frame = depthFrame(picture, picture.data, { unit });
          const isFrame = picture.width === camera.width && picture.height === camera.height;
          if (isFrame) return handSample(source, { frame, camera, plausible }, form);
          const other = frameProblem(picture, camera);
          if (other) return { file: source.file, reason: other };
          fillHolesAtBorder(frame);
          const seen = {
            frame,
            camera: windowOf(camera, picture),
            plausible,
            cropping: { beyond: 'background' },
          } as const;
          return handSample(source, seen, form);
        }),
      options,
    );
  };
}

const STORED_DEPTH = { channels: 1, bits: 16, maxPixels: MOST_FRAME_PIXELS } as const;

/** Why a picture is no window of the camera's frames; `undefined` if it may be one. */
function frameProblem({ width, height }: Size, camera: Size): string | undefined {
  const isLarger = width > camera.width || height > camera.height;
  if (!isLarger && !FRAME_SIZES.has(`${width}x${height}`)) return undefined;
  return (
    `It is ${width} x ${height}, a frame of another camera than the one of ${camera.width} x ${camera.height}, ` +
    'so that the size of its hand is unknown. Give the camera: the option depthCamera of the plugin.'
  );
}

/** A camera with the focal length of another, whose frame is a window about the viewing axis. */
function windowOf({ fx, fy }: CameraIntrinsics, { width, height }: Size): CameraIntrinsics {
  return { fx, fy, cx: (width - 1) / 2, cy: (height - 1) / 2, width, height };
}

/** Holes that reach the border become background. */
function fillHolesAtBorder({ width, height, depths }: DepthFrame): void {
  const open = new Int32Array(depths.length);
  let count = 0;
  const visit = (pixel: number) => {
    if (!Number.isNaN(depths[pixel]!)) return;
    depths[pixel] = Number.POSITIVE_INFINITY;
    open[count++] = pixel;
  };
  for (let column = 0; column < width; column++) {
    visit(column);
    visit((height - 1) * width + column);
  }
  for (let row = 0; row < height; row++) {
    visit(row * width);
    visit(row * width + width - 1);
  }
  while (count > 0) {
    const pixel = open[--count]!;
    const column = pixel % width;
    if (column > 0) visit(pixel - 1);
    if (column < width - 1) visit(pixel + 1);
    if (pixel >= width) visit(pixel - width);
    if (pixel < depths.length - width) visit(pixel + width);
  }
}
