/** So many pictures are in one folder; the others are in folders of a thousand, which file systems and people list faster. */
const MOST_IN_ONE_FOLDER = 10_000;
const FOLDER_LENGTH = 1000;

/**
 * The name of a sample's file by its index: digits, which no consumer takes for a split or a class. From the ten
 * thousandth on each thousand has a numbered folder: `0009999.png`, `0010/0010000.png`. So a name does not depend on how
 * many others there are.
 */
export function numberedName(index: number, extension: string): string {
  const name = `${String(index).padStart(7, '0')}.${extension}`;
  if (index < MOST_IN_ONE_FOLDER) return name;
  return `${String(Math.floor(index / FOLDER_LENGTH)).padStart(4, '0')}/${name}`;
}
