/** @file The files of a sample by its line of metadata: its picture, and what belongs to it. */
import { type Reject, SimganError } from '@simgan/core';
import { idProblem } from '@simgan/core/reading';
import { z } from 'zod';
import { COMPANIONS, IMAGES, isPictureOfOurs, PICTURE_HASH, SAMPLE_ID } from './dataset-format.ts';
import type { MetadataLine } from './metadata-line.ts';

/** A file that a line names, relative to the dataset's folder. */
export interface LineFile {
  readonly file: string;
  /** SHA-256 in hexadecimal; lines of earlier versions have none. */
  readonly hash: string | undefined;
}

const written = z.object({
  name: z.string().max(200),
  source: z.string().max(4096),
  /** The path of the field that names it; of one that was added, `isAdded`. */
  field: z.string().max(4096),
  isAdded: z.literal(true).optional(),
  file: z.string().max(4096).refine(isCompanionName),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});
const leftOut = z.object({
  name: z.string().max(200),
  source: z.string().max(4096),
  field: z.string().max(4096).optional(),
  leftOut: z.string().max(10_000),
});
const companions = z.array(z.union([written, leftOut])).max(1000);

/** What a line says of a companion that was written. */
export type WrittenCompanion = z.output<typeof written>;
/** What a line says of a companion that was left out. */
export type LeftOutCompanion = z.output<typeof leftOut>;

/**
 * What a line of this library says of its companions.
 *
 * @throws SimganError INVALID_FILE if it names a file outside of their folder.
 */
export function companionsOfLine({
  provenance,
  fileName,
}: MetadataLine): (WrittenCompanion | LeftOutCompanion)[] {
  const value = provenance?.companions;
  if (value === undefined) return [];
  const parsed = companions.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new SimganError(
    'INVALID_FILE',
    `The line of ${fileName} names companions that this library did not write. Restore the dataset, or write it again.`,
  );
}

/** The files of a line, its picture first. @throws as {@link companionsOfLine}. */
export function filesOfLine(line: MetadataLine): LineFile[] {
  const hash = line.provenance?.[PICTURE_HASH];
  return [
    { file: line.fileName, hash: typeof hash === 'string' ? hash : undefined },
    ...companionsOfLine(line).flatMap((one) => ('file' in one ? { file: one.file, hash: one.sha256 } : [])),
  ];
}

/** The companions that a line says were left out. */
export function rejectsOfLine(line: MetadataLine): Reject[] {
  return companionsOfLine(line).flatMap((one) =>
    'leftOut' in one
      ? {
          file: one.source,
          reason: `The ${one.name} of ${String(line.provenance?.[SAMPLE_ID])} is left out. ${one.leftOut}`,
          of: 'companions',
        }
      : [],
  );
}

/** Whether a line names its files as this library does: what a file names must not lead out of its folder. */
export function namesOwnFiles(line: MetadataLine): boolean {
  const id = line.fileName.slice(IMAGES.length + 1, -'.png'.length);
  if (!isPictureOfOurs(line.fileName) || idProblem(id) !== undefined) return false;
  return companions.optional().safeParse(line.provenance?.companions).success;
}

/** Whether a name is one that companions get: `companions/mask/0000000.png`. */
function isCompanionName(file: string): boolean {
  return new RegExp(`^${COMPANIONS}/[A-Za-z0-9_-]{1,200}/(\\d{4,}/)?\\d{7,}\\.[A-Za-z0-9]{1,20}$`).test(file);
}
