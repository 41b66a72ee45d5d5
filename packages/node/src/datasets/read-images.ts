import { stat } from 'node:fs/promises';
import { join, posix, resolve } from 'node:path';
import type { ImageForm, RealImage } from '@simgan/core';
import { createDataset, type Dataset, SimganError } from '@simgan/core';
import { isWebUrl } from '../files/fetch-bytes.ts';
import { listFiles } from '../files/list-files.ts';
import { readLines } from '../files/read-lines.ts';
import { firstRejects, type Reject, reasonOf } from '../files/reject.ts';
import { type LoadOptions, loadPictures, type PictureSource, saidOf } from '../pictures/load-pictures.ts';
import { withoutArraysBesidePictures } from '../pictures/picture-kind.ts';
import type { StoredRange } from '../pictures/stored-range.ts';
import { companionsByName, findCompanionFields } from './companion-fields.ts';
import { PROBED_FROM, tolerateDamage } from './damaged-pictures.ts';
import { BEGUN_MANIFEST, IMAGES, MANIFEST, METADATA, readManifest } from './dataset-format.ts';
import { parseMetadataLine } from './metadata-line.ts';

/** Options for {@link readImages}. */
export interface ReadImagesOptions extends LoadOptions {
  /** Fewer usable pictures than this are an error; training needs a batch. Default: 1. */
  readonly atLeast?: number;
}

/** Pictures without labels, and what was left out. */
export interface ImageFolder {
  /** In the order of their paths; an item's id is its path relative to the folder, or its URL. */
  readonly images: Dataset<RealImage>;
  readonly rejects: readonly Reject[];
  /** Files that were skipped because they neither are nor are named as pictures: labels, licenses, notes. */
  readonly ignored: number;
  /** Pictures that had to be scaled to the form. */
  readonly resized: number;
  /** Pictures with transparency, which became 0, if there are any. */
  readonly transparent?: number;
  /** Which stored values of 16-bit pictures became black and white, if it is not the whole range. */
  readonly range?: StoredRange;
  /** The lowest and the highest value of all pictures of floats, if there are any. */
  readonly span?: readonly [low: number, high: number];
}

/**
 * Reads unlabeled pictures: a folder with its subfolders, or a list of files and http(s) URLs.
 *
 * Files are recognized by content, not by name: PNG, JPEG, WebP, TIFF (the first page) and arrays
 * of NumPy's (`.npy`, where there are no pictures of other kinds). A file of another
 * content is a reject if its name ends as pictures' names do, and is ignored otherwise (`metadata.jsonl`,
 * `README.md`, `labels.mat`); names that begin with a dot are not looked at. Of a dataset that this library
 * wrote, the pictures are those in `images/`. Companions of pictures, by their names or by a `metadata.jsonl`, are rejects:
 * a mask is no photograph. A link to a file is that file; links to folders are
 * not followed and are rejects, so that no loop can trap the reader.
 *
 * Every picture is decoded once at the start, a few at a time, so that rejects are known before training
 * begins. Decoded pixels stay in memory up to `memoryBudget`; the others are decoded again when asked for. Of a folder of at
 * least 1,000 pictures they are kept between runs, so that it opens in seconds from then on; see {@link pictureCacheFolder}.
 * {@link decodePicture} says how a picture is converted to the form.
 *
 * Of folders of at least 10,000 pictures, plain PNG and JPEG files are opened by their headers and their ends. One that turns
 * out to be damaged when it is asked for becomes a reject then, and the next picture takes its place.
 *
 * @throws SimganError NOT_ENOUGH_DATA if fewer than `atLeast` pictures can be used, with the first reasons.
 */
