/** Bytes of a part of an id, which leaves room for what tells equal ones apart. */
const LONGEST_PART = 180;

/** Adds the ids of samples to the files they are read from; see {@link idsOfFiles}. */
export function withIds<Input extends { readonly file: string }>(
  inputs: readonly Input[],
): (Input & { readonly id: string })[] {
  const ids = idsOfFiles(inputs.map(({ file }) => file));
  return inputs.map((input, index) => ({ ...input, id: ids[index]! }));
}

/**
 * Ids for files by their relative paths: the path without its extension, made a valid file name on every system, and
 * told apart where two would be equal, also to file systems that ignore case (`a.png`, `a.tif` become `a`, `a-tif`).
 * The same paths in the same order give the same ids.
 */
export function idsOfFiles(files: readonly string[]): string[] {
  const taken = new Set<string>();
  const keyOf = (id: string) => id.normalize('NFC').toLowerCase();
  return files.map((file) => {
    const [, path = file, extension] = /^(.*[^/])\.([^./]+)$/s.exec(file) ?? [];
    const stem = validId(path);
    let id = stem;
    for (let n = 1; taken.has(keyOf(id)); n++) {
      id = n === 1 && extension !== undefined ? validId(`${stem}-${extension}`) : `${stem}-${n}`;
    }
    taken.add(keyOf(id));
    return id;
  });
}

function validId(path: string): string {
  const parts = path.split('/').map((part) => {
    const plain = part.replace(/[<>:"|?*\\]|\p{Cc}|\p{Cs}/gu, '_').replace(/^\.+|[. ]+$/g, '_');
    // Names of devices on Windows.
    const named = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(plain) ? `_${plain}` : plain;
    return shortened(named || '_');
  });
  return parts.join('/');
}

function shortened(part: string): string {
  const characters = Array.from(part);
  const encoder = new TextEncoder();
  while (encoder.encode(characters.join('')).length > LONGEST_PART) characters.pop();
  return characters.join('');
}
