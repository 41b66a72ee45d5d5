import { availableParallelism } from 'node:os';
import { SimganError } from '@simgan/core';
import { z } from 'zod';
import { isWebUrl } from '../files/fetch-bytes.ts';

/** Bounds on what a renderer may cost. */
export interface RendererLimits {
  /** Requests in progress at a time; with a command, processes. Default: 4, of processes at most one per processor. */
  readonly concurrency?: number;
  /**
   * Milliseconds to wait for one response, the start of a process included. Default: 300 s, which is also the most for a
   * URL, because `fetch` waits no longer.
   */
  readonly timeoutMs?: number;
  /** How often a request that failed for a reason that may pass is sent again. Default: 5. */
  readonly retries?: number;
  /** Milliseconds before the first of these times, doubled each time. Default: 500. */
  readonly backoffMs?: number;
  /** Most milliseconds between two times. Default: 30 s. */
  readonly maxBackoffMs?: number;
  /** Most bytes of a response. Default: 64 MiB. */
  readonly maxBytes?: number;
  /** Most pixels of an image; it is refused from its header, before anything is decoded. Default: 50 million. */
  readonly maxPixels?: number;
}

/**
 * A renderer in another process, in place of a plugin's simulator: behind an address that speaks HTTP, or a program to
 * start that speaks on stdin and stdout. docs/renderers.md has the protocol.
 */
export type RendererChoice = RendererLimits & {
  /** The user's own parameters, passed on with every request. Plain JSON, at most 2000 characters of it. */
  readonly parameters?: Readonly<Record<string, unknown>>;
} & (
    | {
        /** Requests go to `{url}/render`. http or https, without credentials, query and fragment. */
        readonly url: string;
        readonly command?: undefined;
      }
    | {
        /** The program and its arguments. No shell reads them. Relative paths are relative to the job's folder. */
        readonly command: readonly string[];
        readonly url?: undefined;
      }
  );

/** The defaults of {@link RendererLimits}. */
export const rendererDefaults: Required<RendererLimits> = {
  concurrency: 4,
  timeoutMs: 300_000,
  retries: 5,
  backoffMs: 500,
  maxBackoffMs: 30_000,
  maxBytes: 64 * 2 ** 20,
  maxPixels: 50_000_000,
};

/** A renderer's options, complete and checked. */
export interface RendererSettings extends Required<RendererLimits> {
  readonly url: string | undefined;
  readonly command: readonly string[] | undefined;
  readonly parameters: Readonly<Record<string, unknown>>;
  /** As messages call it: its URL or command. */
  readonly name: string;
  /** As provenance calls it, its parameters included: other parameters give other pictures. */
  readonly origin: string;
}

/** `setTimeout` can wait no longer. */
const LONGEST = 2 ** 31 - 1;
const FETCH_TIMEOUT = 300_000;
const DESCRIPTION = 2000;

const whole = (least: number, most: number) => z.int().min(least).max(most).optional();
const schema = z.strictObject({
  url: z.string().max(DESCRIPTION).optional(),
  command: z.array(z.string().max(DESCRIPTION)).min(1).max(256).optional(),
  parameters: z.record(z.string(), z.json()).optional(),
  concurrency: whole(1, 256),
  timeoutMs: whole(1, LONGEST),
  retries: whole(0, 100),
  backoffMs: whole(0, LONGEST),
  maxBackoffMs: whole(0, LONGEST),
  maxBytes: whole(1, 2 ** 30),
  maxPixels: whole(1, 2 ** 30),
});

/** @throws SimganError INVALID_ARGUMENT with everything that is wrong. */
export function rendererSettings(choice: RendererChoice): RendererSettings {
  const known = Object.fromEntries(Object.entries(choice).filter(([, value]) => value !== undefined));
  const parsed = schema.safeParse(known);
  const problems = parsed.success
    ? choiceProblems(parsed.data as RendererChoice)
    : parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'it'}: ${message}`);
  if (problems.length > 0) {
    throw new SimganError('INVALID_ARGUMENT', `\`renderer\` cannot be used: ${problems.join('; ')}.`);
  }
  const { url, command, parameters = {} } = choice;
  const concurrency = command
    ? Math.min(rendererDefaults.concurrency, availableParallelism())
    : rendererDefaults.concurrency;
  const limits = { ...rendererDefaults, concurrency, ...(known as RendererLimits) };
  const name =
    url ?? command!.map((word) => (/^[^\s"']+$/.test(word) ? word : JSON.stringify(word))).join(' ');
  const stated = Object.keys(parameters).length > 0 ? ` with ${JSON.stringify(parameters)}` : '';
  return { ...limits, url, command, parameters, name, origin: `renderer ${name}${stated}` };
}

function choiceProblems({ url, command, parameters, timeoutMs = 0 }: RendererChoice): string[] {
  const problems: string[] = [];
  if ((url === undefined) === (command === undefined)) {
    problems.push('it takes either a url or a command');
  }
  if (url !== undefined) {
    problems.push(...urlProblems(url));
    if (timeoutMs > FETCH_TIMEOUT) {
      problems.push(
        `timeoutMs is ${timeoutMs}, and a response from a URL is waited for at most ${FETCH_TIMEOUT}`,
      );
    }
  }
  if (command?.[0] === '') problems.push('the program of command is empty');
  if (command?.some((word) => word.includes('\0'))) problems.push('command holds a null character');
  for (const [name, value] of Object.entries({ command, parameters })) {
    const { length } = JSON.stringify(value ?? null);
    if (length > DESCRIPTION) problems.push(`${name} has ${length} characters, more than ${DESCRIPTION}`);
  }
  return problems;
}

function urlProblems(url: string): string[] {
  if (!isWebUrl(url) || !URL.canParse(url)) {
    return [`url is ${JSON.stringify(url)}, which is no http or https address`];
  }
  const { username, password, search, hash } = new URL(url);
  const problems: string[] = [];
  if (username || password)
    problems.push('url holds credentials, which would stand in the provenance of pictures');
  if (search || hash) problems.push('url has a query or a fragment; pass values as parameters');
  return problems;
}
