import { appendFile, readFile, truncate } from 'node:fs/promises';
import { encodeRecord, readRecords } from '@simgan/formats';
import { outputFailed, writeFileAtomic } from '../files/atomic-file.ts';
import { type EventPicture, stepOfEvent, summaryEvent, versionEvent } from './events.ts';

/** A file that TensorBoard reads, open for a training. */
export interface EventFile {
  /** Whether it holds no event of a training yet. */
  readonly isNew: boolean;
  /** Appends a step's scalars and pictures, by their tags. @throws SimganError OUTPUT_FAILED. */
  append(step: number, scalars: Readonly<Record<string, number>>, pictures?: Pictures): Promise<void>;
}

type Pictures = Readonly<Record<string, EventPicture>>;

/**
 * Opens an event file for a training that has done some steps: what the file has of later steps, which will be done
 * again, and whatever follows a damaged record is cut off. A file that is not there is begun.
 *
 * @param step - the last step to keep; `undefined` to begin the file anew.
 * @throws SimganError OUTPUT_FAILED if the file cannot be written.
 */
export async function openEventFile(file: string, step: number | undefined): Promise<EventFile> {
  const bytes = step === undefined ? new Uint8Array() : await readFile(file).catch(() => new Uint8Array());
  let kept = 0;
  let count = 0;
  for (const { data, end } of readRecords(bytes)) {
    if (stepOfEvent(data) > step!) break;
    kept = end;
    count += 1;
  }
  if (kept === 0) await writeFileAtomic(file, encodeRecord(versionEvent()));
  else if (kept < bytes.length) {
    await truncate(file, kept).catch((error) => {
      throw outputFailed(file, error);
    });
  }
  return {
    isNew: count <= 1,
    async append(step, scalars, pictures = {}) {
      await appendFile(file, encodeRecord(summaryEvent(step, { scalars, pictures }))).catch((error) => {
        throw outputFailed(file, error);
      });
    },
  };
}
