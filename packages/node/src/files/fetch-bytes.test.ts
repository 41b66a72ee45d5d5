import dns from 'node:dns';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { imageOf, type SizedForm } from '@simgan/core';
import { delay, HttpResponse, http, passthrough } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { readImages } from '../datasets/read-images.ts';
import { encodePng } from '../pictures/encode-picture.ts';
import { fetchBytes } from './fetch-bytes.ts';

const server = setupServer();
type Answer = (request: IncomingMessage, response: ServerResponse) => void;
/** A real server of this machine, for what depends on connections. */
let answer: Answer;
const local = createServer((request, response) => answer(request, response));
const localUrl = (host = '127.0.0.1') => `http://${host}:${(local.address() as AddressInfo).port}/`;
beforeAll(async () => {
  server.listen({
    onUnhandledRequest: ({ url }, { error }) => void (url.includes(localUrl('').slice(7)) || error()),
  });
  await new Promise<void>((resolve) => {
    local.listen(0, '127.0.0.1', resolve);
  });
});
afterEach(() => {
  server.resetHandlers();
  vi.restoreAllMocks();
  local.closeAllConnections();
});
afterAll(() => {
  server.close();
  local.close();
});

const url = 'https://example.test/file';
const body = Uint8Array.of(1, 2, 3, 4, 5);
const limits = { maxBytes: 10 };

test('the whole body comes, announced or not', async () => {
  server.use(http.get(url, () => HttpResponse.arrayBuffer(body.buffer)));
  expect([...(await fetchBytes(url, limits))]).toEqual([...body]);
  server.use(http.get(url, () => new HttpResponse(new Blob([body]).stream())));
  expect([...(await fetchBytes(url, limits))]).toEqual([...body]);
});

test('what the server refuses is reported with its words', async () => {
  server.use(http.get(url, () => new HttpResponse('no', { status: 404, statusText: 'Not Found' })));
  await expect(fetchBytes(url, limits)).rejects.toMatchObject({
    code: 'FETCH_FAILED',
    message: `Cannot download ${url}: the server answered 404 Not Found.`,
  });
});

test('a body that is cut off is refused', async () => {
  server.use(http.get(url, () => new HttpResponse(body, { headers: { 'content-length': '9' } })));
  await expect(fetchBytes(url, limits)).rejects.toMatchObject({
    code: 'FETCH_FAILED',
    message: `Cannot download ${url}: the server announced 9 bytes and sent 5; the file was cut off.`,
  });
});

test('a connection that breaks is reported with its cause', async () => {
  server.use(http.get(url, () => HttpResponse.error()));
  await expect(fetchBytes(url, limits)).rejects.toMatchObject({
    code: 'FETCH_FAILED',
    cause: expect.any(Error),
  });
  answer = (_, response) => {
    response.writeHead(200).write('short', () => response.destroy());
  };
  await expect(fetchBytes(localUrl(), limits)).rejects.toMatchObject({
    code: 'FETCH_FAILED',
    message: `Cannot download ${localUrl()}: aborted.`,
  });
  answer = ({ socket }) => socket.destroy();
  await expect(fetchBytes(localUrl(), limits)).rejects.toThrow('socket hang up');
});

test('a body that is too large is refused: by its announcement, or when it has become too large', async () => {
  server.use(http.get(url, () => new HttpResponse(body, { headers: { 'content-length': '5' } })));
  await expect(fetchBytes(url, { maxBytes: 4 })).rejects.toThrow('it has 5 bytes and at most 4 are read');
  let sent = 0;
  answer = (_, response) => {
    const more = () => {
      sent += 2 ** 16;
      if (response.write(Buffer.alloc(2 ** 16))) setImmediate(more);
      else response.once('drain', more);
    };
    more();
  };
  await expect(fetchBytes(localUrl(), { maxBytes: 12 })).rejects.toThrow(
    'it has more than 12 bytes and at most 12 are read',
  );
  // What lies in the buffers of two sockets.
  expect(sent).toBeLessThan(2 ** 24);
});

test('a body comes as it was before its encoding, whose limits it has', async () => {
  for (const [encoding, bytes] of [
    ['gzip', gzipSync(body)],
    ['deflate', deflateSync(body)],
    ['br', brotliCompressSync(body)],
    ['identity', body],
  ] as const) {
    answer = (_, response) => void response.writeHead(200, { 'content-encoding': encoding }).end(bytes);
    expect([...(await fetchBytes(localUrl(), limits))], encoding).toEqual([...body]);
  }
  answer = (_, response) =>
    void response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(2 ** 24)));
  await expect(fetchBytes(localUrl(), limits)).rejects.toThrow('more than 10 bytes');
  answer = (_, response) => void response.writeHead(200, { 'content-encoding': 'gzip' }).end('plain');
  await expect(fetchBytes(localUrl(), limits)).rejects.toThrow('incorrect header check');
  answer = (_, response) => void response.writeHead(200, { 'content-encoding': 'pack200' }).end('plain');
  await expect(fetchBytes(localUrl(), limits)).rejects.toThrow('its encoding "pack200" is not known');
});

test('an answer that does not come, or does not end, is given up', async () => {
  server.use(
    http.get(url, async () => {
      await delay('infinite');
      return HttpResponse.json({});
    }),
  );
  const message = `Cannot download ${url}: it was not complete after 0.05 s.`;
  await expect(fetchBytes(url, { ...limits, timeoutMs: 50 })).rejects.toMatchObject({
    code: 'FETCH_FAILED',
    message,
  });
  answer = (_, response) => void response.writeHead(200).write('half');
  await expect(fetchBytes(localUrl(), { ...limits, timeoutMs: 50 })).rejects.toMatchObject({
    code: 'FETCH_FAILED',
    message: `Cannot download ${localUrl()}: it was not complete after 0.05 s.`,
  });
});

