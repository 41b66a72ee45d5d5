import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

/** The page's program as one file. */
export async function bundlePage(conditions: readonly string[] = []): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('page.ts', import.meta.url))],
    bundle: true,
    platform: 'browser',
    format: 'esm',
    conditions: [...conditions],
    // The packages of TensorFlow.js call themselves free of side effects, and register their kernels by one.
    ignoreAnnotations: true,
    // What reads datasets from folders loads these when it does.
    external: ['node:*'],
    plugins: [csvForBrowsers],
    write: false,
    logLevel: 'warning',
  });
  return outputFiles[0]!.text;
}

/** csv-parse, which reads tables of datasets, has a build for browsers under another name. */
const csvForBrowsers: Plugin = {
  name: 'csv-for-browsers',
  setup({ onResolve, resolve }) {
    onResolve({ filter: /^csv-parse\/sync$/ }, ({ resolveDir, kind }) =>
      resolve('csv-parse/browser/esm/sync', { resolveDir, kind }),
    );
  },
};

/** Serves the page on localhost, which browsers trust with a GPU as they do https. */
export async function servePage(program: string, port = 0): Promise<{ server: Server; url: string }> {
  const html = await readFile(new URL('index.html', import.meta.url), 'utf8');
  const server = createServer((request, response) => {
    const isProgram = request.url?.startsWith('/page.js');
    response.setHeader('content-type', isProgram ? 'text/javascript' : 'text/html');
    response.end(isProgram ? program : html);
  });
  await new Promise<void>((resolve) => void server.listen(port, '127.0.0.1', resolve));
  return { server, url: `http://localhost:${(server.address() as AddressInfo).port}/` };
}
