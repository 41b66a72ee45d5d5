/** @file Hostile addresses: a server of this machine that answers as badly as it can. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { createImage, createRng, type Rng } from '@simgan/core';
import { encodePng, loadWeights, readImages } from '@simgan/node';
import { Defect, outcomeOfError, outcomeOfSamples } from './outcome.ts';
import { type Tally, tallyOf } from './tally.ts';

/** The most that is read of an address here, bytes. */
const MOST_BYTES = 2 ** 20;
/** How long an address may take here, milliseconds. */
const TIMEOUT = 1500;
/** What lies in the buffers of two sockets when a body is given up, bytes for each request. */
const IN_BUFFERS = 8 * 2 ** 20;
/** A guard against hangs, not a measure of speed, milliseconds. */
const PATIENCE = 2 * 60_000;

interface Server {
  readonly origin: string;
  /** Bytes that were sent, and requests that they answered. */
  sent: number;
  requests: number;
}

type Answer = (request: IncomingMessage, response: ServerResponse, server: Server, rng: Rng) => void;

const block = Buffer.alloc(2 ** 16, 7);

/** Sends until nobody listens any more. */
function pour(response: ServerResponse, server: Server, left = Number.POSITIVE_INFINITY): void {
  let rest = left;
  const more = () => {
    while (rest > 0 && !response.destroyed) {
      const part = block.subarray(0, Math.min(block.length, rest));
      server.sent += part.length;
      rest -= part.length;
      if (!response.write(part)) {
        response.once('drain', more);
        return;
      }
    }
    if (!response.destroyed) response.end();
  };
  more();
}

function drip(response: ServerResponse, part: string | Buffer, every: number): void {
  const timer = setInterval(() => response.write(part), every);
  response.on('close', () => clearInterval(timer));
}

const redirect =
  (to: (server: Server, request: IncomingMessage) => string, status = 302): Answer =>
  (request, response, server) => {
    response.writeHead(status, { location: to(server, request) }).end();
  };

const port = ({ origin }: Server) => new URL(origin).port;

/** Each must end in a sentence or a reject. */
const answers: Readonly<Record<string, Answer>> = {
  'endless body': (_, response, server) => pour(response.writeHead(200), server),
  'endless body of a length': (_, response, server) =>
    pour(response.writeHead(200, { 'content-length': String(2 ** 40) }), server),
  'slow body': (_, response) => drip(response.writeHead(200), 'x', 20),
  'slow head': (request) => {
    const timer = setInterval(() => request.socket.write('x-'), 20);
    request.socket.on('close', () => clearInterval(timer));
  },
  'no answer': () => {},
  'shorter than announced': (_, response) => {
    response.writeHead(200, { 'content-length': '1000' }).write('short');
    setTimeout(() => response.destroy(), 20);
  },
  'longer than announced': (request) => {
    request.socket.end('HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nlonger than that');
  },
  'two lengths': (request) => {
    request.socket.end('HTTP/1.1 200 OK\r\ncontent-length: 3\r\ncontent-length: 5\r\n\r\nabcde');
  },
  'a negative length': (request) => {
    request.socket.end('HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\nabcde');
  },
  'no HTTP': (request) => {
    request.socket.end('SSH-2.0-OpenSSH_9.6\r\n');
  },
  'cut off in a chunk': (request) => {
    request.socket.end('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nff\r\nabc');
  },
  'a chunk of any length': (request) => {
    request.socket.end('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffffff\r\nabc');
  },
  'huge header': (_, response) => {
    response.writeHead(200, { 'x-note': 'n'.repeat(2 ** 20) }).end('a');
  },
  'many headers': (request) => {
    request.socket.write('HTTP/1.1 200 OK\r\n');
    const lines = Array.from({ length: 200_000 }, (_, i) => `x-${i}: 1\r\n`).join('');
    request.socket.end(`${lines}\r\n`);
  },
  'a bomb of gzip': (_, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(2 ** 28)));
  },
  'no gzip': (_, response) => {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end('this is plain');
  },
  'a loop of redirects': redirect(({ origin }) => `${origin}/again`),
  'redirects without end': redirect(({ origin }, { url }) => `${origin}${url}x`, 307),
  'a redirect to nowhere': redirect(() => 'http://nowhere.invalid/'),
  'a redirect to a file': redirect(() => 'file:///etc/passwd'),
  'a redirect to data': redirect(() => 'data:text/plain,hello', 301),
  'a redirect to no address': redirect(() => 'http://[::'),
  'a redirect to loopback by name': redirect((server) => `http://localhost:${port(server)}/secret`),
  'a redirect to loopback by IPv6': redirect((server) => `http://[::1]:${port(server)}/secret`),
  'a redirect to loopback in disguise': redirect(
    (server) => `http://[::ffff:127.0.0.2]:${port(server)}/secret`,
  ),
  'a redirect to a neighbor': redirect((server) => `http://127.0.0.2:${port(server)}/secret`),
  'a redirect to a private network': redirect(() => 'http://169.254.169.254/latest/meta-data/'),
  'an error with an endless body': (_, response, server) => pour(response.writeHead(500), server),
  'a redirect with an endless body': (_, response, server) =>
    pour(response.writeHead(302, { location: `${server.origin}/again` }), server),
  nothing: (_, response) => {
    response.writeHead(204).end();
  },
  'a page': (_, response) => {
    response.writeHead(200).end('<h1>Log in</h1>');
  },
  'a picture of any size': async (_, response) => {
    const png = await encodePng(createImage({ width: 8, height: 8, channels: 1, bits: 8 }));
    png.writeUInt32BE(2 ** 30, 16);
    response.writeHead(200).end(png);
  },
  noise: (request, _, __, rng) => {
    const head = 'HTTP/1.1 200 OK\r\ncontent-length: 20\r\nx: y\r\n\r\n';
    const bytes = Buffer.from(`${head}${'z'.repeat(20)}`);
    for (let i = 0; i < 3; i++) bytes[rng.int(bytes.length)] = rng.int(256);
    request.socket.end(bytes);
  },
};

