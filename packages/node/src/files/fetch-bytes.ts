import { SimganError } from '@simgan/core';
import { isPrivateHost } from './private-host.ts';

/** Bounds on what a URL may cost. */
export interface FetchLimits {
  /** Most bytes of the body. */
  readonly maxBytes: number;
  /** Longest time from the request to the last byte, in milliseconds. Default: 60 s. */
  readonly timeoutMs?: number;
  /** Most redirects followed. Default: 5. */
  readonly maxRedirects?: number;
  readonly signal?: AbortSignal | undefined;
}

/** Whether a text is an http or https URL. */
export function isWebUrl(text: string): boolean {
  return /^https?:\/\//i.test(text);
}

/**
 * The whole body behind an http or https URL. Redirects are followed, but not from https to http, and not to a host of
 * this machine or its private network that the URL did not name. A body that is shorter or longer than the server said
 * is refused.
 *
 * @throws SimganError FETCH_FAILED naming the URL and what went wrong; the signal's reason if it aborts.
 */
export async function fetchBytes(url: string, limits: FetchLimits): Promise<Uint8Array> {
  const { maxBytes, timeoutMs = 60_000, maxRedirects = 5, signal } = limits;
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    const stop = signal ? AbortSignal.any([signal, timeout]) : timeout;
    const response = await follow(url, maxRedirects, stop);
    if (!response.ok) {
      discard(response);
      throw failed(url, `the server answered ${`${response.status} ${response.statusText}`.trim()}`);
    }
    return await readBody(url, response, maxBytes, stop);
  } catch (error) {
    if (error instanceof SimganError) throw error;
    signal?.throwIfAborted();
    if (timeout.aborted) throw failed(url, `it was not complete after ${timeoutMs / 1000} s`, error);
    const cause = (error as Error).cause as Error | undefined;
    throw failed(url, cause?.message || (error as Error).message, error);
  }
}

async function follow(url: string, maxRedirects: number, signal: AbortSignal): Promise<Response> {
  let current = url;
  for (let redirects = 0; ; redirects++) {
    const response = await fetch(current, { redirect: 'manual', signal });
    const location = response.headers.get('location');
    if (response.status < 300 || response.status > 399 || !location) return response;
    discard(response);
    if (redirects >= maxRedirects) throw failed(url, `it redirects more than ${maxRedirects} times`);
    const next = URL.canParse(location, current) ? new URL(location, current).href : location;
    if (!isWebUrl(next)) throw failed(url, `it redirects to ${location}, which is no web address`);
    if (current.startsWith('https:') && !next.startsWith('https:')) {
      throw failed(url, `it redirects from https to the unprotected ${next}`);
    }
    const { hostname } = new URL(next);
    if (hostname !== new URL(url).hostname && (await isPrivateHost(hostname))) {
      throw failed(
        url,
        `it redirects to ${next}, a host of this machine or its network, which you did not name`,
      );
    }
    current = next;
  }
}

async function readBody(
  url: string,
  response: Response,
  maxBytes: number,
  stop: AbortSignal,
): Promise<Uint8Array> {
  // With a content encoding the header counts the compressed bytes, which fetch does not show.
  const announced = response.headers.has('content-encoding') ? null : response.headers.get('content-length');
  const tooLarge = (size: string) => failed(url, `it has ${size} bytes and at most ${maxBytes} are read`);
  if (announced !== null && Number(announced) > maxBytes) {
    discard(response);
    throw tooLarge(announced);
  }
  const reader = response.body?.getReader();
  const cancel = () => void reader?.cancel().catch(() => {});
  stop.addEventListener('abort', cancel, { once: true });
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    for (;;) {
      const part = (await reader?.read())?.value;
      if (!part) break;
      size += part.length;
      if (size > maxBytes) throw tooLarge(`more than ${maxBytes}`);
      parts.push(part);
    }
    stop.throwIfAborted();
  } finally {
    stop.removeEventListener('abort', cancel);
    cancel();
  }
  if (announced !== null && size !== Number(announced)) {
    throw failed(url, `the server announced ${announced} bytes and sent ${size}; the file was cut off`);
  }
  return Buffer.concat(parts);
}

/** Ends a download whose body nobody wants. Not awaited: a server need not notice for us to go on. */
function discard(response: Response): void {
  response.body?.cancel().catch(() => {});
}

function failed(url: string, why: string, cause?: unknown): SimganError {
  return new SimganError('FETCH_FAILED', `Cannot download ${url}: ${why}.`, { cause });
}
