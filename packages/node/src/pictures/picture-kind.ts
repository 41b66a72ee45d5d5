import { extname } from 'node:path';

/** A kind of picture file, recognized by its first bytes. */
export interface PictureKind {
  readonly name: string;
  /** Whether such files are decoded. The others are recognized to name them in messages. */
  readonly isRead: boolean;
}

/** The number of bytes that {@link pictureKind} looks at. */
export const SIGNATURE_LENGTH = 32;

/** The kind of a file by its first {@link SIGNATURE_LENGTH} bytes, whatever its name; `undefined` if it is no picture. */
export function pictureKind(start: Uint8Array): PictureKind | undefined {
  const text = Buffer.from(start.buffer, start.byteOffset, Math.min(start.length, SIGNATURE_LENGTH)).toString(
    'latin1',
  );
  if (text.startsWith('\x89PNG\r\n\x1a\n')) return { name: 'PNG', isRead: true };
  if (text.startsWith('\xff\xd8\xff')) return { name: 'JPEG', isRead: true };
  if (text.startsWith('RIFF') && text.slice(8, 12) === 'WEBP') return { name: 'WebP', isRead: true };
  if (/^(II\x2a\0|MM\0\x2a|II\x2b\0|MM\0\x2b)/.test(text)) return { name: 'TIFF', isRead: true };
  if (text.startsWith('\x93NUMPY')) return { name: 'NumPy', isRead: true };
  if (/^GIF8[79]a/.test(text)) return { name: 'GIF', isRead: false };
  if (text.slice(4, 8) === 'ftyp' && /^(avif|avis|heic|heix|heif|hevc|mif1|msf1)/.test(text.slice(8))) {
    return { name: text.slice(8, 11) === 'avi' ? 'AVIF' : 'HEIC', isRead: false };
  }
  // "BM" alone may begin a text; a bitmap's two reserved words are zero.
  if (text.startsWith('BM') && text.slice(6, 10) === '\0\0\0\0') return { name: 'BMP', isRead: false };
  return undefined;
}

const pictureExtensions = new Set(
  '.png .jpg .jpeg .jpe .jfif .webp .tif .tiff .gif .bmp .avif .heic .heif'.split(' '),
);

/**
 * The files of a folder without those that hold arrays (`.npy`), where there are pictures of other kinds: then arrays are
 * what belongs to pictures, and no pictures of their own.
 */
export function withoutArraysBesidePictures(files: readonly string[]): readonly string[] {
  return files.some(isNamedAsPicture) ? files.filter((file) => !isArrayName(file)) : files;
}

function isArrayName(file: string): boolean {
  return extname(file).toLowerCase() === '.npy';
}

/** Whether a file's name promises a picture. */
export function isNamedAsPicture(file: string): boolean {
  return pictureExtensions.has(extname(file).toLowerCase());
}
