import type { DatasetReader } from '@simgan/core';
import type { HandAnnotation } from '../annotation.ts';
import { type DepthPicturesOptions, depthPictures, SR305 } from './depth-pictures.ts';
import { icvl } from './icvl.ts';
import { msra15 } from './msra15.ts';
import { nyu } from './nyu.ts';

/**
 * The readers of hand datasets by the name of their format.
 *
 * @param plain - the unit and the camera of `depth`, plain depth pictures.
 */
export const handReaders = (plain: DepthPicturesOptions = {}) =>
  ({
    nyu: nyu(),
    'nyu-masked': nyu({ mask: true }),
    'nyu-rendered': nyu({ pictures: 'synthdepth' }),
    msra15: msra15(),
    icvl: icvl(),
    depth: depthPictures(plain),
    sr305: depthPictures(SR305),
  }) as const satisfies Record<string, DatasetReader<HandAnnotation>>;
