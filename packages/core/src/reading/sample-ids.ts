/** @file Ids of samples: relative paths that name a file on every system, unique within a dataset. */

const LONGEST_PART_BYTES = 200;
const LONGEST_ID = 1000;
/** Room for the suffix that makes equal names unique. */
const ROOM = 20;

const forbidden = /[<>:"|?*\\]|\p{Cc}|\p{Cs}/u;
/** Device names on Windows, with or without an extension. */
const device = /^(con|prn|aux|nul|com[\d¹²³]|lpt[\d¹²³]|conin\$|conout\$)(\.|$)/i;

/**
 * Why an id cannot name a sample's file, as a clause; `undefined` if it can. An id is a relative path with `/` between
 * its parts; it stays inside its folder and is a valid name on every system.
 */
export function idProblem(id: unknown): string | undefined {
  if (typeof id !== 'string' || id === '') return 'it is empty';
  if (id.length > LONGEST_ID) return `it has ${id.length} characters and at most ${LONGEST_ID} are allowed`;
  for (const part of id.split('/')) {
    if (part === '') return 'it begins or ends with /, or has // in it';
    if (part === '.' || part === '..') return `it would leave its folder through "${part}"`;
    if (part.startsWith('.')) return `its part "${part}" begins with a dot`;
    if (/[. ]$/.test(part)) return `its part "${part}" ends with a dot or space`;
    if (/\p{Cc}/u.test(part)) return 'it holds a control character';
    if (/\p{Cs}/u.test(part)) return 'it is not well-formed Unicode';
    if (forbidden.test(part)) return `its part "${part}" holds one of < > : " | ? * \\`;
    if (bytesOf(part) > LONGEST_PART_BYTES) {
      return `its part "${part}" is longer than ${LONGEST_PART_BYTES} bytes`;
    }
    if (device.test(part)) return `"${part}" is the name of a device on Windows`;
  }
  return undefined;
}

/** The key that two ids must not share: file systems that ignore case would overwrite one file with the other. */
export function idKey(id: string): string {
  return id.normalize('NFC').toLowerCase();
}

/**
 * Ids for files by their relative paths: the path without its extension, made a valid id, and made unique where two
 * would be the same (`a.png`, `a.jpg` become `a`, `a-jpg`). The same paths in the same order give the same ids.
 */
export function idsOfFiles(files: readonly string[]): string[] {
  return uniqueIds(
    files.map((file) => {
      const stem = stemOf(file);
      return { name: stem, suffix: file.slice(stem.length + 1) };
    }),
  );
}

/** Ids for names that have no extension, made valid, and unique by a number where two would be the same. */
export function idsOfNames(names: readonly string[]): string[] {
  return uniqueIds(names.map((name) => ({ name, suffix: '' })));
}

/** A path without its file's extension: `a/b.c.png` becomes `a/b.c`, `a/.hidden` stays. */
export function stemOf(file: string): string {
  return /^(.*[^/])\.[^./]+$/s.exec(file)?.[1] ?? file;
}

function uniqueIds(names: readonly { readonly name: string; readonly suffix: string }[]): string[] {
  const taken = new Set<string>();
  // The next number for each name, so that many equal names take no more time than as many different ones.
  const next = new Map<string, number>();
  const claim = (id: string): boolean => {
    const key = idKey(id);
    if (taken.has(key)) return false;
    taken.add(key);
    return true;
  };
  return names.map(({ name, suffix }) => {
    const stem = validId(name);
    if (claim(stem)) return stem;
    const named = suffix === '' ? stem : validId(`${stem}-${suffix}`);
    if (named !== stem && claim(named)) return named;
    const key = idKey(stem);
    for (let n = next.get(key) ?? 2; ; n++) {
      const id = `${stem}-${n}`;
      next.set(key, n + 1);
      if (claim(id)) return id;
    }
  });
}

function validId(path: string): string {
  const parts = path.split('/');
  const valid = parts.map((part, i) => {
    const plain = part
      .replace(new RegExp(forbidden, 'gu'), '_')
      .replace(/^\.+/, '_')
      .replace(/[. ]+$/, '_');
    const named = device.test(plain) ? `_${plain}` : plain || '_';
    // A folder `a.png` would collide with the picture of the id `a`.
    const isFolderLikePicture = i < parts.length - 1 && /\.png$/i.test(named);
    return shortened(isFolderLikePicture ? `${named}_` : named);
  });
  const id = valid.join('/');
  return id.length <= LONGEST_ID - ROOM
    ? id
    : `${id.slice(0, LONGEST_ID / 4).replace(/[/. ]+$/, '')}_${hashOf(path)}`;
}

function shortened(part: string): string {
  const bytes = encoder.encode(part);
  let end = LONGEST_PART_BYTES - ROOM;
  if (bytes.length <= end) return part;
  // Back to the first byte of a character.
  while ((bytes[end]! & 0xc0) === 0x80) end -= 1;
  return new TextDecoder().decode(bytes.subarray(0, end)).replace(/[. ]+$/, '_');
}

const encoder = new TextEncoder();

function bytesOf(text: string): number {
  return encoder.encode(text).length;
}

/** FNV-1a, for paths that are too long for an id. */
function hashOf(text: string): string {
  let hash = 0x811c9dc5;
  for (const byte of encoder.encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
