import { createHash } from 'node:crypto';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  annotationSchema,
  companionBytes,
  createRng,
  type Dataset,
  type Plugin,
  type Sample,
  simulate,
} from '@simgan/core';
import { delay, HttpResponse, http } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { blobs } from '../../test/blobs.ts';
import { grayPng, multipart, renderBlob } from '../../test/renderer.ts';
import { encodePng } from '../pictures/encode-picture.ts';
import type { RenderRequest } from './protocol.ts';
import { type RemoteSimulatorOptions, type RendererRetry, remoteSimulator } from './remote-simulator.ts';

const server = setupServer();
beforeAll(() => server.listen({ onUnhandledRequest: 'bypass' }));
afterEach(() => server.resetHandlers());
afterAll(() => server.close());

const url = 'https://renderer.test/scene';
const plugin = blobs();

/** The renderer's samples; what fails is asked for again almost at once. */
function samplesOf(
  options: Partial<RemoteSimulatorOptions> = {},
  of: Pick<Plugin, 'image' | 'annotation'> = plugin,
) {
  const remote = remoteSimulator(of, { url, backoffMs: 1, ...options } as RemoteSimulatorOptions);
  onTestFinished(() => remote.close());
  return remote.simulate({ seed: 7, length: 1000 });
}

/** What answers requests from now on, counted from 0. */
function answer(
  respond: (request: RenderRequest, number: number) => Response | Promise<Response>,
): RenderRequest[] {
  const requests: RenderRequest[] = [];
  server.use(
    http.post(`${url}/render`, async ({ request }) => {
      const asked = (await request.json()) as RenderRequest;
      requests.push(asked);
      return respond(asked, requests.length - 1);
    }),
  );
  return requests;
}

function form(parts: Readonly<Record<string, Uint8Array | string>>): Response {
  const { body, contentType } = multipart(parts);
  return new HttpResponse(new Uint8Array(body), { headers: { 'content-type': contentType } });
}

const rendered = async (request: RenderRequest) => form(await renderBlob(request));

/** The first sample, however it ends, and how often was asked for it. */
async function failureOf(
  respond: (request: RenderRequest, number: number) => Response | Promise<Response>,
  options: Partial<RemoteSimulatorOptions> = {},
): Promise<{ message: string; asked: number }> {
  const requests = answer(respond);
  const error = await samplesOf({ retries: 2, ...options })
    .at(0)
    .then(
      () => undefined,
      (thrown: Error) => thrown,
    );
  expect(error).toMatchObject({ name: 'SimganError', code: 'RENDERING_FAILED' });
  return { message: error!.message, asked: requests.length };
}

const once = 'The renderer https://renderer.test/scene failed at index 0 of seed 7: ';
const thrice = 'The renderer https://renderer.test/scene failed at index 0 of seed 7 after 3 attempts: ';
const fix = '. Fix the renderer and rerun; docs/renderers.md documents the protocol.';
const rerun = '. Check that it is running, then rerun; what is written already can be resumed.';

test('a request has all that a sample depends on, and a sample depends on seed and index alone', async () => {
  const requests = answer(rendered);
  const samples = samplesOf({ parameters: { haze: 0.5, tags: ['a'] } });
  const third = await samples.at(3);
  const { random, ...rest } = requests[0]!;
  expect(rest).toEqual({
    version: 1,
    seed: 7,
    index: 3,
    image: { width: 12, height: 10, channels: 1, bits: 8 },
    parameters: { haze: 0.5, tags: ['a'] },
  });
  expect(random).toHaveLength(16);
  const rng = createRng(7).fork('simulate').fork(3);
  expect(random).toEqual(random.map(() => rng.next()));
  expect(third).toMatchObject({ id: '0000003', annotation: { x: random[0]! * 12, y: random[1]! * 10 } });
  expect(third.image.data[5]).toBe(Math.floor(random[5]! * 256));

  // In another order and by another simulator: the same.
  const others = samplesOf();
  await others.at(0);
  const again = await others.at(3);
  expect(again.image).toEqual(third.image);
  expect(requests.at(-1)!.random).toEqual(random);
  expect((await others.at(4)).annotation).not.toEqual(third.annotation);
});

test('called with an Rng it is a Simulator like any other', async () => {
  const requests = answer(rendered);
  const remote = remoteSimulator(plugin, { url });
  const samples = simulate(remote, { seed: 1, length: 3 });
  const one = await samples.at(2);
  expect(await samples.at(2)).toEqual(one);
  await samples.at(1);
  const [first, , , other] = requests;
  expect(first).toMatchObject({ index: 0, seed: expect.any(Number) });
  expect(Number.isSafeInteger(first!.seed)).toBe(true);
  expect(other!.seed).not.toBe(first!.seed);
});

