import { imageOf, type SizedForm } from '@simgan/core';
import { delay, HttpResponse, http } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { readImages } from '../datasets/read-images.ts';
import { encodePng } from '../pictures/pixels.ts';
import { fetchBytes } from './fetch-bytes.ts';

const server = setupServer();
beforeAll(() => server.listen({ onUnhandledRequest: 'error' }));
afterEach(() => server.resetHandlers());
afterAll(() => server.close());

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
  const breaking = () =>
    new ReadableStream({
      pull(controller) {
        controller.error(new Error('the line went dead'));
      },
    });
  server.use(http.get(url, () => new HttpResponse(breaking())));
  await expect(fetchBytes(url, limits)).rejects.toThrow('the line went dead');
});

test('a body that is too large is refused: by its announcement, or when it has become too large', async () => {
  server.use(http.get(url, () => new HttpResponse(body, { headers: { 'content-length': '5' } })));
  await expect(fetchBytes(url, { maxBytes: 4 })).rejects.toThrow('it has 5 bytes and at most 4 are read');
  let sent = 0;
  const endless = () =>
    new ReadableStream({
      pull(controller) {
        sent++;
        controller.enqueue(body);
      },
    });
  server.use(http.get(url, () => new HttpResponse(endless())));
  await expect(fetchBytes(url, { maxBytes: 12 })).rejects.toThrow(
    'it has more than 12 bytes and at most 12 are read',
  );
  expect(sent).toBeLessThan(20);
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
  server.use(http.get(url, () => new HttpResponse(new ReadableStream({ start: (c) => c.enqueue(body) }))));
  await expect(fetchBytes(url, { ...limits, timeoutMs: 50 })).rejects.toMatchObject({
    code: 'FETCH_FAILED',
    message,
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
