import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Setting, Subject } from './subjects.ts';

/** How PyTorch computes on a GPU. */
export type TorchMode = 'float32' | 'float32 graph' | 'TF32' | 'TF32 graph';

/** The first line of a peer. */
interface Hello {
  readonly version: string;
  readonly device?: string;
}

/** Another process that runs the same steps, one request per line, with memory and threads of its own. */
export class Peer {
  readonly version: string;
  /** What it runs on, if it says so. */
  readonly device: string | undefined;
  readonly #name: string;
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  private constructor(
    name: string,
    { version, device }: Hello,
    process: ChildProcess,
    lines: AsyncIterator<string>,
  ) {
    this.#name = name;
    this.version = version;
    this.device = device;
    this.#process = process;
    this.#lines = lines;
  }

  /** PyTorch; `undefined` if no Python with torch is found. `any` is a GPU where there is one, else the processor. */
  static async torch(device: 'cpu' | 'cuda' | 'any' = 'cpu'): Promise<Peer | undefined> {
    const named = process.env.BENCH_PYTHON;
    for (const python of named ? [named] : ['/usr/bin/python3', 'python3']) {
      const peer = await Peer.#torch(python, device);
      if (peer) return peer;
    }
    return undefined;
  }

  static #torch(python: string, device: string): Promise<Peer | undefined> {
    // glibc returns large buffers to the system after every step, which costs torch a third at batch 128.
    const env = {
      MALLOC_MMAP_THRESHOLD_: '4294967296',
      MALLOC_TRIM_THRESHOLD_: '-1',
      BENCH_TORCH_DEVICE: device,
    };
    return Peer.#start('torch', python, [script('./peer.py')], env);
  }

  /** TensorFlow.js on WebAssembly. */
  static wasm(): Promise<Peer | undefined> {
    return Peer.#start('wasm', process.execPath, [...process.execArgv, script('./wasm-peer.ts')], {});
  }

  static async #start(name: string, command: string, args: readonly string[], env: Record<string, string>) {
    const child = spawn(command, args, {
      env: { ...process.env, ...env },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    // A command that does not exist ends the output, as one that fails does.
    child.on('error', () => {});
    const lines = createInterface({ input: child.stdout! })[Symbol.asyncIterator]();
    const first = await lines.next();
    if (first.done) return undefined;
    return new Peer(name, JSON.parse(first.value) as Hello, child, lines);
  }

  /** The peer's steps of one setting. Large pictures are refined by PyTorch only. */
  subject(
    setting: Omit<Setting, 'network'> & { readonly network: Setting['network'] | 'pictures' },
    mode?: TorchMode,
  ): Subject {
    return {
      name: mode ? `${this.#name} ${mode}` : this.#name,
      run: async (step) => {
        this.#process.stdin!.write(`${JSON.stringify({ ...setting, step, mode })}\n`);
        const { value, done } = await this.#lines.next();
        if (done)
          throw new Error(`The ${this.#name} process ended during step ${step} of ${setting.network}.`);
        const answer = JSON.parse(value) as { ms: number } | { error: string };
        if ('error' in answer) throw new Error(answer.error);
        return answer.ms;
      },
      dispose: async () => {},
    };
  }

  stop(): void {
    this.#process.stdin!.end();
  }
}

const script = (path: string) => fileURLToPath(new URL(path, import.meta.url));