test('a plugin whose images may be of any size asks for none, and gets the size that comes', async () => {
  const requests = answer(async () => form({ annotation: '{"x": 1, "y": 2}', image: await grayPng(31, 17) }));
  const { image } = await samplesOf({}, blobs({ anySize: true })).at(0);
  expect([image.width, image.height]).toEqual([31, 17]);
  expect(requests[0]!.image).toEqual({ channels: 1, bits: 8 });
});

test('what may pass is asked for again, the same, and told', async () => {
  const png = await grayPng(12, 10);
  const { body, contentType } = multipart({ annotation: '{"x": 1, "y": 2}', image: png });
  const broken = [
    () => new HttpResponse('down', { status: 503 }),
    () => HttpResponse.error(),
    () =>
      new HttpResponse(new Uint8Array(body.subarray(0, 150)), { headers: { 'content-type': contentType } }),
    () => form({ annotation: '{"x": 1, "y": 2}', image: png, sha256: 'a'.repeat(64) }),
    () => HttpResponse.text('Out of memory.\n', { status: 500 }),
  ];
  const retries: RendererRetry[] = [];
  const requests = answer((request, number) => broken[number]?.() ?? rendered(request));
  const { image } = await samplesOf({ retries: 5, onRetry: (retry) => retries.push(retry) }).at(2);
  expect(image.data[5]).toBe(Math.floor(requests[0]!.random[5]! * 256));
  expect(new Set(requests.map((request) => JSON.stringify(request))).size).toBe(1);
  expect(retries.map(({ seed, index, failures }) => [seed, index, failures])).toEqual(
    [1, 2, 3, 4, 5].map((failures) => [7, 2, failures]),
  );
  expect(retries.map(({ reason }) => reason)).toEqual([
    'the server answered 503 Service Unavailable: down',
    expect.stringContaining('the connection failed'),
    expect.stringContaining('its response is cut off'),
    expect.stringContaining('was damaged on the way'),
    'the server answered 500 Internal Server Error: Out of memory.',
  ]);
  // Growing, and the same for the same sample.
  const delays = retries.map(({ delayMs }) => delayMs);
  for (const [i, delayMs] of delays.entries()) {
    expect(delayMs).toBeGreaterThanOrEqual(2 ** i / 2);
    expect(delayMs).toBeLessThan(2 ** i);
  }
});

test('between two attempts is the delay, which an abort ends', async () => {
  let delayMs = 0;
  answer((request, number) => (number === 0 ? HttpResponse.error() : rendered(request)));
  const start = performance.now();
  await samplesOf({ backoffMs: 100, onRetry: (retry) => (delayMs = retry.delayMs) }).at(0);
  // Timers may be a millisecond early.
  expect(performance.now() - start).toBeGreaterThan(delayMs - 2);
  expect(delayMs).toBeGreaterThanOrEqual(50);

  const controller = new AbortController();
  const requests = answer(() => HttpResponse.error());
  const samples = samplesOf({
    signal: controller.signal,
    backoffMs: 600_000,
    maxBackoffMs: 600_000,
    onRetry: () => setTimeout(() => controller.abort(new Error('Ctrl-C')), 10),
  });
  await expect(samples.at(0)).rejects.toThrow('Ctrl-C');
  expect(requests).toHaveLength(1);
});

test('delays are those of the seed and the index', async () => {
  const delaysOf = async (index: number) => {
    const delays: number[] = [];
    answer((request, number) => (number < 2 ? HttpResponse.error() : rendered(request)));
    await samplesOf({ onRetry: ({ delayMs }) => delays.push(delayMs) }).at(index);
    return delays;
  };
  const first = await delaysOf(0);
  expect(first).toHaveLength(2);
  expect(await delaysOf(0)).toEqual(first);
  expect(await delaysOf(1)).not.toEqual(first);
});

test('after the last time the error names the renderer, seed, index and what was wrong', async () => {
  expect(await failureOf(() => new HttpResponse(null, { status: 503 }))).toEqual({
    asked: 3,
    message: `${thrice}the server answered 503 Service Unavailable${rerun}`,
  });
  expect((await failureOf(() => HttpResponse.error())).message).toMatch(
    /the connection failed \(.+\)\. Check that it/,
  );
});

