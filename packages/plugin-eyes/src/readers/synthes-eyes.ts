import { type DatasetReader, sizedForm } from '@simgan/core';
import { idsOfFiles, readEach } from '@simgan/core/reading';
import type { EyeAnnotation } from '../annotation.ts';
import { gazeOfAngles } from './eye-angles.ts';
import { sampleOf } from './eye-picture.ts';
import { checkWindow, defaultWindow, type EyeWindow, throughWindow, windowInMiddle } from './eye-window.ts';

/** Options for {@link synthesEyes}. */
export interface SynthesEyesOptions {
  /**
   * The window that is cut from the middle of the 120x80 pictures. Default: the largest one with the form's aspect
   * ratio.
   */
  readonly window?: EyeWindow;
}

/**
 * A reader of SynthesEyes: pictures whose name is their label, `f01_<n>_<pitch>_<yaw>.png`, radians, of the gaze in
 * the camera's frame with pitch positive upwards and yaw positive towards the picture's left. The pickle files beside
 * them are programs, not data, and are not read. Pictures of another name are rejects.
 *
 * @throws SimganError INVALID_ARGUMENT if the window has no size.
 * @example
 * ```ts no-run
 * import { openFolder } from '@simgan/node';
 * import { synthesEyes } from '@simgan/plugin-eyes';
 *
 * const folder = await openFolder('SynthesEyes_data');
 * const { samples, rejects } = await synthesEyes()(folder, { image: { width: 55, height: 35, channels: 3, bits: 8 } });
 * console.log(samples.length, rejects);
 * ```
 */
export function synthesEyes({
  window = defaultWindow,
}: SynthesEyesOptions = {}): DatasetReader<EyeAnnotation> {
  checkWindow(window);
  return async (folder, options) => {
    const form = sizedForm(options.image);
    const pictures = folder.files.filter((file) => /\.(png|jpe?g)$/i.test(file));
    const ids = idsOfFiles(pictures);
    return readEach(
      pictures.map((file, index) => ({ file, id: ids[index]! })),
      ({ file }) => file,
      async ({ file, id }) => {
        const angles = anglesOfName(file);
        if (typeof angles === 'string') return { file, reason: angles };
        return folder.picture(file, form, (picture) => {
          const transform = throughWindow(picture, windowInMiddle(picture, window, form), form);
          if (typeof transform === 'string') return { file, reason: transform };
          return sampleOf(
            { id, file },
            picture,
            { gaze: gazeOfAngles(angles.pitch, angles.yaw) },
            transform,
            form,
          );
        });
      },
      options,
    );
  };
}

function anglesOfName(file: string): { pitch: number; yaw: number } | string {
  const name = /(?:^|\/)[a-z]+\d+_\d+_(-?\d+(?:\.\d+)?)_(-?\d+(?:\.\d+)?)\.[a-z]+$/i.exec(file);
  if (!name) return 'Its name is not <person>_<number>_<pitch>_<yaw>, so its gaze is unknown.';
  const [pitch, yaw] = [Number(name[1]), Number(name[2])];
  if (Math.abs(pitch) > Math.PI / 2 || Math.abs(yaw) > Math.PI) {
    return `Its name has pitch ${pitch} and yaw ${yaw}, which are not the radians of a gaze.`;
  }
  return { pitch, yaw };
}
