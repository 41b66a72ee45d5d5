import { type Parts, RendererFault, type RenderRequest, shownText, type Transport } from './protocol.ts';
import { RendererProcess } from './renderer-process.ts';

/** Renderers in processes that we start, one for each request in progress, and start again where they end. */
export class ProcessTransport implements Transport {
  readonly #command: readonly string[];
  readonly #options: { readonly cwd: string; readonly maxBytes: number };
  readonly #processes = new Map<number, RendererProcess>();
  /** Ended or about to; waited for at the end. */
  readonly #leaving = new Set<Promise<void>>();

  constructor(command: readonly string[], options: { readonly cwd: string; readonly maxBytes: number }) {
    this.#command = command;
    this.#options = options;
  }

  async ask(request: RenderRequest, slot: number, signal: AbortSignal): Promise<Parts> {
    const process = this.#processes.get(slot) ?? this.#start();
    this.#processes.set(slot, process);
    try {
      return await process.ask(request, signal);
    } finally {
      if (process.isOver) {
        this.#processes.delete(slot);
        this.#leave(process);
      }
    }
  }

  async close(): Promise<void> {
    for (const process of this.#processes.values()) this.#leave(process);
    this.#processes.clear();
    await Promise.all(this.#leaving);
  }

  #start(): RendererProcess {
    try {
      return new RendererProcess(this.#command, this.#options);
    } catch (cause) {
      // Node throws what it cannot report later: a folder that is a file, arguments that are too long.
      throw new RendererFault(`it cannot be started: ${shownText((cause as Error).message)}`, { cause });
    }
  }

  #leave(process: RendererProcess): void {
    const gone = process.end().finally(() => this.#leaving.delete(gone));
    this.#leaving.add(gone);
  }
}