test.each<[string, () => Response | Promise<Response>, string]>([
  [
    'refuses in words',
    () => HttpResponse.text('There is\nno material \u001b[31mwood.', { status: 422 }),
    'the server answered 422 Unprocessable Entity: There is no material [31mwood.',
  ],
  [
    'refuses with a page',
    () => HttpResponse.html('<h1>Gone</h1>', { status: 404 }),
    'the server answered 404 Not Found',
  ],
  [
    'redirects',
    () => new HttpResponse(null, { status: 307, headers: { location: 'http://elsewhere.test/render' } }),
    'the server answered 307 Temporary Redirect, a redirection to http://elsewhere.test/render, and redirections are not followed',
  ],
  ['answers nothing', () => new HttpResponse(null, { status: 204 }), 'the server answered 204 No Content'],
  [
    'answers with a page',
    () => HttpResponse.html('<h1>Log in</h1>'),
    'it responded with text/html, not with multipart/form-data',
  ],
  [
    'sends no image',
    () => form({ annotation: '{}', picture: 'x' }),
    'its response has no part named image, only annotation, picture',
  ],
  ['sends nothing', () => form({}), 'its response has no part named image, none at all'],
  [
    'sends no annotation',
    async () => form({ image: await grayPng(12, 10) }),
    'its response has no part named annotation, only image',
  ],
  [
    'sends no picture',
    () => form({ annotation: '{"x": 1, "y": 2}', image: '<svg/>' }),
    'its image cannot be used: The file is not a picture: its content is none of PNG, JPEG, WebP and TIFF',
  ],
  [
    'sends a damaged picture',
    async () => form({ annotation: '{"x": 1, "y": 2}', image: (await grayPng(12, 10)).subarray(0, 60) }),
    'its image cannot be used: The picture is damaged or cut off; it cannot be decoded',
  ],
  [
    'sends another size',
    async () => form({ annotation: '{"x": 1, "y": 2}', image: await grayPng(64, 48) }),
    "its image does not have the plugin's form: it is 64 x 48, not 12 x 10",
  ],
  [
    'sends an annotation of another kind',
    async () => form({ annotation: '{"x": "left"}', image: await grayPng(12, 10) }),
    expect.stringMatching(/^its annotation is not the plugin's: x: .+; y: .+$/) as unknown as string,
  ],
  [
    'sends NaN',
    async () => form({ annotation: '{"x": NaN, "y": 2}', image: await grayPng(12, 10) }),
    expect.stringMatching(
      /^its annotation is not JSON in UTF-8 \(.+\); JSON knows neither NaN nor Infinity$/,
    ) as unknown as string,
  ],
  [
    'sends no UTF-8',
    async () => form({ annotation: Uint8Array.of(34, 0xff, 34), image: await grayPng(12, 10) }),
    expect.stringMatching(/^its annotation is not JSON in UTF-8 \(.+\)$/) as unknown as string,
  ],
  [
    'sends an endless annotation',
    async () => form({ annotation: `"${'x'.repeat(2 ** 20)}"`, image: await grayPng(12, 10) }),
    'its annotation has 1048578 bytes, and at most 1048576 are read',
  ],
])('not asked again, because it would do the same: it %s', async (_, respond, clause) => {
  const { message, asked } = await failureOf(respond);
  expect(asked).toBe(1);
  const end = message.includes('wood.') ? fix.slice(1) : fix;
  expect(message.startsWith(once) && message.endsWith(end)).toBe(true);
  expect(message.slice(once.length, -end.length)).toEqual(clause);
});

test('values that are JSON and no plain numbers are refused even where the schema takes anything', async () => {
  const image = await grayPng(12, 10);
  const anything = { ...plugin, annotation: annotationSchema(z.unknown(), 'invariant' as never) };
  const ask = (annotation: string) => {
    answer(() => form({ annotation, image }));
    return samplesOf({}, anything).at(0);
  };
  await expect(ask('{"a": [1e999]}')).rejects.toThrow('its annotation has a number that is not finite');
  await expect(ask('['.repeat(70) + ']'.repeat(70))).rejects.toThrow('nested more than 64 levels deep');
  await expect(ask(`${'['.repeat(60)}1${']'.repeat(60)}`)).resolves.toBeDefined();
});

test('a checksum that is right is no obstacle', async () => {
  const image = await grayPng(12, 10);
  const sha256 = createHash('sha256').update(image).digest('hex').toUpperCase();
  answer(() => form({ annotation: '{"x": 1, "y": 2}', image, sha256: `${sha256}\n` }));
  expect((await samplesOf().at(0)).annotation).toEqual({ x: 1, y: 2 });
});

test('color and 16 bits become what the plugin stores', async () => {
  const color = {
    width: 12,
    height: 10,
    channels: 3,
    bits: 16,
    data: new Uint16Array(360).fill(257 * 9),
  } as const;
  answer(async () => form({ annotation: '{"x": 1, "y": 2}', image: await encodePng(color) }));
  const { image } = await samplesOf().at(0);
  expect(image).toMatchObject({ channels: 1, bits: 8 });
  expect([...image.data]).toEqual(new Array(120).fill(9));
});

test('limits on bytes and pixels hold', async () => {
  let sent = 0;
  const endless = () =>
    new ReadableStream({
      pull(controller) {
        sent += 1000;
        controller.enqueue(new Uint8Array(1000));
      },
    });
  const headers = { 'content-type': 'multipart/form-data; boundary=b' };
  const { message } = await failureOf(() => new HttpResponse(endless(), { headers }), { maxBytes: 5000 });
  expect(message).toBe(`${once}its response has more than the 5000 bytes that are read${fix}`);
  expect(sent).toBeLessThan(20_000);

  const image = await grayPng(40, 30);
  const large = await failureOf(() => form({ annotation: '{"x": 1, "y": 2}', image }), { maxPixels: 1000 });
  expect(large.message).toContain('its image cannot be used: The picture is 40 x 30; pictures of more than');
});

test('a response that does not come, or does not end, is given up and asked for again', async () => {
  const headers = { 'content-type': 'multipart/form-data; boundary=b' };
  const stuck = () =>
    new ReadableStream({ start: (controller) => controller.enqueue(Buffer.from('--b\r\n')) });
  for (const respond of [
    async () => {
      await delay('infinite');
      return HttpResponse.json({});
    },
    () => new HttpResponse(stuck(), { headers }),
    () => new HttpResponse(stuck(), { status: 500, headers: { 'content-type': 'text/plain' } }),
  ]) {
    expect(await failureOf(respond, { timeoutMs: 40 })).toEqual({
      asked: 3,
      message: `${thrice}it timed out after 0.04 s${rerun}`,
    });
  }
});

test('an abort ends everything at once: what is in progress, what waits in line, and what waits to be sent again', async () => {
  const controller = new AbortController();
  const requests = answer(async (_, number) => {
    if (number === 0) return HttpResponse.error();
    if (number === 2) controller.abort(new Error('Ctrl-C'));
    await delay('infinite');
    return HttpResponse.json({});
  });
  const samples = samplesOf({
    signal: controller.signal,
    concurrency: 3,
    backoffMs: 600_000,
    maxBackoffMs: 600_000,
  });
  const settled = await Promise.allSettled([0, 1, 2, 3, 4, 5].map((index) => samples.at(index)));
  expect(settled).toEqual(
    settled.map(() => ({ status: 'rejected', reason: expect.objectContaining({ message: 'Ctrl-C' }) })),
  );
  expect(requests).toHaveLength(3);
  await expect(samples.at(6)).rejects.toThrow('Ctrl-C');
  await expect(samplesOf({ signal: controller.signal }).at(0)).rejects.toThrow('Ctrl-C');
  expect(requests).toHaveLength(3);
});

test('closing ends what is in progress', async () => {
  const remote = remoteSimulator(plugin, { url });
  answer(async () => {
    void remote.close();
    await delay('infinite');
    return HttpResponse.json({});
  });
  await expect(remote.simulate({ seed: 1, length: 1 }).at(0)).rejects.toThrow('was closed');
});

test('no more requests are in progress at a time than are allowed', async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => warnings.push(warning);
  process.on('warning', onWarning);
  onTestFinished(() => void process.off('warning', onWarning));
  let busy = 0;
  let most = 0;
  answer(async (request) => {
    most = Math.max(most, ++busy);
    await delay(1);
    busy--;
    return rendered(request);
  });
  const load = (samples: Dataset<Sample<unknown>>) =>
    Promise.all(Array.from({ length: 40 }, (_, index) => samples.at(index)));
  const items = await load(samplesOf({ concurrency: 3 }));
  expect(most).toBe(3);
  most = 0;
  expect(await load(samplesOf({ concurrency: 20 }))).toEqual(items);
  expect(most).toBeGreaterThan(10);
  // Node warns of a signal that many listen to.
  expect(warnings).toEqual([]);
});