/** @param count - how often each address is asked. */
export async function runAddresses(seed: number, count: number): Promise<Tally> {
  const tally = tallyOf('addresses');
  const rng = createRng(seed).fork('addresses');
  const state = { answer: answers.nothing!, rng, secrets: 0 };
  const sockets = new Set<Socket>();
  const http = createServer((request, response) => {
    // Whoever gives up closes the connection, which is what is wanted.
    response.on('error', () => {});
    server.requests++;
    if (request.url === '/secret') {
      state.secrets++;
      response.writeHead(200).end('secret');
    } else state.answer(request, response, server, state.rng);
  });
  http.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => {}).on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => {
    http.listen(0, '0.0.0.0', resolve);
  });
  const server: Server = {
    origin: `http://127.0.0.1:${(http.address() as AddressInfo).port}`,
    sent: 0,
    requests: 0,
  };
  try {
    for (const [name, answer] of Object.entries(answers)) {
      for (let round = 0; round < count; round++) {
        Object.assign(state, { answer, rng: rng.fork(name).fork(round), secrets: 0 });
        Object.assign(server, { sent: 0, requests: 0 });
        try {
          tally.counts[await ask(`${server.origin}/a${round}`, round)]++;
          if (state.secrets > 0) throw new Defect('It was led to an address that nobody named');
          if (server.sent > MOST_BYTES + IN_BUFFERS * server.requests) {
            throw new Defect(`${server.sent} bytes were read by ${server.requests} requests`);
          }
        } catch (error) {
          tally.failures.push(`${name}, round ${round} of seed ${seed}: ${(error as Error).message}`);
        }
        for (const socket of sockets) socket.destroy();
      }
    }
  } finally {
    http.close();
  }
  return tally;
}

const network = { variables: [], apply: () => Promise.reject(), dispose: () => {} } as never;

/** Asks for weights, or every third time for pictures, whose limits are those of users. */
async function ask(url: string, round: number) {
  const guard = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Defect('It hangs')), PATIENCE).unref();
  });
  try {
    if (round % 3 === 2) {
      const signal = AbortSignal.timeout(TIMEOUT);
      const limits = { maxBytes: MOST_BYTES, signal };
      const read = readImages([url], { channels: 1, bits: 8 }, limits).catch((error: unknown) => {
        // Stopped by the caller, which is what it asked for.
        if (signal.aborted) return undefined;
        throw error;
      });
      const found = await Promise.race([read, guard]);
      return found ? await outcomeOfSamples(found.images, found.rejects) : ('sentence' as const);
    }
    const limits = { maxBytes: MOST_BYTES, timeoutMs: TIMEOUT };
    await Promise.race([loadWeights(url, network, limits), guard]);
    throw new Defect('It was taken for weights');
  } catch (error) {
    return outcomeOfError(error);
  }
}
