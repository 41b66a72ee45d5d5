import type { SimganError } from '@simgan/core';
import type { Command } from './command.ts';
import { augment } from './commands/augment.ts';
import { doctor } from './commands/doctor.ts';
import { simulateCommand } from './commands/simulate.ts';
import { trainCommand } from './commands/train.ts';
import { Interrupted, UsageError } from './errors.ts';
import { helpLines, readOptions, suggestion } from './options.ts';
import { createOutput, type TextStream } from './output.ts';
import { version } from './version.ts';

const commands: readonly Command[] = [augment, simulateCommand, trainCommand, doctor];

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
  const [name, ...rest] = args;
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    stdout.write(`${overview()}\n`);
    return name === undefined ? 2 : 0;
  }
  if (name === '--version' || name === '-v') {
    stdout.write(`${version}\n`);
    return 0;
  }
  const command = commands.find((candidate) => candidate.name === name);
  if (!command) {
    const near = suggestion(
      name,
      commands.map((candidate) => candidate.name),
    );
    stderr.write(`Unknown command ${name}.${near} The commands: simgan-cli --help\n`);
    return 2;
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    stdout.write(`${helpOf(command)}\n`);
    return 0;
  }
  try {
    const values = readOptions(command.options, rest);
    const output = createOutput(stdout, stderr, Boolean((values as { json?: boolean }).json));
    await command.run(values, { output, cwd, signal });
    return 0;
  } catch (error) {
    if (error instanceof UsageError) {
      stderr.write(`${error.problems.join('\n')}\nSee simgan-cli ${name} --help\n`);
      return 2;
    }
    if (error instanceof Interrupted) {
      stderr.write(`\n${error.message}\n`);
      return 130;
    }
    if (isSimganError(error)) {
      stderr.write(`${error.message}\n`);
      return error.code === 'INVALID_ARGUMENT' ? 2 : 1;
    }
    stderr.write(
      `This should not have happened; it is a defect of simgan-cli ${version} (Node ${process.version}, ${process.platform}).\n${(error as Error).stack}\n`,
    );
    return 1;
  }
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