test("an abort is the caller's own", async () => {
  const controller = new AbortController();
  server.use(
    http.get(url, async () => {
      controller.abort(new Error('Ctrl-C'));
      await delay('infinite');
      return HttpResponse.json({});
    }),
  );
  await expect(fetchBytes(url, { ...limits, signal: controller.signal })).rejects.toThrow('Ctrl-C');
});

test('redirects are followed, a few, and never to a lesser protocol', async () => {
  const hop = /^https:\/\/example\.test\/hop\/(\d+)$/;
  server.use(
    http.get(hop, ({ request }) => {
      const left = Number(hop.exec(request.url)![1]);
      return left === 0
        ? HttpResponse.arrayBuffer(body.buffer)
        : new HttpResponse(null, { status: 302, headers: { location: `/hop/${left - 1}` } });
    }),
  );
  expect(await fetchBytes('https://example.test/hop/5', limits)).toHaveLength(5);
  await expect(fetchBytes('https://example.test/hop/6', limits)).rejects.toThrow(
    'it redirects more than 5 times',
  );
  for (const [location, message] of [
    ['http://example.test/x', 'it redirects from https to the unprotected http://example.test/x'],
    ['file:///etc/passwd', 'it redirects to file:///etc/passwd, which is no web address'],
  ] as const) {
    server.use(http.get(url, () => new HttpResponse(null, { status: 301, headers: { location } })));
    await expect(fetchBytes(url, limits)).rejects.toThrow(message);
  }
});

/** Every name resolves to this machine, as one does whose owner changes what it resolves to. */
function resolveToLoopback() {
  const lookup = (_: string, { all }: dns.LookupOptions, callback: (...results: unknown[]) => void) =>
    all ? callback(null, [{ address: '127.0.0.1', family: 4 }]) : callback(null, '127.0.0.1', 4);
  return vi.spyOn(dns, 'lookup').mockImplementation(lookup as never);
}

test('a redirect to a name is refused by the address that is connected to, not by one looked up before', async () => {
  const lookup = resolveToLoopback();
  let secrets = 0;
  const to = localUrl('public.test');
  answer = ({ headers }, response) => {
    if (headers.host?.startsWith('public.test')) secrets++;
    response.writeHead(302, { location: to }).end();
  };
  await expect(fetchBytes(localUrl(), limits)).rejects.toMatchObject({
    code: 'FETCH_FAILED',
    message: `Cannot download ${localUrl()}: it redirects to ${to}, a host of this machine or its network, which you did not name.`,
  });
  expect(secrets).toBe(0);
  // One lookup, that of the connection.
  expect(lookup.mock.calls.map(([name]) => name)).toEqual(['public.test']);
});

test('a named host of this machine may redirect to itself; one that becomes of this machine may not', async () => {
  resolveToLoopback();
  answer = ({ url: path }, response) => {
    if (path === '/') response.writeHead(302, { location: '/there' }).end();
    else response.end(body);
  };
  expect([...(await fetchBytes(localUrl('named.test'), limits))]).toEqual([...body]);

  // The first answer comes from elsewhere, the second would come from here.
  const start = localUrl('public.test');
  server.use(
    http.get(start, () => new HttpResponse(null, { status: 302, headers: { location: '/there' } })),
    http.get(`${start}there`, () => passthrough()),
  );
  await expect(fetchBytes(start, limits)).rejects.toThrow(
    `it redirects to ${start}there, a host of this machine or its network`,
  );
});

test.each([
  'http://127.0.0.2/',
  'http://[::ffff:127.0.0.1]/',
  'http://169.254.169.254/latest/meta-data/',
  'http://2130706433/',
])('a redirect to %s is refused without a request', async (location) => {
  server.use(
    http.get(
      url.replace('https', 'http'),
      () => new HttpResponse(null, { status: 302, headers: { location } }),
    ),
  );
  await expect(fetchBytes(url.replace('https', 'http'), limits)).rejects.toThrow('which you did not name');
});

test('pictures by URL are read; those that do not come are rejects', async () => {
  const spec: SizedForm = { width: 4, height: 4, channels: 1, bits: 8 };
  const image = imageOf(new Uint8Array(16).fill(9), spec);
  const png = await encodePng(image);
  const at = (name: string) => `https://example.test/${name}`;
  server.use(
    http.get(at('1.png'), () => HttpResponse.arrayBuffer(new Uint8Array(png).buffer)),
    http.get(at('gone.png'), () => new HttpResponse(null, { status: 404 })),
    http.get(at('page.png'), () => HttpResponse.html('<h1>Log in</h1>')),
    http.get(at('cut.png'), () => HttpResponse.arrayBuffer(new Uint8Array(png.subarray(0, 40)).buffer)),
  );
  const list = ['1.png', 'gone.png', 'page.png', 'cut.png'].map(at);
  const { images, rejects } = await readImages(list, spec, { memoryBudget: 0 });
  server.resetHandlers();
  expect(images.length).toBe(1);
  expect(await images.at(0)).toEqual({ id: at('1.png'), image });
  expect(rejects.map(({ file }) => file)).toEqual(list.slice(1));
  expect(rejects[0]!.reason).toContain('the server answered 404');
  expect(rejects[1]!.reason).toContain('not a picture');
  expect(rejects[2]!.reason).toContain('damaged or cut off');
});
