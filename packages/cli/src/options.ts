import { parseArgs } from 'node:util';
import { suggestion } from '@simgan/core/plugin';
import { UsageError } from './errors.ts';

/** An option's name on the command line, without the dashes. */
export function flagName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** One option of a command: how it is written, what it means, and how its text becomes a value. */
export interface OptionSpec<Value> {
  /** The placeholder of its argument in the help; none for a switch. */
  readonly argument?: string;
  readonly description: string;
  /** May be given more than once. */
  readonly repeatable?: boolean;
  /** What to do instead of giving it more than once, as a sentence, where that is not plain. */
  readonly insteadOfRepeating?: string;
  /** May be given without its name, as the folder of `merge DIR`; one option of a table at most. */
  readonly isBare?: boolean;
  /** Options that it makes no sense beside, by name, each with the reason. */
  readonly excludes?: Readonly<Record<string, string>>;
  /**
   * The value of the texts given, of none if the option was not given.
   *
   * @throws Error saying what the text should have been, or everything that is wrong with it in `problems`
   */
  readonly read: (texts: readonly string[]) => Value;
}

/** A command's options by the names that programs use; `batchSize` is `--batch-size` on the command line. */
export type OptionTable = Readonly<Record<string, OptionSpec<unknown>>>;

/** The values of a table's options. */
export type OptionValues<Table extends OptionTable> = {
  readonly [Name in keyof Table]: Table[Name] extends OptionSpec<infer Value> ? Value : never;
};

/** The same option, which may not stand beside some others. */
export function excluding<Value>(
  spec: OptionSpec<Value>,
  excludes: Readonly<Record<string, string>>,
): OptionSpec<Value> {
  return { ...spec, excludes };
}

/** An option that is there or not. */
export function flag(description: string): OptionSpec<boolean> {
  return { description, read: (texts) => texts.length > 0 };
}

/** Any text. */
export function text(argument: string, description: string): OptionSpec<string | undefined> {
  return {
    argument,
    description,
    read([value]) {
      if (value === '') throw new Error(`expected ${argument} but received nothing`);
      return value;
    },
  };
}

/** Any text, and one that must be given. */
export function requiredText(argument: string, description: string): OptionSpec<string> {
  return {
    argument,
    description,
    read([value]) {
      if (!value) throw new Error(`expected ${argument}, which must be given`);
      return value;
    },
  };
}

/** Any text that must be given, and may be given without the option's name. */
export function bare(argument: string, description: string): OptionSpec<string> {
  return { ...requiredText(argument, description), isBare: true };
}

/** A folder on this machine. */
export function folder(description: string): OptionSpec<string | undefined> {
  const { read } = text('DIR', description);
  return {
    argument: 'DIR',
    description,
    read(texts) {
      const dir = read(texts);
      if (dir !== undefined && /^[a-z]+:\/\//i.test(dir)) {
        throw new Error(
          `expected a folder on this machine but received the address ${dir}; download it first`,
        );
      }
      return dir;
    },
  };
}

/** Folders on this machine, each with the option's name. */
export function folders(description: string): OptionSpec<readonly string[] | undefined> {
  const { read, ...spec } = folder(description);
  return {
    ...spec,
    repeatable: true,
    read: (texts) => (texts.length === 0 ? undefined : texts.map((text) => read([text])!)),
  };
}

/** A folder on this machine that must be given. */
export function requiredFolder(description: string): OptionSpec<string> {
  const { read, ...spec } = folder(description);
  return {
    ...spec,
    read(texts) {
      const dir = read(texts);
      if (dir === undefined) throw new Error('expected DIR, which must be given');
      return dir;
    },
  };
}

/** Names with commas between them. */
export function list(argument: string, description: string): OptionSpec<readonly string[] | undefined> {
  return {
    argument,
    description,
    read([value]) {
      if (value === undefined) return undefined;
      const names = value.split(',').map((name) => name.trim());
      if (names.includes('')) {
        throw new Error(`expected names with commas between them but received ${JSON.stringify(value)}`);
      }
      return names;
    },
  };
}

/** The same, which must be given. */
export function requiredList(argument: string, description: string): OptionSpec<readonly string[]> {
  const { read, ...spec } = list(argument, description);
  return {
    ...spec,
    read(texts) {
      const names = read(texts);
      if (names === undefined) throw new Error(`expected ${argument}, which must be given`);
      return names;
    },
  };
}

/** A whole number of at least `least`. */
export function whole<Default extends number | undefined>(
  description: string,
  { least, otherwise }: { least: number; otherwise: Default },
): OptionSpec<number | Default> {
  return {
    argument: 'N',
    description: otherwise === undefined ? description : `${description}. Default: ${otherwise}.`,
    read([value]) {
      if (value === undefined) return otherwise;
      const number = Number(value);
      if (value.trim() === '' || !Number.isSafeInteger(number) || number < least) {
        throw new Error(`expected a whole number of at least ${least} but received ${JSON.stringify(value)}`);
      }
      return number;
    },
  };
}

/** One of a few words. */
export function choice<const Word extends string, Default extends Word | undefined>(
  words: readonly Word[],
  description: string,
  otherwise: Default,
): OptionSpec<Word | Default> {
  return {
    argument: words.join('|'),
    description: otherwise === undefined ? description : `${description}. Default: ${otherwise}.`,
    read([value]) {
      if (value === undefined) return otherwise;
      const word = words.find((candidate) => candidate === value);
      if (!word) throw new Error(`expected one of ${words.join(', ')} but received ${JSON.stringify(value)}`);
      return word;
    },
  };
}

