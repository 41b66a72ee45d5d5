import type { OptionTable, OptionValues } from './options.ts';
import type { Output } from './output.ts';

/** What a command runs in. */
export interface Context {
  readonly output: Output;
  /** Relative paths are relative to this folder. */
  readonly cwd: string;
  /** Asks for an orderly stop. */
  readonly signal: AbortSignal;
}

/** A verb of the command line. */
export interface Command<Table extends OptionTable = OptionTable> {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** What to know before using it. */
  readonly description: string;
  readonly examples: readonly string[];
  readonly options: Table;
  /** Heavy modules are imported within, so that help is instant. */
  readonly run: (values: OptionValues<Table>, context: Context) => Promise<void>;
}

/** Infers the table. */
export function defineCommand<Table extends OptionTable>(command: Command<Table>): Command {
  return command as unknown as Command;
}
