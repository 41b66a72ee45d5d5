import { expect, test } from 'vitest';
import { type RendererChoice, rendererDefaults, rendererSettings } from './renderer-options.ts';

test('defaults, and what provenance calls the renderer', () => {
  const url = 'http://127.0.0.1:8000';
  expect(rendererSettings({ url })).toEqual({
    ...rendererDefaults,
    url,
    command: undefined,
    parameters: {},
    name: url,
    origin: `renderer ${url}`,
  });
  const command = ['python3', 'my renderer.py', '--fast'];
  expect(rendererSettings({ command, parameters: { haze: 1 }, retries: 0 })).toMatchObject({
    name: 'python3 "my renderer.py" --fast',
    origin: 'renderer python3 "my renderer.py" --fast with {"haze":1}',
    retries: 0,
  });
  // What a caller leaves open is open.
  expect(rendererSettings({ url, command: undefined, retries: undefined } as never).retries).toBe(5);
});

test.each<[object, string]>([
  [{}, 'it takes either a url or a command'],
  [{ url: 'http://a.test', command: ['a'] }, 'it takes either a url or a command'],
  [{ url: 'renderer.py' }, 'url is "renderer.py", which is no http or https address'],
  [{ url: 'file:///etc/passwd' }, 'which is no http or https address'],
  [{ url: 'http://me:secret@a.test' }, 'url holds credentials'],
  [{ url: 'http://a.test/?key=1' }, 'url has a query or a fragment'],
  [{ url: 'http://a.test', timeoutMs: 300_001 }, 'is waited for at most 300000'],
  [{ command: [] }, 'command: '],
  [{ command: [''] }, 'the program of command is empty'],
  [{ command: ['a', 'b\0'] }, 'command holds a null character'],
  [{ command: 'python3 renderer.py' }, 'command: '],
  [{ url: 'http://a.test', parameters: { a: () => 1 } }, 'parameters.a: '],
  [
    { url: 'http://a.test', parameters: { a: 'x'.repeat(2000) } },
    'parameters has 2008 characters, more than 2000',
  ],
  [{ url: 'http://a.test', concurrency: 0 }, 'concurrency: '],
  [{ url: 'http://a.test', retries: 1.5 }, 'retries: '],
  [{ url: 'http://a.test', timeout: 3 }, 'timeout'],
])('refused: %j', (choice, problem) => {
  expect(() => rendererSettings(choice as RendererChoice)).toThrow(
    expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(/^`renderer` cannot be used: /),
    }),
  );
  expect(() => rendererSettings(choice as RendererChoice)).toThrow(problem);
});

test('a command may take longer than fetch waits', () => {
  expect(rendererSettings({ command: ['blender'], timeoutMs: 3_600_000 }).timeoutMs).toBe(3_600_000);
});
