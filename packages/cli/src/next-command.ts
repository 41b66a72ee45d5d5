import { flagName } from './options.ts';

/** @file Commands to suggest, ready to be pasted into a shell. */

/** What the next command repeats of the one that was given; a trained refiner knows the plugin's options itself. */
export interface Repeated {
  readonly plugin?: string | undefined;
  readonly pluginOption?: Readonly<Record<string, unknown>>;
  readonly renderer?: string | undefined;
  readonly rendererCommand?: string | undefined;
  readonly rendererOption?: Readonly<Record<string, unknown>>;
}

/** `simgan-cli augment` with the same plugin and its options, and further options; those without a value are left out. */
export function augmentCommand(
  repeated: Repeated,
  further?: Readonly<Record<string, string | undefined>>,
): string {
  return nextCommand('augment', repeated, further);
}

/** Another command in the same way. */
export function nextCommand(
  verb: string,
  { plugin, pluginOption, renderer, rendererCommand, rendererOption }: Repeated,
  further: Readonly<Record<string, string | undefined>> = {},
): string {
  const words = ['simgan-cli', verb];
  if (plugin !== undefined) words.push('--plugin', plugin);
  const pairs = (flag: string, values: Readonly<Record<string, unknown>> = {}) => {
    for (const [key, value] of Object.entries(values)) {
      words.push(flag, `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
    }
  };
  pairs('--plugin-option', pluginOption);
  for (const [name, value] of Object.entries({ renderer, rendererCommand, ...further })) {
    if (value !== undefined) words.push(`--${flagName(name)}`, value);
  }
  pairs('--renderer-option', rendererOption);
  return commandLine(words);
}

/** Words as a POSIX shell takes them. */
export function commandLine(words: readonly string[]): string {
  return words.map(quoted).join(' ');
}

/** In single quotes if a POSIX shell would read more into it. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
