import { createDataset } from '@simgan/core';
import { idsOfFiles, type Reject } from '@simgan/core/reading';
import type { ObjectsAnnotation } from '../objects/objects.ts';
import type { FormatContent } from './dataset-format.ts';
import type { LabeledPicture } from './picture-files.ts';

/**
 * Entries of which a part of the labels is read when they are asked for, such as masks that are pictures.
 *
 * @param complete - the whole annotation of a picture; its errors are those of the entry.
 */
export function lazyContent<Picture extends LabeledPicture>(
  pictures: readonly Picture[],
  rejects: readonly Reject[],
  complete: (picture: Picture) => Promise<ObjectsAnnotation>,
): FormatContent {
  const ids = idsOfFiles(pictures.map(({ file }) => file));
  const entryAt = async (index: number) => {
    const picture = pictures[index]!;
    const { file, picture: stored, companions } = picture;
    return {
      id: ids[index]!,
      file,
      picture: stored,
      annotation: await complete(picture),
      ...(companions && { companions }),
    };
  };
  return { entries: createDataset(pictures.length, entryAt, (index) => ids[index]!), rejects };
}
