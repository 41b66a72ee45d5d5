import type { IncomingMessage } from 'node:http';
import { SimganError } from '@simgan/core';
import { isPrivateHost, PrivateAddressError, watchedLookup } from './private-host.ts';
import { decodedBody, getResponse } from './web-request.ts';

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
 * this machine or its private network that the URL did not name; a name counts as what it resolves to when the connection
 * is made. A body that is shorter or longer than the server said is refused.
 *
 * @throws SimganError FETCH_FAILED naming the URL and what went wrong; the signal's reason if it aborts.
 */
export async function fetchBytes(url: string, limits: FetchLimits): Promise<Uint8Array> {
  const { maxBytes, timeoutMs = 60_000, maxRedirects = 5, signal } = limits;
  const timeout = AbortSignal.timeout(timeoutMs);
  try {
    if (!URL.canParse(url)) throw failed(url, 'this is no address');
    const stop = signal ? AbortSignal.any([signal, timeout]) : timeout;
    const response = await follow(url, maxRedirects, stop);
    const { statusCode = 0, statusMessage = '' } = response;
    if (statusCode < 200 || statusCode > 299) {
      discard(response);
      throw failed(url, `the server answered ${`${statusCode} ${statusMessage}`.trim()}`);
    }
    const body = await readBody(url, response, maxBytes);
    stop.throwIfAborted();
    return body;
  } catch (error) {
    if (error instanceof SimganError) throw error;
    signal?.throwIfAborted();
    if (timeout.aborted) throw failed(url, `it was not complete after ${timeoutMs / 1000} s`, error);
    throw failed(url, reasonOf(error as NodeJS.ErrnoException), error);
  }
}

async function follow(url: string, maxRedirects: number, signal: AbortSignal): Promise<IncomingMessage> {
  const named = new URL(url);
  // The host that the user named may be of the private network, and stay so; no other may, and none may become so.
  let isNamedPrivate = isPrivateHost(named.hostname);
  let current = named;
  for (let redirects = 0; ; redirects++) {
    const isFirst = redirects === 0;
    const isAllowed = isFirst || (current.hostname === named.hostname && isNamedPrivate);
    if (!isAllowed && isPrivateHost(current.hostname)) throw privateRedirect(url, current);
    const { lookup, sawPrivate } = watchedLookup(isAllowed);
    const response = await getResponse(current, { lookup, signal }).catch((error: unknown) => {
      throw error instanceof PrivateAddressError ? privateRedirect(url, current) : error;
    });
    if (isFirst) isNamedPrivate ||= sawPrivate();
    const { statusCode = 0 } = response;
    const { location } = response.headers;
    if (statusCode < 300 || statusCode > 399 || !location) return response;
    discard(response);
    if (redirects >= maxRedirects) throw failed(url, `it redirects more than ${maxRedirects} times`);
    if (!URL.canParse(location, current.href) || !isWebUrl(new URL(location, current).href)) {
      throw failed(url, `it redirects to ${location}, which is no web address`);
    }
    const next = new URL(location, current);
    if (current.protocol === 'https:' && next.protocol !== 'https:') {
      throw failed(url, `it redirects from https to the unprotected ${next.href}`);
    }
    current = next;
  }
}

async function readBody(url: string, response: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  const { headers } = response;
  // With a content encoding the header counts the compressed bytes.
  const announced = headers['content-encoding'] === undefined ? headers['content-length'] : undefined;
  const tooLarge = (size: string) => failed(url, `it has ${size} bytes and at most ${maxBytes} are read`);
  const cutOff = (size: number) =>
    failed(url, `the server announced ${announced} bytes and sent ${size}; the file was cut off`);
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    if (announced !== undefined && Number(announced) > maxBytes) throw tooLarge(announced);
    for await (const part of decodedBody(response) as AsyncIterable<Uint8Array>) {
      size += part.length;
      if (size > maxBytes) throw tooLarge(`more than ${maxBytes}`);
      parts.push(part);
    }
  } catch (error) {
    const isCut = (error as NodeJS.ErrnoException).code === 'ECONNRESET' && announced !== undefined;
    throw isCut ? cutOff(size) : error;
  } finally {
    discard(response);
  }
  if (announced !== undefined && size !== Number(announced)) throw cutOff(size);
  return Buffer.concat(parts);
}

/** Ends a download whose body nobody wants, and its connection. */
function discard(response: IncomingMessage): void {
  response.on('error', () => {}).destroy();
}

function privateRedirect(url: string, to: URL): SimganError {
  return failed(
    url,
    `it redirects to ${to.href}, a host of this machine or its network, which you did not name`,
  );
}

/** Where a name has several addresses, the error that unites theirs has a code and no message. */
function reasonOf({ message, code }: NodeJS.ErrnoException): string {
  return message || code || 'the connection failed';
}

function failed(url: string, why: string, cause?: unknown): SimganError {
  return new SimganError('FETCH_FAILED', `Cannot download ${url}: ${why}.`, { cause });
}
