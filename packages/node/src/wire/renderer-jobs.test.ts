import { createHash } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createImage } from '@simgan/core';
import { delay, HttpResponse, http } from 'msw';
import { setupServer } from 'msw/node';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { wasmEngine } from '../../../core/test/wasm-engine.ts';
import { blobs, blobsPath } from '../../test/blobs.ts';
import { filesBelow, jsonLines, readJson, temporaryFolder } from '../../test/folders.ts';
import { grayPng, multipart, renderBlob, stdioRenderer } from '../../test/renderer.ts';
import { augment } from '../jobs/augment.ts';
import { mergeShards } from '../jobs/merge-shards.ts';
import { simulateDataset } from '../jobs/simulate-dataset.ts';
import { encodePng } from '../pictures/encode-picture.ts';
import type { JobEvent } from '../runs/events.ts';
import { trainRun } from '../runs/train-run.ts';
import type { RenderRequest } from './protocol.ts';

const server = setupServer();
beforeAll(() => server.listen({ onUnhandledRequest: 'bypass' }));
afterEach(() => server.resetHandlers());
afterAll(() => server.close());

const url = 'https://renderer.test';
const renderer = { url, backoffMs: 1 };
const plugin = blobs();

/** Renders from now on, but where `instead` answers; tells what was asked for. */
function render(
  instead: (
    request: RenderRequest,
    number: number,
  ) => undefined | Response | Promise<Response | undefined> = () => undefined,
): RenderRequest[] {
  const requests: RenderRequest[] = [];
  server.use(
    http.post(`${url}/render`, async ({ request }) => {
      const asked = (await request.json()) as RenderRequest;
      requests.push(asked);
      const other = await instead(asked, requests.length - 1);
      if (other) return other;
      const { body, contentType } = multipart(await renderBlob(asked));
      return new HttpResponse(new Uint8Array(body), { headers: { 'content-type': contentType } });
    }),
  );
  return requests;
}

const broken = () => HttpResponse.text('There is no material wood.', { status: 422 });

test('a dataset of a renderer says so, and goes on after a failure to the same bytes', async () => {
  const cwd = await temporaryFolder();
  const job = { plugin, cwd, count: 12, seed: 3, renderer };
  const requests = render();
  const whole = await simulateDataset({ ...job, out: 'whole' });
  expect(requests.map(({ index }) => index).sort((a, b) => a - b)).toEqual([
    0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11,
  ]);
  const { provenance } = await readJson(join(whole.dir, 'dataset.json'));
  expect(provenance).toEqual({ made: 'simulated', synthetic: `renderer ${url}`, seed: 3 });
  expect(provenance).not.toEqual(
    (
      await readJson(
        join((await simulateDataset({ ...job, renderer: undefined, out: 'own' })).dir, 'dataset.json'),
      )
    ).provenance,
  );

  render(({ index }) => (index === 7 ? broken() : undefined));
  await expect(simulateDataset({ ...job, out: 'out' })).rejects.toMatchObject({
    code: 'RENDERING_FAILED',
    message: expect.stringContaining(
      `The renderer ${url} failed at index 7 of seed 3: the server answered 422 Unprocessable Entity: There is no`,
    ),
  });
  await expect(
    simulateDataset({
      ...job,
      out: 'out',
      existing: 'resume',
      renderer: { ...renderer, parameters: { haze: 1 } },
    }),
  ).rejects.toMatchObject({
    code: 'OUTPUT_EXISTS',
    message: expect.stringContaining('haze'),
  });
  const rest = render();
  const resumed = await simulateDataset({ ...job, out: 'out', existing: 'resume' });
  expect(resumed.resumed).toBe(7);
  expect(Math.min(...rest.map(({ index }) => index))).toBe(7);
  expect(await filesBelow(resumed.dir)).toEqual(await filesBelow(whole.dir));
});

