/** The messages between the main thread and a worker. */
import type { HostData } from '@simgan/tfjs-trace/graph';
import type { Output } from '../lower/compile.ts';

export type Device = 'cpu' | 'gpu' | 'cuda' | 'auto';
export type Layout = 'auto' | 'nchwc' | 'standard';

export interface OpenOptions {
  readonly device: Device;
  readonly threads: number;
  readonly layout: Layout;
}

/** The result of the startup probe. */
export interface Facts {
  readonly device: 'cpu' | 'gpu' | 'cuda';
  /** Channels per block of the internal layout; 0 for standard operators only. */
  readonly block: number;
  /** Why `auto` did not choose a GPU. */
  readonly noGpu?: string;
}

export interface ProgramFile {
  readonly program: number;
  readonly bytes: Uint8Array;
  readonly outputs: readonly Output[];
  /** Model input → variable, or several that lie end to end in it. */
  readonly reads: Readonly<Record<string, readonly number[]>>;
  /** Model output → variables. */
  readonly writes: Readonly<Record<string, readonly number[]>>;
}

/** The argument and the result of every request. */
export interface Calls {
  open: [OpenOptions, Facts];
  load: [ProgramFile, undefined];
  unload: [number, undefined];
  /** Sets variables. */
  write: [ReadonlyMap<number, HostData>, undefined];
  /** Copies variables out. */
  read: [readonly number[], Map<number, HostData>];
  run: [
    { readonly program: number; readonly inputs: Readonly<Record<string, HostData>> },
    Record<string, HostData>,
  ];
  /** Like `run`, with a program for one item, on each item of `[items, …]`. */
  runItems: [
    {
      readonly program: number;
      readonly inputs: Readonly<Record<string, HostData>>;
      readonly items: number;
    },
    Record<string, HostData>,
  ];
  close: [undefined, undefined];
}

export interface Request<Name extends keyof Calls = keyof Calls> {
  readonly id: number;
  readonly name: Name;
  readonly argument: Calls[Name][0];
}

export type Response = { readonly id: number } & ({ readonly result: unknown } | { readonly error: unknown });
