import type { DatasetReader } from '@simgan/core';
import type { EyeAnnotation } from '../annotation.ts';
import { eyeGazeH5 } from './eye-gaze-h5.ts';
import { mpiiGaze } from './mpii-gaze.ts';
import { mpiiGazeH5 } from './mpii-gaze-h5.ts';
import { synthesEyes } from './synthes-eyes.ts';
import { unityEyes } from './unity-eyes.ts';

/** The readers of eye datasets by the name of their format, with default options. */
export const eyeReaders = {
  unityeyes: unityEyes(),
  syntheseyes: synthesEyes(),
  mpiigaze: mpiiGaze(),
  'mpiigaze-h5': mpiiGazeH5(),
  'eye-gaze-h5': eyeGazeH5(),
} as const satisfies Record<string, DatasetReader<EyeAnnotation>>;
