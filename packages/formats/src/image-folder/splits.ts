/** @file The splits that Hugging Face's `datasets` finds in the names of folders and files. */

const words: Readonly<Record<string, string>> = {
  train: 'train',
  training: 'train',
  val: 'val',
  valid: 'val',
  validation: 'val',
  dev: 'val',
  test: 'test',
  testing: 'test',
  eval: 'test',
  evaluation: 'test',
};

/** The split that a folder's name is; `undefined` if it is none. */
export function splitOfFolder(name: string): string | undefined {
  return Object.hasOwn(words, name.toLowerCase()) ? words[name.toLowerCase()] : undefined;
}

/** The split that a file's path says: a folder of its name, or a word within its own (`train-00000-of-00002`). */
export function splitOfPath(file: string): string | undefined {
  const parts = file.split('/');
  const name = parts.pop()!;
  for (const part of parts) {
    const split = splitOfFolder(part);
    if (split) return split;
  }
  const word = /^([a-z]+)([^a-z]|$)/i.exec(name)?.[1];
  return word === undefined ? undefined : splitOfFolder(word);
}
