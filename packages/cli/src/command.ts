import type { JobOptions } from '@simgan/node';
import type { OptionTable, OptionValues } from './options.ts';
import type { Output } from './output.ts';
import { createPresenter } from './presenter.ts';

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

/** Runs a job of the library and shows what it says. Plugins that come with this program are found from here. */
export async function runJob<Result>(
  { output, cwd, signal }: Context,
  job: (options: JobOptions) => Promise<Result>,
): Promise<Result> {
  const presenter = createPresenter(output);
  try {
    return await job({ cwd, signal, beside: import.meta.url, onEvent: presenter.onEvent });
  } finally {
    presenter.end();
  }
}
