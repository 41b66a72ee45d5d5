/**
 * The names in a list with commas, all if there is none.
 *
 * @throws Error naming the first that is not known: a row that is left out in silence looks like one that was measured.
 */
export function chosenNames(list: string | undefined, known: object): string[] {
  const all = Object.keys(known);
  if (list === undefined || list === '') return all;
  const names = list.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !all.includes(name));
  if (unknown !== undefined) throw new Error(`There is no ${unknown}: ${all.join(', ')}.`);
  return names;
}