test('a renderer that is asked twice must give the same', async () => {
  const [black, white] = [
    await grayPng(12, 10),
    await encodePng({ ...plugin.image, data: new Uint8Array(120).fill(255) } as never),
  ];
  const images = await failureOf((_, number) =>
    form({ annotation: '{"x": 1, "y": 2}', image: number % 2 ? white : black }),
  );
  expect(images.message).toBe(
    `${once}it rendered the same request twice with different images. Everything random must follow from the request: from its random numbers, or from a generator seeded with its seed and index${fix}`,
  );
  const labels = await failureOf((_, number) =>
    form({ annotation: `{"x": ${number}, "y": 2}`, image: black }),
  );
  expect(labels.message).toContain('with different annotations');
  const masks = await failureOf((_, number) =>
    form({ annotation: '{"x": 1, "y": 2}', image: black, mask: `${number}` }),
  );
  expect(masks.message).toContain('with different companions');
  // The first sample that comes is rendered twice, and no other.
  const requests = answer(rendered);
  const samples = samplesOf();
  await samples.at(0);
  await samples.at(1);
  expect(requests.map(({ index }) => index)).toEqual([0, 0, 1]);
  const later = answer((request, number) =>
    number === 0 ? HttpResponse.text('No.', { status: 400 }) : rendered(request),
  );
  const others = samplesOf();
  await expect(others.at(5)).rejects.toThrow('No.');
  await others.at(6);
  expect(later.map(({ index }) => index)).toEqual([5, 6, 6]);
});

