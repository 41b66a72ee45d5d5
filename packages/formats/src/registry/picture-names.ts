/** Datasets of more pictures are split into folders, which file systems and people list faster. */
const MOST_IN_ONE_FOLDER = 10_000;
/** Pictures in each of the folders. */
const FOLDER_LENGTH = 1000;

/**
 * The name of a sample's file by its index: digits, which no consumer takes for a split or a class. Of many samples each
 * thousand has a numbered folder.
 *
 * @param count - how many samples there will be; without it they are taken for many.
 */
export function numberedName(index: number, extension: string, count = Number.POSITIVE_INFINITY): string {
  const name = `${String(index).padStart(7, '0')}.${extension}`;
  if (count <= MOST_IN_ONE_FOLDER) return name;
  return `${String(Math.floor(index / FOLDER_LENGTH)).padStart(4, '0')}/${name}`;
}
