/** What the main thread and the worker say to each other. */
import type { Output } from '../lower/compile.ts';

export type Device = 'cpu' | 'gpu' | 'cuda' | 'auto';
export type Layout = 'auto' | 'nchwc' | 'standard';

export interface OpenOptions {
  readonly device: Device;
  readonly threads: number;
  readonly layout: Layout;
}

/** What a start-up probe found. */
export interface Facts {
  readonly device: 'cpu' | 'gpu' | 'cuda';
  /** Channels per block of the internal layout; 0: standard operators. */
  readonly block: number;
  /** Why `auto` did not take a GPU. */
  readonly noGpu?: string;
}

export interface HostData {
  readonly data: Float32Array | Int32Array;
  readonly shape: readonly number[];
}

export interface ProgramFile {
  readonly program: number;
  readonly bytes: Uint8Array;
  readonly outputs: readonly Output[];
  /** Model input → variable. */
  readonly reads: Readonly<Record<string, number>>;
  /** Model output → variable. */
  readonly writes: Readonly<Record<string, number>>;
}

/** Every request and its answer. */
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
  /** As `run`, with a program of one item, on each item of `[items, …]`. */
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
