import type { RendererChoice } from '@simgan/node';
import { UsageError } from './errors.ts';
import type { Repeated } from './next-command.ts';
import { splitCommand } from './split-command.ts';

/** The options that choose a renderer. */
export interface RendererOptions {
  readonly renderer: string | undefined;
  readonly rendererCommand: string | undefined;
  readonly rendererOption: Readonly<Record<string, unknown>>;
}

/**
 * The renderer that the options name; whether its address can be used is for the library to say.
 *
 * @throws UsageError if there are parameters without a renderer, or a command that cannot be read.
 */
export function rendererOf({ renderer: url, rendererCommand, rendererOption }: RendererOptions): {
  renderer: RendererChoice | undefined;
} {
  const hasParameters = Object.keys(rendererOption).length > 0;
  const parameters = hasParameters && { parameters: rendererOption };
  if (url !== undefined) return { renderer: { url, ...parameters } };
  if (rendererCommand !== undefined)
    return { renderer: { command: wordsOf(rendererCommand), ...parameters } };
  if (!hasParameters) return { renderer: undefined };
  throw new UsageError([
    '--renderer-option: is passed to a renderer that --renderer or --renderer-command must name',
  ]);
}

/** The options of a renderer, for a command that is suggested next. */
export function rendererRepeated({ renderer, rendererCommand, rendererOption }: RendererOptions): Repeated {
  return { renderer, rendererCommand, rendererOption };
}

function wordsOf(command: string): string[] {
  try {
    return splitCommand(command);
  } catch (error) {
    throw new UsageError([`--renderer-command: ${(error as Error).message}`]);
  }
}
