import type { SimganError } from '@simgan/core';
import { suggestion } from '@simgan/core/plugin';
import type { Command } from './command.ts';
import { augmentVerb } from './commands/augment.ts';
import { compareVerb } from './commands/compare.ts';
import { convertVerb } from './commands/convert.ts';
import { doctorVerb } from './commands/doctor.ts';
import { evaluateVerb } from './commands/evaluate.ts';
import { exportVerb } from './commands/export.ts';
import { inspectVerb } from './commands/inspect.ts';
import { mergeVerb } from './commands/merge.ts';
import { reportVerb } from './commands/report.ts';
import { simulateVerb } from './commands/simulate.ts';
import { trainVerb } from './commands/train.ts';
import { turingVerb } from './commands/turing.ts';
import { verifyVerb } from './commands/verify.ts';
import { watchVerb } from './commands/watch.ts';
import { UsageError } from './errors.ts';
import { asFlags, helpLines, type OptionTable, readOptions } from './options.ts';
import { createOutput, type Output } from './output.ts';
import { pluginHelp } from './plugin-help.ts';
import type { TextStream } from './terminal-block.ts';
import { version } from './version.ts';

const commands: readonly Command[] = [
  augmentVerb,
  simulateVerb,
  mergeVerb,
  convertVerb,
  verifyVerb,
  trainVerb,
  inspectVerb,
  compareVerb,
  evaluateVerb,
  reportVerb,
  turingVerb,
  watchVerb,
  exportVerb,
  doctorVerb,
];

/** Where the command line reads and writes. */
export interface Surroundings {
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  readonly cwd: string;
  /** Aborts on Ctrl-C. */
  readonly signal: AbortSignal;
}

/**
 * Carries out a command line, without the program's name. The only place where errors become exit codes: 0
 * done, 1 failed, 2 wrong usage, 130 interrupted.
 */
export async function run(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const { stdout, stderr, cwd, signal } = surroundings;
  const asksForHelp = args[0] === 'help' || args.includes('--help') || args.includes('-h');
  const [name, ...rest] = args[0] === 'help' ? args.slice(1) : args;
  if (name === undefined || name === '--help' || name === '-h') {
    (asksForHelp ? stdout : stderr).write(`${overview()}\n`);
    return asksForHelp ? 0 : 2;
  }
  if (name === '--version' || name === '-v') {
    stdout.write(`${version}\n`);
    return 0;
  }
  const output = createOutput(stdout, stderr, args.includes('--json'));
  const reminder = remindOfStop(output, signal);
  const command = commands.find((candidate) => candidate.name === name);
  try {
    if (!command) {
      const names = commands.map((candidate) => candidate.name);
      throw new UsageError([`Unknown command ${name}.${suggestion(name, names)}`]);
    }
    if (asksForHelp) {
      stdout.write(`${[helpOf(command), ...(await pluginHelp(command.options, rest, cwd))].join('\n')}\n`);
      return 0;
    }
    await command.run(readOptions(command.options, rest), { output, cwd, signal });
    return 0;
  } catch (error) {
    const { exitCode, lines, code } = verdictOn(error, signal, command?.options ?? {});
    if (exitCode === 2) lines.push(`See simgan-cli ${command ? `${command.name} ` : ''}--help`);
    output.failure(lines, { code, exitCode, message: lines.join('\n') });
    return exitCode;
  } finally {
    reminder.cancel();
  }
}

/** Says what a Ctrl-C does where its work takes a while to come to rest. */
function remindOfStop(output: Output, signal: AbortSignal): { cancel(): void } {
  let timer: NodeJS.Timeout | undefined;
  const onAbort = () => {
    // Where nobody reads the output any more, nobody waits either.
    if (signal.reason?.name !== 'AbortError') return;
    timer = setTimeout(() => {
      output.note('Stopping after what is in progress; once more stops at once.');
    }, PATIENCE_MS);
    timer.unref();
  };
  signal.addEventListener('abort', onAbort);
  return {
    cancel() {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
    },
  };
}

const PATIENCE_MS = 50;

/** What an error means to the person or program in front of the command line. */
function verdictOn(
  error: unknown,
  signal: AbortSignal,
  table: OptionTable,
): { exitCode: number; lines: string[]; code: string } {
  if (error instanceof UsageError) return { exitCode: 2, lines: [...error.problems], code: 'USAGE' };
  if (isSimganError(error)) {
    const lines = (error.problems ?? [error.message]).map((problem) => asFlags(problem));
    if (error.code === 'OUTPUT_EXISTS') {
      if (Object.hasOwn(table, 'resume')) {
        lines.push(
          'An earlier run goes on with --resume and is replaced with --force; --out chooses another folder.',
        );
      } else if (Object.hasOwn(table, 'force')) lines.push('--force replaces it, --out chooses another.');
      return { exitCode: 2, lines, code: error.code };
    }
    return { exitCode: error.code === 'INVALID_ARGUMENT' ? 2 : 1, lines, code: error.code };
  }
  const again = Object.hasOwn(table, 'resume') ? ' with --resume' : '';
  if (signal.aborted) {
    const line = again
      ? 'Stopped; nothing is lost. Go on with the same command and --resume.'
      : 'Stopped before it was done.';
    return { exitCode: 130, lines: [line], code: 'INTERRUPTED' };
  }
  const { message, stack, syscall } = error as NodeJS.ErrnoException;
  if (syscall !== undefined) {
    // The disk, the network or a permission, in the system's own words; they name the file.
    const line = `The system refused: ${message}. Fix that and rerun${again}.`;
    return { exitCode: 1, lines: [line], code: 'SYSTEM' };
  }
  const where = `simgan-cli ${version}, Node ${process.version}, ${process.platform}`;
  const lines = [`This should not have happened; it is a bug in ${where}.`, stack ?? message];
  return { exitCode: 1, lines, code: 'DEFECT' };
}

/** By name: a plugin may bring its own copy of the core. */
function isSimganError(error: unknown): error is SimganError {
  return error instanceof Error && error.name === 'SimganError';
}

function overview(): string {
  return [
    'simgan-cli: make simulated images look real, keep every annotation true.',
    '',
    'Usage: simgan-cli COMMAND [OPTIONS]',
    '',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(10)}${summary}`),
    '',
    'Start with:  simgan-cli augment --plugin eyes --out eyes-out',
    'More:        simgan-cli COMMAND --help',
  ].join('\n');
}

function helpOf({ name, summary, description, examples, options }: Command): string {
  return [
    `simgan-cli ${name}: ${summary}`,
    '',
    description,
    '',
    'Options:',
    ...helpLines(options),
    '',
    'Examples:',
    ...examples.map((example) => `  ${example}`),
  ].join('\n');
}