/** A text that `parse` reads, or says in an error what it should have been. */
export function parsed<Value>(
  argument: string,
  description: string,
  parse: (text: string) => Value,
): OptionSpec<Value | undefined> {
  return { argument, description, read: ([value]) => (value === undefined ? undefined : parse(value)) };
}

/** The text as a number above 0. @throws Error if it is none. */
export function positive(value: string): number {
  const number = Number(value);
  if (value.trim() === '' || !Number.isFinite(number) || number <= 0) {
    throw new Error(`expected a number above 0, such as 2, but received ${JSON.stringify(value)}`);
  }
  return number;
}

/** `key=value`, as often as needed; values are JSON where they parse as JSON and text where they do not. */
export function keyValues(description: string): OptionSpec<Readonly<Record<string, unknown>>> {
  return {
    argument: 'KEY=VALUE',
    description,
    repeatable: true,
    read(texts) {
      return Object.fromEntries(
        texts.map((pair) => {
          const at = pair.indexOf('=');
          if (at < 1) throw new Error(`expected KEY=VALUE but received ${JSON.stringify(pair)}`);
          return [pair.slice(0, at), jsonOrText(pair.slice(at + 1))];
        }),
      );
    },
  };
}

function jsonOrText(value: string): unknown {
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}

/**
 * Reads a command line by a table.
 *
 * @throws UsageError with everything that is wrong, not the first thing only
 */
export function readOptions<Table extends OptionTable>(
  table: Table,
  args: readonly string[],
): OptionValues<Table> {
  const flags = new Map(Object.entries(table).map(([name, spec]) => [flagName(name), { name, spec }]));
  const [bareName] = Object.entries(table).find(([, { isBare }]) => isBare) ?? [];
  const { tokens } = parseArgs({
    args: [...args],
    strict: false,
    tokens: true,
    options: Object.fromEntries(
      Array.from(flags, ([flag, { spec }]) => [flag, { type: spec.argument ? 'string' : 'boolean' }]),
    ),
  });
  const given = new Map<string, string[]>();
  const misused = new Set<string>();
  const problems: string[] = [];
  for (const [index, token] of tokens.entries()) {
    if (token.kind === 'positional') {
      // What follows an unknown option may be its argument.
      const before = tokens[index - 1];
      if (before?.kind === 'option' && !flags.has(before.name)) continue;
      if (bareName === undefined) {
        problems.push(
          `Unexpected argument ${JSON.stringify(token.value)}: everything is passed as an option.`,
        );
      } else if (given.has(bareName)) {
        problems.push(`Unexpected argument ${JSON.stringify(token.value)}: one folder is expected.`);
      } else given.set(bareName, [token.value]);
    }
    if (token.kind !== 'option') continue;
    const { name = token.name, spec } = flags.get(token.name) ?? {};
    const texts = given.get(name) ?? [];
    const misuse = (problem: string) => {
      problems.push(problem);
      misused.add(name);
    };
    if (!spec) {
      misuse(`Unknown option ${token.rawName}.${suggestion(token.name, [...flags.keys()], '--')}`);
    } else if (spec.argument && token.value === undefined) {
      misuse(`${token.rawName} needs an argument: ${token.rawName} ${spec.argument}`);
    } else if (spec.argument && !token.inlineValue && token.value?.startsWith('--')) {
      misuse(
        `${token.rawName} needs an argument, and ${token.value} is an option. If it is meant: ${token.rawName}=${token.value}`,
      );
    } else if (!spec.argument && token.value !== undefined) {
      misuse(`${token.rawName} takes no argument, but received ${JSON.stringify(token.value)}.`);
    } else if (texts.length > 0 && !spec.repeatable) {
      const { insteadOfRepeating: advice } = spec;
      misuse(`${token.rawName} is given more than once.${advice === undefined ? '' : ` ${advice}`}`);
    }
    given.set(name, [...texts, token.value ?? '']);
  }
  const values: Record<string, unknown> = {};
  for (const [name, spec] of Object.entries(table)) {
    for (const [other, reason] of Object.entries(given.has(name) ? (spec.excludes ?? {}) : {})) {
      if (given.has(other))
        problems.push(`--${flagName(name)} has no place beside --${flagName(other)}: ${reason}.`);
    }
    if (misused.has(name)) continue;
    try {
      values[name] = spec.read(given.get(name) ?? []);
    } catch (error) {
      const { message, problems: several = [message] } = error as Error & { problems?: readonly string[] };
      problems.push(...several.map((problem) => `--${flagName(name)}: ${problem}`));
    }
  }
  if (problems.length > 0) throw new UsageError(problems);
  return values as OptionValues<Table>;
}

/** The options of a table as lines of help. */
export function helpLines(table: OptionTable): string[] {
  const rows = Object.entries(table).map(([name, { argument, description }]) => [
    `  --${flagName(name)}${argument ? ` ${argument}` : ''}`,
    description,
  ]);
  const width = Math.min(34, Math.max(...rows.map(([left]) => left!.length)) + 2);
  return rows.flatMap(([left, right]) =>
    left!.length < width ? [left!.padEnd(width) + right] : [left!, ' '.repeat(width) + right],
  );
}

/** A message of the library as users of a command read it: `` `batchSize` `` becomes `--batch-size`. */
export function asFlags(message: string): string {
  return message.replace(/`([a-z][a-zA-Z]*)`/g, (_, name: string) =>
    name === 'pluginOptions' ? '--plugin-option' : `--${flagName(name)}`,
  );
}