test('the threads of a job are its requests in progress, and processes of a command end with it', async () => {
  const cwd = await temporaryFolder();
  const log = join(cwd, 'log');
  const png = (await grayPng(12, 10)).toString('base64');
  const command = [...stdioRenderer];
  const { dir } = await simulateDataset({
    plugin: blobsPath,
    cwd,
    count: 9,
    threads: 3,
    renderer: { command, parameters: { png, log } },
  });
  const lines = await jsonLines(join(dir, 'metadata.jsonl'));
  expect(lines).toHaveLength(9);
  expect(JSON.stringify(lines[0])).toContain('renderer ');
  const pids = new Set((await readFile(log, 'utf8')).trim().split('\n'));
  expect(pids.size).toBe(3);
  for (const line of pids) {
    expect(() => process.kill(Number(line.split(' ')[1]), 0)).toThrow('ESRCH');
  }
});

/** Renders with a mask of its own for each picture, and a note. */
function renderWithCompanions(): RenderRequest[] {
  return render(async (request) => {
    const mask = createImage({ width: 12, height: 10, channels: 1, bits: 8 });
    mask.data.fill(request.index);
    const parts = { ...(await renderBlob(request)), mask: await encodePng(mask), note: `${request.index}` };
    const { body, contentType } = multipart(parts);
    return new HttpResponse(new Uint8Array(body), { headers: { 'content-type': contentType } });
  });
}

test('companions are written beside their pictures and named in their lines, through shards and resuming', async () => {
  const cwd = await temporaryFolder();
  const job = { plugin, cwd, count: 7, renderer };
  renderWithCompanions();
  const whole = await simulateDataset({ ...job, out: 'whole' });
  const files = await filesBelow(whole.dir);
  for (const [index, line] of (await jsonLines(join(whole.dir, 'metadata.jsonl'))).entries()) {
    const [mask, note] = [`companions/mask/000000${index}.png`, `companions/note/000000${index}.bin`];
    expect(line).toMatchObject({ mask_file_name: mask, note_file_name: note });
    const { companions } = line.simgan as { companions: { file: string; sha256: string }[] };
    expect(companions.map(({ file }) => file)).toEqual([mask, note]);
    for (const { file, sha256 } of companions) {
      const bytes = await readFile(join(whole.dir, file));
      expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256);
    }
    expect(await readFile(join(whole.dir, note), 'utf8')).toBe(`${index}`);
  }

  for (const index of [2, 0, 1]) await simulateDataset({ ...job, out: 'shards', shard: { index, count: 3 } });
  const { dir } = await mergeShards('shards', { cwd });
  expect(await filesBelow(dir)).toEqual(files);

  // A companion that was changed makes its sample, and all after it, be rendered again.
  await rm(join(whole.dir, 'dataset.json'));
  await rename(join(whole.dir, 'metadata.jsonl'), join(whole.dir, 'metadata.jsonl.partial'));
  const { count: _, rejects: __, metadataSha256: ___, ...header } = await readJson(join(dir, 'dataset.json'));
  await writeFile(join(whole.dir, 'dataset.json.partial'), JSON.stringify(header));
  await writeFile(join(whole.dir, 'companions/note/0000004.bin'), 'x');
  const asked = renderWithCompanions();
  const resumed = await simulateDataset({ ...job, out: 'whole', existing: 'resume' });
  expect(resumed.resumed).toBe(4);
  expect([...new Set(asked.map(({ index }) => index))]).toEqual([4, 5, 6]);
  expect(await filesBelow(whole.dir)).toEqual(files);

  // What is refined later, straight from the renderer or from the dataset, has the same companions.
  const run = await trainRun({ plugin, engine: wasmEngine, cwd, renderer, out: 'run' });
  for (const source of [{ renderer, count: 7 }, { synthetic: 'whole' }]) {
    const refining = { plugin, engine: wasmEngine, cwd, refiner: run.dir, ...source };
    const { dataset } = await augment({ ...refining, out: Object.keys(source)[0]! });
    const refined = await filesBelow(dataset);
    const names = Object.keys(files).filter((name) => name.startsWith('companions/'));
    expect(names).toHaveLength(14);
    for (const name of names) expect(refined[name], name).toEqual(files[name]);
  }
});