test('further parts of a response are companions of the picture, with their bytes as they came', async () => {
  const mask = await grayPng(12, 10);
  const large = await grayPng(24, 20);
  answer(async (request) =>
    form({
      ...(await renderBlob(request)),
      mask,
      large,
      note: `${request.index}`,
      normals: Buffer.from('\x93NUMPY', 'latin1'),
    }),
  );
  const remote = remoteSimulator(plugin, { url });
  const { companions } = await remote(createRng(1));
  expect(companions.map(({ name, file }) => [name, file])).toEqual([
    ['large', 'large.png'],
    ['mask', 'mask.png'],
    ['normals', 'normals.npy'],
    ['note', 'note.bin'],
  ]);
  const [big, small, , note] = companions;
  expect(Buffer.from((await small!.stored!()).bytes).equals(mask)).toBe(true);
  expect((await note!.stored!()).bytes.toString()).toBe('0');
  expect(await small!.pixels!()).toMatchObject({ width: 12, height: 10, channels: 1, bits: 8 });
  expect(note!.pixels).toBeUndefined();
  await expect(big!.pixels!()).rejects.toThrow('It is 24 x 20 and its picture 12 x 10');
  expect(companionBytes({ companions })).toBe(mask.length + large.length + 1 + 6);
  const sample = await remote.simulate({ seed: 1, length: 3 }).at(2);
  expect(sample.companions).toHaveLength(4);
  answer(rendered);
  expect(Object.keys(await remote.simulate({ seed: 1, length: 3 }).at(1))).toEqual([
    'id',
    'image',
    'annotation',
  ]);
});

test.each<[string, RequestListener, string]>([
  [
    'huge headers',
    (_, response) => response.writeHead(200, { 'x-huge': 'x'.repeat(100_000) }).end(),
    'the connection failed (Headers Overflow Error)',
  ],
  [
    'a body that breaks off',
    (_, response) => {
      const { body, contentType } = multipart({ annotation: '{}', image: 'x' });
      response.writeHead(200, { 'content-type': contentType, 'content-length': body.length });
      response.write(body.subarray(0, 40), () => response.destroy());
    },
    'the connection broke during its response (other side closed)',
  ],
  ['no HTTP', (request) => request.socket.end('220 smtp.example.test\r\n'), 'the connection failed ('],
])('a real server that sends %s', async (_, listener, reason) => {
  const real = createServer(listener);
  await new Promise<void>((resolve) => real.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void real.close());
  const address = `http://127.0.0.1:${(real.address() as AddressInfo).port}`;
  await expect(samplesOf({ url: address, retries: 1 }).at(0)).rejects.toThrow(
    `The renderer ${address} failed at index 0 of seed 7 after 2 attempts: ${reason}`,
  );
});

test('nobody there', async () => {
  const real = createServer();
  await new Promise<void>((resolve) => real.listen(0, '127.0.0.1', resolve));
  const { port } = real.address() as AddressInfo;
  await new Promise((resolve) => real.close(resolve));
  await expect(samplesOf({ url: `http://127.0.0.1:${port}`, retries: 0 }).at(0)).rejects.toThrow(
    'ECONNREFUSED',
  );
});
