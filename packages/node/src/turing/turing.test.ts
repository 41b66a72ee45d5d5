import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { browserFile, complaintsOf, noBrowser, startBrowser } from '../../../../test/browser.ts';
import { wasmEngine } from '../../../core/test/wasm-engine.ts';
import { blobs } from '../../test/blobs.ts';
import { makeFolder, readJson, temporaryFolder } from '../../test/folders.ts';
import { type OpenTuring, openTuring } from '../jobs/turing-test.ts';
import { trainRun } from '../runs/train-run.ts';
import { readTest, type TuringTest } from './turing-folder.ts';

const options = { plugin: blobs(), engine: wasmEngine };
let root: string;

beforeAll(async () => {
  root = await makeFolder();
  await trainRun({ ...options, cwd: root, out: 'run', steps: 1 });
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** A new test of three and three pictures with a control of one and one, and what its pictures are. */
async function openTest(): Promise<{ test: OpenTuring; truth: TuringTest }> {
  await rm(join(root, 'run', 'turing'), { recursive: true, force: true });
  const test = await openTuring({ ...options, cwd: root, run: 'run', count: 3, control: 1 });
  return { test, truth: (await readTest(test.dir))! };
}

async function serve(test: OpenTuring) {
  const server = await test.serve();
  onTestFinished(() => server.close());
  const post = async (path: string, body: unknown, headers: Record<string, string> = {}) => {
    const response = await fetch(server.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };
  return { ...server, post };
}

const kindOf = ({ pictures }: TuringTest, key: string) => pictures.find((one) => one.key === key)!.kind;

test('the page learns nothing; answers are kept at once, and two windows do not overwrite each other', async () => {
  const { test: opened, truth } = await openTest();
  expect(truth.pictures.map(({ kind }) => kind)).toEqual([
    ...Array.from({ length: 3 }, () => 'refined'),
    ...Array.from({ length: 3 }, () => 'refined-real'),
    ...['synthetic', 'synthetic-real'],
  ]);
  const { url, post } = await serve(opened);
  const html = await (await fetch(url)).text();
  for (const { key } of truth.pictures) expect(html).not.toContain(key);
  const { body } = await post('api/open', { name: 'Ada' });
  expect(JSON.stringify(body)).not.toMatch(/refined|synthetic|real/);
  const pictures = body.pictures as { key: string; src: string }[];
  // The control comes last; before it real and refined are mixed, and differently for another subject.
  expect(
    pictures
      .slice(6)
      .map(({ key }) => kindOf(truth, key))
      .sort(),
  ).toEqual(['synthetic', 'synthetic-real']);
  const others = (await post('api/open', { name: 'Bob' })).body.pictures as typeof pictures;
  expect(others.map(({ key }) => key)).not.toEqual(pictures.map(({ key }) => key));
  const picture = await fetch(url + pictures[0]!.src);
  expect(picture.headers.get('content-type')).toBe('image/png');

  const answer = (index: number, said: string) => ({ name: 'Ada', index, key: pictures[index]!.key, said });
  expect((await post('api/answer', answer(0, 'real'))).body).toEqual({ answered: 1 });
  // The other window answers the same picture: the first answer stands, and it is said.
  expect((await post('api/answer', answer(0, 'made'))).body).toMatchObject({
    answered: 1,
    note: expect.stringContaining('another window'),
  });
  const both = await Promise.all([
    post('api/answer', answer(1, 'real')),
    post('api/answer', answer(1, 'made')),
  ]);
  expect(both.map((one) => one.body.answered)).toEqual([2, 2]);
  const [file] = await readdir(join(opened.dir, 'answers'));
  expect(await readJson(join(opened.dir, 'answers', file!))).toMatchObject({
    subject: 'Ada',
    answers: [{ said: 'real' }, { said: 'real' }],
  });
  expect((await post('api/answer', { name: '', index: 0 })).status).toBe(409);
  expect((await post('api/open', { name: 'x' }, { origin: 'http://evil.test' })).status).toBe(403);
  expect((await fetch(`${url}picture/${'0'.repeat(24)}`)).status).toBe(404);
});

test('requests for another host are refused, and a port in use is named', async () => {
  const { test: opened } = await openTest();
  const { url } = await serve(opened);
  const port = Number(new URL(url).port);
  const status = (host: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      request({ host: '127.0.0.1', port, path: '/', headers: { host } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on('error', reject)
        .end();
    });
  expect(await status(`127.0.0.1:${port}`)).toBe(200);
  expect(await status(`localhost:${port}`)).toBe(200);
  expect(await status(`rebound.test:${port}`)).toBe(403);
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void taken.close());
  await expect(opened.serve((taken.address() as AddressInfo).port)).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
    message: expect.stringMatching(/^Port \d+ is in use\. Choose another with `port`/),
  });
});

test('a damaged file of answers is named and left as it is; a damaged test, too', async () => {
  const { test: opened } = await openTest();
  const { post } = await serve(opened);
  const { body } = await post('api/open', { name: 'Ada' });
  const [{ key }] = body.pictures as [{ key: string }];
  await post('api/answer', { name: 'Ada', index: 0, key, said: 'real' });
  const [name] = await readdir(join(opened.dir, 'answers'));
  const file = join(opened.dir, 'answers', name!);
  await writeFile(file, '{"test":');
  const message = `${file} does not hold the answers of a subject: it is not JSON`;
  const again = await post('api/answer', { name: 'Ada', index: 0, key, said: 'real' });
  expect(again).toMatchObject({ status: 409, body: { error: expect.stringContaining(message) } });
  expect(await readFile(file, 'utf8')).toBe('{"test":');
  await expect(opened.results()).rejects.toThrow(message);
  // Others go on.
  expect((await post('api/open', { name: 'Bob' })).status).toBe(200);
  await writeFile(join(opened.dir, 'test.json'), '{}');
  await expect(openTuring({ ...options, cwd: root, run: 'run' })).rejects.toMatchObject({
    code: 'INVALID_FILE',
    message: expect.stringContaining('does not hold a visual Turing test: version'),
  });
});

test('two people judge in a browser, by keys and by clicks, with a reload in the middle', async ({
  skip,
}) => {
  if (!browserFile) skip(noBrowser);
  const { test: opened, truth } = await openTest();
  const { url } = await serve(opened);
  const browser = await startBrowser();
  onTestFinished(() => browser.close());
  const page = await browser.newPage({ viewport: { width: 390, height: 800 } });
  const complaints = complaintsOf(page);
  await page.goto(url);
  const begin = async (name: string) => {
    await page.fill('#name', name);
    await page.click('button[type=submit]');
  };
  const shownIs = async (index: number) => {
    await page.locator('#count', { hasText: `Picture ${index + 1} of 8` }).waitFor();
    const src = await page.getAttribute('#picture', 'src');
    return kindOf(truth, src!.split('/').at(-1)!).endsWith('real') ? 'real' : 'made';
  };
  // Ada is always right, by keys.
  await begin('Ada');
  for (let index = 0; index < 8; index++) {
    let is = await shownIs(index);
    if (index === 3) {
      await page.reload();
      is = await shownIs(index);
    }
    await page.keyboard.press(
      is === 'real' ? (index % 2 ? 'r' : 'ArrowLeft') : index % 2 ? 'c' : 'ArrowRight',
    );
  }
  await page.locator('#end').waitFor({ state: 'visible' });
  // Bob takes everything for real, by clicks.
  await page.click('#another');
  await begin('Bob');
  for (let index = 0; index < 8; index++) {
    await shownIs(index);
    await page.click('#real');
  }
  await page.locator('#end').waitFor({ state: 'visible' });
  expect(await page.evaluate('document.documentElement.scrollWidth - innerWidth')).toBeLessThanOrEqual(0);
  const results = await opened.results();
  expect(results.subjects).toEqual([
    { name: 'Ada', answered: 8, total: 8 },
    { name: 'Bob', answered: 8, total: 8 },
  ]);
  expect(results.refined).toMatchObject({
    ...{ correct: 9, total: 12 },
    confusion: { real: { real: 6, made: 0 }, made: { real: 3, made: 3 } },
  });
  // 299 of the 4096 ways to answer twelve times are right nine times or more.
  expect(results.refined.p).toBeCloseTo(299 / 4096, 12);
  expect(results.control).toMatchObject({ correct: 3, total: 4 });
  await page.goto(`${url}results`);
  expect(await page.locator('tbody tr').first().locator('td').allTextContents()).toEqual([
    ...['9 of 12', '75.0 %', '0.073', '517 of 1000 (51.7 %)'],
  ]);
  expect(complaints).toEqual([]);
});

test('an exported test needs no server, keeps its state, and its answers can be added', async ({ skip }) => {
  if (!browserFile) skip(noBrowser);
  const { test: opened, truth } = await openTest();
  const cwd = await temporaryFolder();
  const file = join(cwd, 'test.html');
  await opened.exportTo(file);
  const html = await readFile(file, 'utf8');
  expect(html).not.toMatch(/"(refined|synthetic)(-real)?"/);
  expect(html).toContain('covered but not secret');
  const browser = await startBrowser();
  onTestFinished(() => browser.close());
  const page = await browser.newPage();
  const complaints = complaintsOf(page);
  await page.goto(`file://${file}`);
  await page.fill('#name', 'Éva');
  await page.click('button[type=submit]');
  for (let index = 0; index < 8; index++) {
    if (index === 5) await page.reload();
    await page.locator('#count', { hasText: `Picture ${index + 1} of 8` }).waitFor();
    await page.click('#made');
  }
  await page.locator('#end').waitFor({ state: 'visible' });
  expect(await page.locator('#outcome').textContent()).toContain(
    'real against refined: 3 of 6 right, p = 0.66',
  );
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('#save')]);
  await download.saveAs(join(cwd, 'answers.json'));
  expect(complaints).toEqual([]);
  await opened.add(join(cwd, 'answers.json'));
  const results = await opened.results();
  expect(results.subjects).toEqual([{ name: 'Éva', answered: 8, total: 8 }]);
  expect(results.refined).toMatchObject({ correct: 3, total: 6 });
  const foreign = { ...(await readJson(join(cwd, 'answers.json'))), test: truth.id.replace(/./g, 'f') };
  await writeFile(join(cwd, 'foreign.json'), JSON.stringify(foreign));
  await expect(opened.add(join(cwd, 'foreign.json'))).rejects.toThrow('holds answers to another test');
});