test('what passes by is told once', async () => {
  const events: JobEvent[] = [];
  render(async (request, number) => {
    if (number === 1 || number === 3) return new HttpResponse(null, { status: 503 });
    const { body, contentType } = multipart(await renderBlob(request));
    return new HttpResponse(new Uint8Array(body), { headers: { 'content-type': contentType } });
  });
  const cwd = await temporaryFolder();
  await simulateDataset({ plugin, cwd, count: 6, renderer, onEvent: (event) => events.push(event) });
  const warnings = events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));
  expect(warnings.sort()).toEqual([
    expect.stringMatching(/^The renderer failed at index \d of seed 1: the server answered 503 Service/),
  ]);
});

test('a refiner is trained on rendered pictures, and what is refined comes from there', async () => {
  const cwd = await temporaryFolder();
  const events: JobEvent[] = [];
  render();
  const job = { plugin, engine: wasmEngine, cwd, count: 5, renderer };
  const { dataset, run } = await augment({ ...job, onEvent: (event) => events.push(event) });
  expect(events.find(({ type }) => type === 'synthetic')).toMatchObject({
    origin: `renderer ${url}`,
    count: 5,
  });
  expect(await readJson(join(run!, 'run.json'))).toMatchObject({
    synthetic: `renderer ${url}`,
    real: 'stand-in',
  });
  const [line] = await jsonLines(join(dataset, 'metadata.jsonl'));
  expect(line).toMatchObject({ x: expect.any(Number), simgan: { synthetic: `renderer ${url}` } });
  const own = await augment({ ...job, renderer: undefined, out: 'own' });
  expect((await jsonLines(join(own.dataset, 'metadata.jsonl')))[0]!.x).not.toBe(line!.x);

  // A trained refiner does not bring a renderer: that is for the user to name.
  const trained = { ...job, refiner: run!, count: 3 };
  const again = await augment({ ...trained, out: 'again' });
  expect((await jsonLines(join(again.dataset, 'metadata.jsonl')))[0]!.x).toBe(line!.x);
  const without = await augment({ ...trained, out: 'without', renderer: undefined });
  expect((await jsonLines(join(without.dataset, 'metadata.jsonl')))[0]!.x).not.toBe(line!.x);
});

test.each(['aborted', 'failed'])(
  'a training whose renderer %s in the middle of a turn is resumed to the same bytes',
  async (how) => {
    const cwd = await temporaryFolder();
    const job = { plugin, engine: wasmEngine, cwd, renderer };
    const asked = render();
    const whole = await trainRun({ ...job, out: 'whole' });
    // Asked for before the last draw, after everything but that was done.
    const last = asked.length - 6;

    const controller = new AbortController();
    render(async (_, number) => {
      if (number < last) return undefined;
      if (how === 'failed') return broken();
      controller.abort(new Error('Ctrl-C'));
      await delay('infinite');
      return undefined;
    });
    const stopped = { ...job, out: 'stopped', signal: controller.signal };
    const message = how === 'failed' ? 'There is no material wood' : 'Ctrl-C';
    await expect(trainRun(stopped)).rejects.toThrow(message);
    const left = Object.keys(await filesBelow(join(cwd, 'stopped')));
    expect(left).toContain('checkpoint.safetensors');
    expect(left).not.toContain('refiner.safetensors');

    const rest = render();
    const { dir } = await trainRun({ ...job, out: 'stopped', existing: 'resume' });
    // It went on from there, and did not begin anew.
    expect(rest.length).toBeLessThan(asked.length);
    expect(await filesBelow(dir)).toEqual(await filesBelow(whole.dir));
  },
);

test('options that do not go together, or cannot be used, are refused before anything is written', async () => {
  const cwd = await temporaryFolder();
  const job = { plugin, engine: wasmEngine, cwd };
  for (const attempt of [
    () => augment({ ...job, renderer, synthetic: 'renders' }),
    () => trainRun({ ...job, renderer, synthetic: 'renders' }),
  ]) {
    await expect(attempt()).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: '`renderer` has no place beside `synthetic`: the pictures are there already.',
    });
  }
  const nowhere = { url: 'renderer.py' };
  for (const attempt of [
    () => augment({ ...job, renderer: nowhere }),
    () => trainRun({ ...job, renderer: nowhere }),
    () => simulateDataset({ ...job, renderer: nowhere }),
  ]) {
    await expect(attempt()).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  }
  expect(Object.keys(await filesBelow(cwd))).toEqual([]);
});
