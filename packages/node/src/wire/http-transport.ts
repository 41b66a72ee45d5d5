import { parseMultipart } from './multipart.ts';
import { type Parts, RendererFault, type RenderRequest, shownText, type Transport } from './protocol.ts';

/** Bytes of a refusal's text that are read for the message. */
const MOST_OF_REFUSAL = 4096;

/** A renderer behind an address: `POST {url}/render`, answered with multipart/form-data. */
export class HttpTransport implements Transport {
  readonly #address: string;
  readonly #maxBytes: number;

  constructor(url: string, maxBytes: number) {
    this.#address = `${url.replace(/\/+$/, '')}/render`;
    this.#maxBytes = maxBytes;
  }

  async ask(request: RenderRequest, _slot: number, signal: AbortSignal): Promise<Parts> {
    const response = await fetch(this.#address, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'multipart/form-data' },
      body: JSON.stringify(request),
      redirect: 'manual',
      signal,
    }).catch((error) => {
      throw disconnected('the connection failed', error);
    });
    if (response.status !== 200) throw await refusal(response, signal);
    const body = await readBody(response, this.#maxBytes, signal);
    if (body.isCut) {
      throw new RendererFault(`its response has more than the ${this.#maxBytes} bytes that are read`);
    }
    return parseMultipart(response.headers.get('content-type'), body.bytes);
  }

  async close(): Promise<void> {}
}

/** What a response without a picture means; its text, if it is one, is shown. */
async function refusal(response: Response, signal: AbortSignal): Promise<RendererFault> {
  const { status, statusText, headers } = response;
  const isText = /^(text\/plain|application\/(problem\+)?json)\b/i.test(headers.get('content-type') ?? '');
  const body = await readBody(response, MOST_OF_REFUSAL, signal).catch(() => undefined);
  const text = isText && body ? shownText(body.bytes.toString('utf8')) : '';
  const answered = `the server answered ${shownText(`${status} ${statusText}`, 80)}`;
  if (status >= 300 && status < 400) {
    const to = shownText(headers.get('location') ?? 'elsewhere');
    return new RendererFault(`${answered}, a redirection to ${to}, and redirections are not followed`);
  }
  return new RendererFault(text ? `${answered}: ${text}` : answered, { isTransient: status >= 500 });
}

/** The body up to `most` bytes. Ends at once when the signal aborts, whatever the body's stream does. */
async function readBody(
  response: Response,
  most: number,
  signal: AbortSignal,
): Promise<{ readonly bytes: Buffer; readonly isCut: boolean }> {
  const reader = response.body?.getReader();
  // Not awaited: a server need not notice for us to go on.
  const cancel = () => void reader?.cancel().catch(() => {});
  signal.addEventListener('abort', cancel, { once: true });
  const parts: Uint8Array[] = [];
  let size = 0;
  try {
    while (size <= most) {
      const part = (await reader?.read())?.value;
      if (!part) break;
      size += part.length;
      parts.push(part);
    }
    signal.throwIfAborted();
  } catch (error) {
    throw disconnected('the connection broke during its response', error);
  } finally {
    signal.removeEventListener('abort', cancel);
    cancel();
  }
  return { bytes: Buffer.concat(parts).subarray(0, most), isCut: size > most };
}

function disconnected(what: string, error: unknown): RendererFault {
  const { cause, message } = error as Error & { cause?: NodeJS.ErrnoException };
  // Where a name has several addresses, the cause has a code and no message.
  return new RendererFault(`${what} (${shownText(cause?.message || cause?.code || message)})`, {
    isTransient: true,
    cause: error,
  });
}
