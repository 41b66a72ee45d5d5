import { extname } from 'node:path';

const longestPart = 200;
const longest = 1000;

/**
 * Says why an id cannot name a sample's file, or `undefined` if it can. An id is a relative path with `/`
 * between its parts; it stays inside its folder and is a valid name on every system.
 */
export function idProblem(id: string): string | undefined {
  if (typeof id !== 'string' || id === '') return 'it is empty';
  if (id.length > longest) return `it has ${id.length} characters and at most ${longest} are allowed`;
  for (const part of id.split('/')) {
    if (part === '') return 'it begins or ends with /, or has // in it';
    if (part === '.' || part === '..') return `it would leave its folder through "${part}"`;
    if (part.startsWith('.')) return `its part "${part}" begins with a dot`;
    if (/[. ]$/.test(part)) return `its part "${part}" ends with a dot or space`;
    if (/\p{Cc}/u.test(part)) return 'it holds a control character';
    if (/[<>:"|?*\\]/.test(part)) return `its part "${part}" holds one of < > : " | ? * \\`;
    if (/\p{Cs}/u.test(part)) return 'it is not well-formed Unicode';
    if (Buffer.byteLength(part) > longestPart)
      return `its part "${part}" is longer than ${longestPart} bytes`;
    if (/^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(part)) return `"${part}" is a device's name on Windows`;
  }
  return undefined;
}

/** What two ids must not share: file systems that ignore case would write one file over the other. */
export function idKey(id: string): string {
  return id.normalize('NFC').toLowerCase();
}

/**
 * Ids for files by their relative paths: the path without its extension, made a valid id, and told apart where
 * two would be the same (`a.png`, `a.jpg` become `a`, `a-jpg`). The same paths in the same order give the same
 * ids.
 */
export function idsOfFiles(files: readonly string[]): string[] {
  const taken = new Set<string>();
  return files.map((file) => {
    const extension = extname(file).slice(1);
    const stem = validId(extension ? file.slice(0, -extension.length - 1) : file);
    let id = stem;
    for (let n = 1; taken.has(idKey(id)); n++)
      id = n === 1 && extension ? `${stem}-${extension}` : `${stem}-${n}`;
    taken.add(idKey(id));
    return id;
  });
}

function validId(path: string): string {
  const parts = path.split('/').map((part) => {
    const plain = part.replace(/[<>:"|?*\\]|\p{Cc}|\p{Cs}/gu, '_').replace(/^\.+|[. ]+$/g, '_');
    const named = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i.test(plain) ? `_${plain}` : plain;
    return shorten(named || '_');
  });
  return parts.join('/');
}

function shorten(part: string): string {
  let short = part;
  // Leaves room for what tells equal names apart.
  while (Buffer.byteLength(short) > longestPart - 20) short = Array.from(short).slice(0, -1).join('');
  return short;
}
