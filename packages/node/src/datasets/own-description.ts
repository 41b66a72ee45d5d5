import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CARD, DESCRIPTION, METADATA } from './dataset-format.ts';

/** Whether a file in a dataset's folder is a description that this library wrote of it. */
export async function isOwnDescription(dir: string, name: string): Promise<boolean> {
  if (name !== CARD && name !== DESCRIPTION) return false;
  const text = await readFile(join(dir, name), 'utf8').catch(() => '');
  return name === CARD
    ? /^---\npretty_name: .*\ntags: \[.*"simgan"\]\n/.test(text)
    : text.includes('mlcommons.org/croissant') && text.includes(`"name": "${METADATA}"`);
}
