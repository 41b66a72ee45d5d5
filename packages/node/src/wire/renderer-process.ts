import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { ByteReader } from './byte-reader.ts';
import { readFrame } from './frame.ts';
import { BOUNDS, type Parts, READY_LINE, RendererFault, type RenderRequest, shownText } from './protocol.ts';

/** Milliseconds in which a process whose stdin has ended, or that has ended its stdout, ends by itself. */
const GRACE = 2000;

/** Bytes of stderr that are kept, and lines of them that a message shows. */
const STDERR_BYTES = 8192;
const STDERR_LINES = 5;

/**
 * A renderer that we started: requests are lines on its stdin, responses are frames on its stdout. It renders one
 * request at a time, keeps our process alive only while it does, and is killed as soon as it does anything else.
 */
export class RendererProcess {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #reader: ByteReader;
  readonly #maxBytes: number;
  /** Resolves when the process has ended, or could not be started. */
  readonly #ended: Promise<void>;
  #hasEnded = false;
  #isKilled = false;
  #isReady = false;
  #failure: NodeJS.ErrnoException | undefined;
  #stderr = '';

  constructor(command: readonly string[], { cwd, maxBytes }: { cwd: string; maxBytes: number }) {
    const [program, ...args] = command;
    this.#maxBytes = maxBytes;
    this.#child = spawn(program!, args, { cwd, stdio: ['pipe', 'pipe', 'pipe'], windowsHide: true });
    this.#reader = new ByteReader(this.#child.stdout);
    this.#ended = new Promise((resolve) => {
      const end = () => {
        this.#hasEnded = true;
        resolve();
      };
      this.#child.once('error', (error) => {
        this.#failure = error;
        // Of a process that was never started there is no exit.
        if (this.#child.pid === undefined) end();
      });
      this.#child.once('exit', end);
    });
    // That it does not read any more is seen by its ending.
    this.#child.stdin.on('error', () => {});
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_BYTES);
    });
  }

  /** Whether it takes no more requests. */
  get isOver(): boolean {
    return this.#hasEnded || this.#isKilled;
  }

  /**
   * Has one request rendered. When the signal aborts, the process is killed.
   *
   * @throws RendererFault; the signal's reason, at once.
   */
  async ask(request: RenderRequest, signal: AbortSignal): Promise<Parts> {
    signal.throwIfAborted();
    this.#keepAlive(true);
    let onAbort = () => {};
    const aborted = new Promise<never>((_, reject) => {
      onAbort = () => reject(signal.reason);
    });
    signal.addEventListener('abort', onAbort, { once: true });
    const exchange = this.#exchange(request);
    // Whoever aborted does not wait for it.
    exchange.catch(() => {});
    try {
      const response = await Promise.race([exchange, aborted]);
      if (!('error' in response)) return response;
      throw new RendererFault(`it responded: ${shownText(response.error)}`);
    } catch (error) {
      if (signal.aborted) this.kill();
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
      this.#keepAlive(false);
    }
  }

  /** Ends its stdin, by which it knows that there is no more to do, and kills it if it stays. */
  async end(): Promise<void> {
    this.#child.ref();
    this.#child.stdin.end();
    await this.#endsIn(GRACE);
    this.kill();
    await this.#ended;
  }

  kill(): void {
    this.#isKilled = true;
    this.#child.kill('SIGKILL');
    for (const stream of [this.#child.stdin, this.#child.stdout, this.#child.stderr]) stream.destroy();
  }

  async #exchange(request: RenderRequest): Promise<Parts | { readonly error: string }> {
    try {
      if (!this.#isReady) await this.#becomeReady();
      this.#child.stdin.write(`${JSON.stringify(request)}\n`);
      const response = await readFrame(this.#reader, this.#maxBytes);
      if (!response) throw await this.#death();
      return response;
    } catch (error) {
      // What it writes next belongs to no request.
      this.kill();
      throw error;
    }
  }

  /** Reads up to the line by which it says that it takes requests; programs that hold a renderer greet first. */
  async #becomeReady(): Promise<void> {
    let read = 0;
    while (read < BOUNDS.banner) {
      const line = await this.#reader.line(BOUNDS.banner);
      if (line === undefined) throw await this.#death();
      if (typeof line === 'object') break;
      read += line.length + 1;
      if (line === READY_LINE) {
        this.#isReady = true;
        return;
      }
      const [, version] = /^simgan-renderer (\d+)$/.exec(line) ?? [];
      if (version) {
        throw new RendererFault(
          `it speaks version ${version} of the protocol, and this program ${READY_LINE.at(-1)}`,
        );
      }
    }
    throw new RendererFault(
      `it wrote more than ${BOUNDS.banner} bytes to stdout without the line "${READY_LINE}", by which a renderer says that it is ready`,
    );
  }

  /** Why its stdout has ended, with what it last wrote to stderr. */
  async #death(): Promise<RendererFault> {
    // Stdout is seen to end a moment before the process.
    const isItself = await this.#endsIn(GRACE);
    this.#child.kill('SIGKILL');
    await this.#ended;
    const { exitCode, signalCode, stderr, pid } = this.#child;
    if (pid === undefined) {
      const { code, message } = this.#failure!;
      const why = code === 'ENOENT' ? 'there is no such program or folder' : shownText(message);
      return new RendererFault(`it cannot be started: ${why}`, { cause: this.#failure });
    }
    // Stderr ends with the process, unless another process that it started holds it open.
    if (!stderr.readableEnded) {
      await Promise.race([
        new Promise((resolve) => stderr.once('end', resolve)),
        sleep(GRACE, 0, { ref: false }),
      ]);
    }
    const how = !isItself
      ? 'the process closed its stdout'
      : signalCode
        ? `the process was ended by ${signalCode}`
        : `the process ended with exit code ${exitCode}`;
    const lines = this.#stderr.split('\n').filter((line) => line.trim() !== '');
    const last = lines.slice(-STDERR_LINES).map((line) => `\n  ${shownText(line)}`);
    return new RendererFault(last.length > 0 ? `${how}, and wrote to stderr:${last.join('')}\n` : how, {
      isTransient: true,
    });
  }

  /** Whether it ends within some milliseconds. */
  async #endsIn(ms: number): Promise<boolean> {
    const timer = new AbortController();
    const late = sleep(ms, undefined, { signal: timer.signal }).catch(() => {});
    await Promise.race([this.#ended, late]);
    timer.abort();
    return this.#hasEnded;
  }

  #keepAlive(isNeeded: boolean): void {
    const change = isNeeded ? 'ref' : 'unref';
    this.#child[change]();
    // Pipes to a child are sockets, which Node's types do not say.
    const { stdin, stdout, stderr } = this.#child;
    for (const stream of [stdin, stdout, stderr]) (stream as unknown as Socket)[change]?.();
  }
}