export async function readImages(
  source: string | readonly string[],
  spec: ImageForm,
  options: ReadImagesOptions = {},
): Promise<ImageFolder> {
  const { atLeast = 1 } = options;
  const { sources, rejects: unlisted } =
    typeof source === 'string' && !isWebUrl(source) ? await picturesOf(source) : listed(source);
  const {
    usable,
    imageAt,
    rejects: unusable,
    ignored,
    ...pictures
  } = await loadPictures(sources, spec, {
    ...(typeof source === 'string' && { cachedAs: resolve(source), probedFrom: PROBED_FROM }),
    ...options,
  });
  const rejects = [...unlisted, ...unusable];
  if (usable.length < atLeast) {
    const where = typeof source === 'string' ? source : `the list of ${source.length} files and URLs`;
    const found =
      usable.length === 0
        ? 'no usable picture'
        : `only ${usable.length} usable picture${usable.length === 1 ? '' : 's'}, and at least ${atLeast} are needed,`;
    const others = ignored > 0 ? `, ${ignored} other file${ignored === 1 ? '' : 's'} ignored` : '';
    throw new SimganError(
      'NOT_ENOUGH_DATA',
      `There is ${found} in ${where} (PNG, JPEG, WebP or TIFF, looked for in all its folders; ` +
        `${rejects.length} rejected${others}).${firstRejects(rejects)}`,
    );
  }
  const nameOf = (index: number) => usable[index]!.name;
  const pictureAt = async (index: number) => ({ id: nameOf(index), image: await imageAt(index) });
  const { items: images } = tolerateDamage(createDataset(usable.length, pictureAt, nameOf), nameOf, rejects);
  return { images, rejects, ignored, ...saidOf(pictures) };
}

async function picturesOf(dir: string): Promise<{ sources: PictureSource[]; rejects: readonly Reject[] }> {
  await checkFolder(dir);
  const isOurs = (await readManifest(dir, MANIFEST)) ?? (await readManifest(dir, BEGUN_MANIFEST));
  const root = isOurs ? join(dir, IMAGES) : dir;
  const { files, rejects } = await listFolder(root);
  const companions = isOurs ? new Map<string, string>() : await companionsIn(root, files);
  return {
    sources: withoutArraysBesidePictures(files)
      .filter((name) => !companions.has(name))
      .map((name) => ({ name, location: join(root, name), isOptional: true })),
    rejects: [...rejects, ...Array.from(companions, ([file, reason]) => ({ file, reason }))],
  };
}

/** Pictures that are no photographs, since they belong to others, each with the reason. */
async function companionsIn(root: string, files: readonly string[]): Promise<Map<string, string>> {
  const listed = new Set(files);
  const found = new Map<string, string>();
  for (const [file, owner] of companionsByName(files)) {
    found.set(file, `It is a companion of ${owner}, such as a mask, and no photograph.`);
  }
  for (const metadata of files.filter((file) => posix.basename(file) === METADATA)) {
    const folder = posix.dirname(metadata);
    for await (const read of readLines(join(root, metadata))) {
      const line = 'text' in read ? parseMetadataLine(read.text) : 'no line';
      if (typeof line === 'string') continue;
      for (const { path, file } of findCompanionFields(line.fields, new Map())) {
        const reason = `It is the ${path} of ${metadata}:${read.number}, and no photograph.`;
        const name = posix.normalize(posix.join(folder, file));
        if (listed.has(name)) found.set(name, reason);
      }
    }
  }
  return found;
}

/** {@link listFiles}. @throws SimganError NOT_ENOUGH_DATA if the folder cannot be listed. */
export function listFolder(dir: string): ReturnType<typeof listFiles> {
  return listFiles(dir).catch((error) => {
    throw new SimganError('NOT_ENOUGH_DATA', `The folder ${dir} cannot be listed. ${reasonOf(error)}`, {
      cause: error,
    });
  });
}

/** @throws SimganError NOT_ENOUGH_DATA if there is no folder of that name. */
export async function checkFolder(dir: string): Promise<void> {
  const found = await stat(dir).catch((error) => {
    throw new SimganError('NOT_ENOUGH_DATA', `The folder ${dir} cannot be read. ${reasonOf(error)}`, {
      cause: error,
    });
  });
  if (!found.isDirectory()) {
    throw new SimganError('NOT_ENOUGH_DATA', `${dir} is a file. Pass the folder that holds the pictures.`);
  }
}

function listed(source: string | readonly string[]): { sources: PictureSource[]; rejects: Reject[] } {
  const locations = [...new Set(typeof source === 'string' ? [source] : source)];
  return { sources: locations.map((location) => ({ name: location, location })), rejects: [] };
}
