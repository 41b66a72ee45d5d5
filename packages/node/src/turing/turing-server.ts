import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createRng, SimganError } from '@simgan/core';
import { renderTuringPage, renderTuringResults } from '@simgan/report';
import { z } from 'zod';
import { pictureFile, readAnswers, type TuringTest, turingResultsOf, writeAnswers } from './turing-folder.ts';

/** A test that is being served. */
export interface TuringServer {
  readonly url: string;
  close(): Promise<void>;
}

const subject = z.string().trim().min(1).max(60);
const openRequest = z.object({ name: subject });
const answerRequest = z.object({
  name: subject,
  index: z.int().nonnegative(),
  key: z.string().max(64),
  said: z.enum(['real', 'made']),
});

const LONGEST_BODY = 10_000;

/**
 * Serves a test on this machine alone. The page never learns what a picture is, and each answer is on the disk before the
 * next picture is shown. Requests that name another host are refused, so that no page from elsewhere can pose as this one.
 *
 * @param port - 0: any that is free.
 * @throws SimganError INVALID_ARGUMENT if the port is in use.
 */
export async function serveTuring(dir: string, test: TuringTest, port: number): Promise<TuringServer> {
  // Answers are handled one after the other: two windows of one subject must not overwrite each other's.
  let last: Promise<unknown> = Promise.resolve();
  const inTurn = <Value>(work: () => Promise<Value>): Promise<Value> => {
    const result = last.then(work);
    last = result.catch(() => {});
    return result;
  };
  const server = createServer((request, response) => {
    respond(request, response).catch((error: Error) => {
      const isOurs = error instanceof SimganError;
      send(
        response,
        isOurs ? 409 : 500,
        json({ error: isOurs ? error.message : `This failed: ${error.message}` }),
      );
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'EADDRINUSE'
          ? new SimganError(
              'INVALID_ARGUMENT',
              `Port ${port} is in use. Choose another with \`port\`, or leave it out and a free one is taken.`,
            )
          : error,
      );
    });
    server.listen(port, '127.0.0.1', resolve);
  });
  const own = (server.address() as AddressInfo).port;
  const hosts = [`127.0.0.1:${own}`, `localhost:${own}`];

  async function respond(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { host = '', origin } = request.headers;
    if (!hosts.includes(host) || (origin !== undefined && !hosts.includes(origin.replace('http://', '')))) {
      const refusal = 'This page is served to this machine alone.';
      send(response, 403, request.method === 'POST' ? json({ error: refusal }) : text(refusal));
      return;
    }
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    if (request.method === 'GET') {
      const picture = /^\/picture\/([0-9a-f]{24})$/.exec(path)?.[1];
      if (path === '/') send(response, 200, page(renderTuringPage(test.title)));
      else if (path === '/results') {
        send(response, 200, page(renderTuringResults(test.title, await turingResultsOf(dir, test))));
      } else if (picture && test.pictures.some(({ key }) => key === picture)) {
        send(response, 200, { type: 'image/png', body: await readFile(pictureFile(dir, picture)) });
      } else send(response, 404, text('There is no such page.'));
      return;
    }
    if (request.method !== 'POST' || request.headers['content-type'] !== 'application/json') {
      send(response, 405, json({ error: 'This is not a request of the page.' }));
      return;
    }
    const body = await bodyOf(request);
    if (path === '/api/open') {
      const { name } = valid(openRequest, body);
      const { answers } = await inTurn(() => readAnswers(dir, test, name));
      const pictures = orderFor(test, name).map((key) => ({ key, src: `picture/${key}` }));
      send(response, 200, json({ pictures, answered: answers.length }));
    } else if (path === '/api/answer') {
      const answer = valid(answerRequest, body);
      send(response, 200, json(await inTurn(() => keep(dir, test, answer))));
    } else send(response, 404, json({ error: 'There is no such page.' }));
  }

  return {
    url: `http://127.0.0.1:${own}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function keep(
  dir: string,
  test: TuringTest,
  { name, index, key, said }: z.infer<typeof answerRequest>,
): Promise<{ answered: number; note?: string }> {
  const given = await readAnswers(dir, test, name);
  const expected = orderFor(test, name)[given.answers.length];
  if (index !== given.answers.length || key !== expected) {
    return {
      answered: given.answers.length,
      note: 'This picture was judged in another window; its first answer stands.',
    };
  }
  const answers = [...given.answers, { key, said }];
  await writeAnswers(dir, { ...given, answers });
  return { answered: answers.length };
}

/** The pictures in the order in which a subject sees them: the control comes last, each part shuffled. */
export function orderFor({ id, pictures }: TuringTest, name: string): string[] {
  const rng = createRng(1).fork(id).fork(name);
  const part = (isControl: boolean) =>
    pictures
      .filter(({ kind }) => kind.startsWith('synthetic') === isControl)
      .map(({ key }) => ({ key, place: rng.fork(key).next() }))
      .sort((a, b) => a.place - b.place)
      .map(({ key }) => key);
  return [...part(false), ...part(true)];
}

function valid<Value>(schema: z.ZodType<Value>, value: unknown): Value {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new SimganError('INVALID_ARGUMENT', 'The request is not one of the page. Reload it.');
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > LONGEST_BODY) throw new SimganError('INVALID_ARGUMENT', 'The request is too long.');
    parts.push(part);
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString('utf8'));
  } catch {
    return undefined;
  }
}

interface Body {
  readonly type: string;
  readonly body: string | Buffer;
}

const text = (body: string): Body => ({ type: 'text/plain; charset=utf-8', body });
const page = (body: string): Body => ({ type: 'text/html; charset=utf-8', body });
const json = (value: unknown): Body => ({ type: 'application/json', body: JSON.stringify(value) });

function send(response: ServerResponse, status: number, { type, body }: Body): void {
  const headers = { 'content-type': type, 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };
  response.writeHead(status, headers).end(body);
}
