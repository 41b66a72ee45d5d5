import type { loadFormats } from '@simgan/node';
import type { Context } from './command.ts';

/** The formats of the user's own that a command line names, loaded. */
export async function formatsOf(
  names: readonly string[] | undefined,
  { cwd }: Context,
): Promise<{ formats?: Awaited<ReturnType<typeof loadFormats>> }> {
  if (names === undefined) return {};
  const { loadFormats: load } = await import('@simgan/node');
  return { formats: await load(names, { cwd, beside: import.meta.url }) };
}
