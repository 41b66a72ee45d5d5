/** @file Ids of samples that are valid file names on every system and unique, from the paths and names of a dataset. */

/**
 * Ids of files by their relative paths: the path without its extension, made valid, and made different where two would be
 * the same (`2.jpg`, `2.png` become `2`, `2-png`). The same paths in the same order give the same ids.
 */
export function idsOfFiles(files: readonly string[]): string[] {
  return distinct(
    files.map((file) => {
      const id = stemOf(file).split('/').map(validPart).join('/');
      const extension = /\.([^./]+)$/.exec(file)?.[1];
      return { id, alternative: extension === undefined ? undefined : `${id}-${extension}` };
    }),
  );
}

/** The last parts of ids, by names within one file: made valid, and made different as `name`, `name-2`. */
export function idsOfNames(names: readonly string[]): string[] {
  return distinct(names.map((name) => ({ id: validPart(name.replaceAll('/', '_')) })));
}

/** A file's path without its extension. */
export function stemOf(file: string): string {
  return file.replace(/\.[^./]+$/, '');
}

interface Candidate {
  readonly id: string;
  /** Taken if `id` is. */
  readonly alternative?: string | undefined;
}

function distinct(candidates: readonly Candidate[]): string[] {
  const taken = new Set<string>();
  // File systems that ignore case and Unicode's forms would write one file over the other.
  const keyOf = (id: string) => id.normalize('NFC').toLowerCase();
  return candidates.map(({ id, alternative }) => {
    let free = id;
    for (let n = 1; taken.has(keyOf(free)); n++) free = n === 1 ? (alternative ?? `${id}-2`) : `${id}-${n}`;
    taken.add(keyOf(free));
    return free;
  });
}

/** Bytes of a part's name: file systems allow 255, and suffixes need room. */
const LONGEST_PART = 180;

function validPart(part: string): string {
  const plain = part.replace(/[<>:"|?*\\]|\p{Cc}|\p{Cs}/gu, '_').replace(/^\.+|[. ]+$/g, '_') || '_';
  const isDevice = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(plain);
  return shortened(isDevice ? `_${plain}` : plain);
}

function shortened(part: string): string {
  let short = part;
  while (new TextEncoder().encode(short).length > LONGEST_PART)
    short = Array.from(short).slice(0, -1).join('');
  // A cut may leave a dot or space at the end.
  return short.replace(/[. ]+$/, '_');
}
