/** @file What is said between us and a renderer in another process; docs/renderers.md has it in full. */
import type { ImageForm } from '@simgan/core';

/** The version of the protocol that requests state. */
export const PROTOCOL_VERSION = 1;

/** The line by which a renderer on stdin and stdout says that it takes requests. */
export const READY_LINE = `simgan-renderer ${PROTOCOL_VERSION}`;

/** How many random numbers a request brings. */
export const RANDOM_NUMBERS = 16;

/** The parts of a response that are ours; parts of other names are companions of the image. */
export const PART = { annotation: 'annotation', image: 'image', sha256: 'sha256' } as const;

/** Bounds on a response that nobody needs to change. */
export const BOUNDS = {
  parts: 32,
  /** Bytes of a part's headers, and of a frame's header line. */
  header: 8192,
  /** Bytes of the annotation. */
  annotation: 2 ** 20,
  /** Levels of nesting of the annotation. */
  depth: 64,
  /** Bytes that a process may write to stdout before it is ready. */
  banner: 2 ** 20,
} as const;

/** One sample to render. The response may depend on nothing else. */
export interface RenderRequest {
  readonly version: typeof PROTOCOL_VERSION;
  /** Of the dataset. A safe integer or any other finite number. */
  readonly seed: number;
  /** Of the sample within its dataset, counted from 0. */
  readonly index: number;
  /** Uniform in [0, 1), drawn for this sample. */
  readonly random: readonly number[];
  /** The form that the image must have. Without width and height it may be of any size. */
  readonly image: Pick<ImageForm, 'width' | 'height' | 'channels' | 'bits'>;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** The parts of a response by name. */
export type Parts = ReadonlyMap<string, Buffer>;

/** A way to reach a renderer. */
export interface Transport {
  /**
   * Asks once.
   *
   * @param slot - which of the requests in progress this is, from 0 to the concurrency; no two at a time share one.
   * @throws RendererFault; anything once the signal has aborted.
   */
  ask(request: RenderRequest, slot: number, signal: AbortSignal): Promise<Parts>;
  close(): Promise<void>;
}

/** What is wrong with one attempt, as a clause: `the server answered 503`. */
export class RendererFault extends Error {
  /** Whether the same request may well succeed the next time. */
  readonly isTransient: boolean;

  constructor(clause: string, { isTransient = false, cause }: ErrorOptions & { isTransient?: boolean } = {}) {
    super(clause, { cause });
    this.isTransient = isTransient;
  }
}

/** A part's name: a word. */
export function isPartName(name: unknown): name is string {
  return typeof name === 'string' && /^[a-z][\w-]{0,63}$/i.test(name);
}

/** Text of another program as a message may show it: one line without control characters, cut off where it is long. */
export function shownText(text: string, most = 300): string {
  const line = text.replace(/[\s\p{Cc}\p{Cf}\ufffd]+/gu, ' ').trim();
  return line.length > most ? `${line.slice(0, most)}…` : line;
}
