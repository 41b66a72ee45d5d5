import { type DatasetReader, readEach } from '@simgan/core';
import type { EyeAnnotation } from '../annotation.ts';
import { gazeOfAngles } from './eye-angles.ts';
import { idOf, sampleOf, stemOf } from './eye-picture.ts';
import { checkWindow, defaultWindow, type EyeWindow, throughWindow, windowInMiddle } from './eye-window.ts';

/** How {@link synthesEyes} reads. */
export interface SynthesEyesOptions {
  /**
   * What is cut out of the middle of the pictures of 120 x 80 pixels. Unless given, as much as fits in the form's
   * proportions.
   */
  readonly window?: EyeWindow;
}

/**
 * Reads SynthesEyes: pictures whose name is their label, `f01_<n>_<pitch>_<yaw>.png`, radians, of the gaze in the
 * camera's frame with pitch positive upwards and yaw positive towards the picture's left. The pickled files
 * beside them are programs, not data, and are not read. Pictures of another name are rejects.
 *
 * @throws SimganError INVALID_ARGUMENT if the window has no size.
 */
export function synthesEyes({
  window = defaultWindow,
}: SynthesEyesOptions = {}): DatasetReader<EyeAnnotation> {
  checkWindow(window);
  return (folder, options) => {
    const form = options.image;
    const pictures = folder.files.filter((file) => /\.(png|jpe?g)$/i.test(file));
    return readEach(
      pictures,
      (file) => file,
      async (file) => {
        const angles = anglesOfName(file);
        if (typeof angles === 'string') return { file, reason: angles };
        const picture = await folder.picture(file, form);
        const transform = throughWindow(picture.spec, windowInMiddle(picture.spec, window, form), form);
        if (typeof transform === 'string') return { file, reason: transform };
        const gaze = gazeOfAngles(angles.pitch, angles.yaw);
        return sampleOf(idOf(stemOf(file)), picture, { gaze }, transform, form);
      },
      options,
    );
  };
}

function anglesOfName(file: string): { pitch: number; yaw: number } | string {
  const name = /(?:^|\/)[a-z]+\d+_\d+_(-?\d+(?:\.\d+)?)_(-?\d+(?:\.\d+)?)\.[a-z]+$/i.exec(file);
  if (!name) return 'Its name is not <person>_<number>_<pitch>_<yaw>, so its gaze is not known.';
  const [pitch, yaw] = [Number(name[1]), Number(name[2])];
  if (Math.abs(pitch) > Math.PI / 2 || Math.abs(yaw) > Math.PI) {
    return `Its name says pitch ${pitch} and yaw ${yaw}, which are no radians of a gaze.`;
  }
  return { pitch, yaw };
}
