import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';
import { pipeline, type Readable, type Transform } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';

const decoders: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/** How one request is made. */
export interface WebRequest {
  /** Resolves the host's name for the connection. */
  readonly lookup: LookupFunction;
  readonly signal: AbortSignal;
}

/**
 * The response to a GET request, when its head has come. No redirect is followed and no connection is shared with other
 * requests, so that what `lookup` gave is what answers.
 */
export function getResponse(url: URL, { lookup, signal }: WebRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { request } = url.protocol === 'https:' ? https : http;
    const headers = { accept: '*/*', 'accept-encoding': 'gzip, deflate, br', 'user-agent': 'simgan' };
    request(url, { lookup, signal, headers, agent: false })
      .on('response', resolve)
      .on('error', reject)
      .on('close', () => reject(new Error('the connection was closed without an answer')))
      .end();
  });
}

/** The body of a response as it was before its encoding. @throws RangeError if the encoding is not known. */
export function decodedBody(response: IncomingMessage): Readable {
  const encoding = response.headers['content-encoding']?.toLowerCase() ?? 'identity';
  if (encoding === 'identity') return response;
  const create = Object.hasOwn(decoders, encoding) ? decoders[encoding] : undefined;
  if (!create) throw new RangeError(`its encoding ${JSON.stringify(encoding.slice(0, 40))} is not known`);
  // Errors reach the reader through the last stream.
  return pipeline(response, create(), () => {});
}
