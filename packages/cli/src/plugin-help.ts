import { describeOptions } from '@simgan/core/plugin';
import type { OptionTable } from './options.ts';

/** The options of the plugin that a command line names, as lines of help; none if it names no plugin. */
export async function pluginHelp(
  table: OptionTable,
  args: readonly string[],
  cwd: string,
): Promise<string[]> {
  const name = Object.hasOwn(table, 'pluginOption') ? pluginNamed(args) : undefined;
  if (name === undefined) return [];
  const { loadFactory } = await import('@simgan/node');
  const { factory } = await loadFactory(name, { cwd, beside: import.meta.url });
  const described = factory.options && describeOptions(factory.options);
  if (!described) return ['', `The plugin ${name} does not describe its options.`];
  if (described.length === 0) return ['', `The plugin ${name} has no options.`];
  return [
    '',
    `Options of the plugin ${name} (--plugin-option KEY=VALUE):`,
    ...described.flatMap(({ key, type, description, default: otherwise }) => {
      const end = otherwise === undefined ? '' : ` Default: ${JSON.stringify(otherwise)}.`;
      const text = end ? description.replace(/\s*Default: [^.]*\.$/, '') : description;
      return [
        `  ${key}${type && `=${type}`}`,
        `      ${text}${text && !/[.!?]$/.test(text) ? '.' : ''}${end}`,
      ];
    }),
  ];
}

function pluginNamed(args: readonly string[]): string | undefined {
  const at = args.findIndex((arg) => arg === '--plugin' || arg.startsWith('--plugin='));
  if (at < 0) return undefined;
  const arg = args[at]!;
  const name = arg === '--plugin' ? args[at + 1] : arg.slice('--plugin='.length);
  return !name || name.startsWith('--') ? undefined : name;
}
