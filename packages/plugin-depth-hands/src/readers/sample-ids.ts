import { idsOfFiles } from '@simgan/core/reading';

/** Adds the ids of samples to the files they are read from. */
export function withIds<Input extends { readonly file: string }>(
  inputs: readonly Input[],
): (Input & { readonly id: string })[] {
  const ids = idsOfFiles(inputs.map(({ file }) => file));
  return inputs.map((input, index) => ({ ...input, id: ids[index]! }));
}
