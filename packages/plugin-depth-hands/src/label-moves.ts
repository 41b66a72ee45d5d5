/** @file How the labels of a hand follow when its picture is cropped, scaled, mirrored, flipped, rotated or bent. */
import { SimganError } from '@simgan/core';
import { type PictureMap, transformOf, turnDirectionBy, turnOf } from '@simgan/core/geometry';
import { project, toCrop, toFrame, unproject } from './camera.ts';
import type { CameraIntrinsics, HandCrop } from './camera-frame.ts';

/**
 * Moves `[u, v, d]`, pixels of the picture and mm. Pixel centers have whole coordinates in annotations, and lie half a
 * pixel further right and down in transforms, which count from the outer corner of the top left pixel.
 */
export function moveUvd(
  map: PictureMap,
  [u, v, d]: readonly [number, number, number],
): [number, number, number] {
  const [x, y] = map.move([u + 0.5, v + 0.5]);
  return [x - 0.5, y - 0.5, d];
}

/**
 * Moves `[x, y, z]`, mm in the camera frame, y up. A mirrored hand is mirrored about the viewing axis, as directions are.
 * Where a picture is rotated or bent, a joint is the point that its new pixel and its depth stand for, so that joints in
 * space and in the picture stay one.
 *
 * @throws SimganError INVALID_ARGUMENT if the picture is rotated or bent and the annotation has no camera or no crop.
 */
export function moveXyz(
  map: PictureMap,
  xyz: readonly [number, number, number],
  annotation: unknown,
): [number, number, number] {
  if (transformOf(map)) return turnDirectionBy(map, xyz);
  const { camera, crop } = annotation as { camera?: CameraIntrinsics; crop?: HandCrop };
  if (!camera || !crop) {
    throw new SimganError(
      'INVALID_ARGUMENT',
      'Joints in space cannot follow a picture that is rotated or bent where its camera or crop is unknown. Leave joints.xyz out or give both.',
    );
  }
  const [u, v, d] = toCrop(project([...xyz], camera), crop);
  const moved = toFrame(moveUvd(map, [u, v, d]), crop);
  const [x, y, z] = unproject([moved[0], moved[1], moved[2]], camera);
  return [x, y, z];
}

/** A reflection makes a left hand of a right one; mirroring and flipping at once is a half turn and does not. */
export function moveSide(map: PictureMap, side: 'left' | 'right'): 'left' | 'right' {
  if (!turnOf(map).isMirrored) return side;
  return side === 'left' ? 'right' : 'left';
}

/**
 * The camera of the frame that the new picture is a crop of. Cropping, scaling, rotating and bending leave it as it is. A
 * mirrored picture is a crop of the mirrored frame: column `c` becomes column `-1 - c`, whatever the width of the frame,
 * so that camera and crop follow each other even where only one of them is known.
 */
export function moveCamera(map: PictureMap, camera: CameraIntrinsics): CameraIntrinsics {
  const scale = transformOf(map)?.scale;
  if (!scale) return unmirrored(map, camera);
  return { ...camera, cx: reflected(scale[0], camera.cx), cy: reflected(scale[1], camera.cy) };
}

/**
 * Keeps every pixel of the new picture at its place in the frame, or in the mirrored frame; see {@link moveCamera}. A
 * picture that was rotated or bent within its edges is taken as the crop that it was: its joints move instead.
 */
export function moveCrop(map: PictureMap, crop: HandCrop): HandCrop {
  const transform = transformOf(map);
  if (!transform) return unmirrored(map, crop);
  const { scale, shift } = transform;
  return {
    ...crop,
    u: firstOf(crop.u, crop.scaleU, scale[0], shift[0]),
    v: firstOf(crop.v, crop.scaleV, scale[1], shift[1]),
    scaleU: crop.scaleU / Math.abs(scale[0]),
    scaleV: crop.scaleV / Math.abs(scale[1]),
  };
}

function unmirrored<Value>(map: PictureMap, value: Value): Value {
  const isSameSize = map.from.width === map.to.width && map.from.height === map.to.height;
  if (isSameSize && !turnOf(map).isMirrored) return value;
  throw new SimganError(
    'INVALID_ARGUMENT',
    'A camera and its crop follow a rotated or bent picture only if its size stays and it is not mirrored. Mirror and resize in a step of its own.',
  );
}

/** Where the center of the new picture's first pixel lies along an axis of the frame. */
function firstOf(first: number, step: number, scale: number, shift: number): number {
  return reflected(scale, first + step * ((0.5 - shift) / scale - 0.5));
}

function reflected(scale: number, coordinate: number): number {
  return scale < 0 ? -1 - coordinate : coordinate;
}
