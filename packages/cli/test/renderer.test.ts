import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { describe, expect, onTestFinished, test } from 'vitest';
import { splitCommand } from '../src/split-command.ts';
import { callCli, callCliForEvents } from './call-cli.ts';
import { blobsPlugin, filesBelow, jsonLines, temporaryFolder } from './spawn-cli.ts';

const examples = fileURLToPath(new URL('../../../examples/', import.meta.url));
const crosses = join(examples, 'plugin-crosses', 'index.ts');
const python = ['python3', 'python'].find((name) => spawnSync(name, ['--version']).status === 0);
const hasBlender = spawnSync('blender', ['--version']).status === 0;
const simulate = ['simulate', '--plugin', crosses, '--count', '6', '--seed', '5'];
const stdio = `${python} -B "${join(examples, 'renderers', 'python-stdio', 'renderer.py')}"`;

/** Starts the HTTP example, which says where it is. */
async function startServer(): Promise<{ url: string; child: ChildProcess }> {
  const script = join(examples, 'renderers', 'python-http', 'renderer.py');
  const child = spawn(python!, ['-B', script], { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout!.setEncoding('utf8').once('data', (line: string) => resolve(line.trim()));
    child.once('close', () => reject(new Error('The server ended.')));
  });
  return { url, child };
}

describe.skipIf(!python)('the examples in Python', () => {
  test('over HTTP and over stdin and stdout they draw the same', async () => {
    const cwd = await temporaryFolder();
    const { url } = await startServer();
    expect(await callCliForEvents([...simulate, '--renderer', url, '--out', 'http'], { cwd })).toMatchObject({
      exitCode: 0,
      events: [{ event: 'result', out: 'http', count: 6 }],
    });
    const started = await callCli([...simulate, '--renderer-command', stdio, '--out', 'stdio'], { cwd });
    expect(started).toMatchObject({ exitCode: 0, stderr: expect.not.stringContaining('warning') });
    // What is refined next are the pictures that are there.
    expect(started.stdout).toContain('--synthetic stdio --real YOUR_PICTURES');
    expect(started.stdout).not.toContain('--renderer');

    const [overHttp, overStdio] = await Promise.all(
      ['http', 'stdio'].map((out) => filesBelow(join(cwd, out, 'images'))),
    );
    expect(Object.keys(overHttp!)).toHaveLength(6);
    expect(overStdio).toEqual(overHttp);
    expect(new Set(Object.values(overHttp!)).size).toBeGreaterThan(1);
    const lines = await jsonLines(join(cwd, 'http', 'metadata.jsonl'));
    for (const { x, y, simgan } of lines) {
      expect([Number(x) % 1, Number(y) % 1]).toEqual([0.5, 0.5]);
      expect(simgan).toMatchObject({ made: 'simulated', synthetic: `renderer ${url}`, seed: 5 });
    }
  });

  test('parameters reach the renderer, which may refuse them in words', async () => {
    const cwd = await temporaryFolder();
    const { url } = await startServer();
    for (const [out, way] of [
      ['http', ['--renderer', url]],
      ['stdio', ['--renderer-command', stdio]],
    ] as const) {
      const command = [...simulate, ...way, '--renderer-option'];
      expect(await callCli([...command, 'arm=2', '--out', out], { cwd })).toMatchObject({ exitCode: 0 });
      const refused = await callCli([...command, 'arm=wide', '--out', 'refused'], { cwd });
      expect(refused).toMatchObject({
        exitCode: 1,
        stderr: expect.stringContaining('failed at index 0 of seed 5: '),
      });
      expect(refused.stderr).toContain(
        "arm is 'wide', which does not fit 24 x 24 pictures. Fix the renderer",
      );
    }
    expect(await filesBelow(join(cwd, 'http', 'images'))).toEqual(
      await filesBelow(join(cwd, 'stdio', 'images')),
    );
    await callCli([...simulate, '--renderer', url, '--out', 'long'], { cwd });
    expect(await filesBelow(join(cwd, 'http', 'images'))).not.toEqual(
      await filesBelow(join(cwd, 'long', 'images')),
    );
  });

  test('a renderer whose code fails says where', async () => {
    const cwd = await temporaryFolder();
    const folder = join(examples, 'renderers');
    await writeFile(
      join(cwd, 'broken.py'),
      `import sys\nsys.path.insert(0, ${JSON.stringify(folder)})\nfrom simgan_renderer import serve_stdio\n` +
        'print("loading")\ndef render(request):\n    print("rendering")\n    return {"annotation": {"x": float("nan")}, "image": b""}\nserve_stdio(render)\n',
    );
    const command = [...simulate, '--threads', '1', '--renderer-command', `${python} -B broken.py`];
    // Told at the first time, not after the last.
    const { stderr } = await callCli(command, { cwd, stopAt: 'The request is retried' });
    expect(stderr).toContain(
      'at index 0 of seed 5: the process ended with exit code 1, and wrote to stderr:\n',
    );
    // Later versions of Python name the value at the end.
    expect(stderr).toMatch(
      /ValueError: Out of range float values are not JSON compliant.*\nThe request is retried/,
    );
  });

  test('training and refining work on rendered pictures, into a tar too, and the next command names the renderer again', async () => {
    const cwd = await temporaryFolder();
    const { url } = await startServer();
    const training = ['--engine', 'wasm', '--steps', '1', '--batch-size', '2', '--renderer', url];
    const options = [...training, '--renderer-option', 'arm=3'];
    const plugin = ['--plugin', crosses];
    const trained = await callCli(['train', ...plugin, ...options, '--out', 'run'], { cwd });
    expect(trained).toMatchObject({ exitCode: 0, stderr: expect.stringContaining(`renderer ${url}`) });
    expect(trained.stdout).toContain(`--renderer ${url} --refiner run --renderer-option arm=3`);
    const config = JSON.parse(await readFile(join(cwd, 'run', 'run.json'), 'utf8'));
    expect(config.synthetic).toBe(`renderer ${url} with {"arm":3}`);
    const refine = ['augment', ...plugin, '--engine', 'wasm', '--refiner', 'run', '--count', '3'];
    const refined = await callCli([...refine, '--renderer', url, '--out', 'out'], { cwd });
    expect(refined.exitCode).toBe(0);
    const [line] = await jsonLines(join(cwd, 'out', 'dataset', 'metadata.jsonl'));
    expect(line!.simgan).toMatchObject({ made: 'refined', synthetic: `renderer ${url}` });

    // A pipe from a Python process through the refiner into a tar, which another one reads.
    const pipe = ['--renderer-command', stdio, '--to', 'webdataset', '--out', 'piped'];
    expect(await callCli([...refine, ...pipe], { cwd })).toMatchObject({ exitCode: 0 });
    const program =
      'import hashlib, json, tarfile\n' +
      'tar = tarfile.open("piped-webdataset/shard-000000.tar")\n' +
      'print(json.dumps({name: hashlib.sha256(tar.extractfile(name).read()).hexdigest() for name in tar.getnames()}))\n' +
      'print(tar.extractfile("000000000.json").read().decode())';
    const { stdout } = spawnSync(python!, ['-c', program], { cwd, encoding: 'utf8' });
    const [hashes, labels] = stdout.split('\n').map((text) => text && JSON.parse(text));
    const lines = await jsonLines(join(cwd, 'piped', 'dataset', 'metadata.jsonl'));
    expect(labels).toEqual({ x: lines[0]!.x, y: lines[0]!.y });
    const expected = lines.flatMap(({ simgan }, index) => {
      const { sha256, companions } = simgan as { sha256: string; companions: { sha256: string }[] };
      return [
        [`00000000${index}.png`, sha256],
        [`00000000${index}.mask.png`, companions[0]!.sha256],
      ];
    });
    expect(expected).toHaveLength(6);
    expect(hashes).toMatchObject(Object.fromEntries(expected));
    expect(Object.keys(hashes)).toHaveLength(9);
  });

  test('Ctrl-C stops what is in progress at once, and the processes', async () => {
    const cwd = await temporaryFolder();
    await writeFile(
      join(cwd, 'slow.py'),
      'import os, sys, time\nprint("simgan-renderer 1", flush=True)\nsys.stdin.readline()\nopen("pid", "w").write(str(os.getpid()))\n' +
        'time.sleep(100000)\n',
    );
    const stop = new AbortController();
    const command = [...simulate, '--renderer-command', `${python} -B slow.py`, '--threads', '1'];
    const running = callCli(command, { cwd, stop });
    const hasEnded = running.then(() => true);
    let pid = '';
    while (pid === '') {
      const ended = await Promise.race([hasEnded, new Promise((resolve) => setTimeout(resolve, 10))]);
      expect(ended, 'ended by itself').toBeUndefined();
      if ((await readdir(cwd)).includes('pid')) pid = await readFile(join(cwd, 'pid'), 'utf8');
    }
    stop.abort();
    expect(await running).toMatchObject({ exitCode: 130 });
    expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH');
  });

  test.skipIf(!hasBlender)('Blender draws crosses where their labels say (needs Blender)', async () => {
    const cwd = await temporaryFolder();
    const script = join(examples, 'renderers', 'blender', 'renderer.py');
    const blender = `blender --background --factory-startup --python-exit-code 1 --python "${script}"`;
    const options = ['--threads', '1', '--renderer-command', blender, '--out', 'out'];
    expect(await callCli([...simulate, ...options], { cwd })).toMatchObject({ exitCode: 0 });
    const lines = await jsonLines(join(cwd, 'out', 'metadata.jsonl'));
    expect(lines).toHaveLength(6);
    for (const { file_name, x, y } of lines) {
      const file = join(cwd, 'out', String(file_name));
      const { data, info } = await sharp(file).raw().toBuffer({ resolveWithObject: true });
      // The middle of what is brighter than the ground.
      let [sum, atX, atY] = [0, 0, 0];
      for (let i = 0; i < info.width * info.height; i++) {
        const light = Math.max(0, data[i * info.channels]! - 75);
        sum += light;
        atX += light * ((i % info.width) + 0.5);
        atY += light * (Math.floor(i / info.width) + 0.5);
      }
      expect(Math.hypot(atX / sum - Number(x), atY / sum - Number(y))).toBeLessThan(0.5);
    }
  });

  test('all of them are valid Python', async () => {
    const folder = join(examples, 'renderers');
    const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith('.py'));
    expect(files).toHaveLength(5);
    const check =
      'import ast, sys\nfor file in sys.argv[1:]: ast.parse(open(file, encoding="utf-8").read(), file)';
    const { stderr, status } = spawnSync(python!, ['-c', check, ...files.map((file) => join(folder, file))]);
    expect([status, String(stderr)]).toEqual([0, '']);
  });
});

test.each([
  [
    ['--renderer', 'http://127.0.0.1:1', '--renderer-command', 'x'],
    '--renderer has no place beside --renderer-command',
  ],
  [['--renderer-option', 'a=1'], '--renderer-option: is passed to a renderer that --renderer or'],
  [
    ['--renderer', 'renderer.py'],
    '--renderer cannot be used: url is "renderer.py", which is no http or https address',
  ],
  [['--renderer', 'http://127.0.0.1:1/?a=1'], '--renderer cannot be used: url has a query'],
  [['--renderer-command', 'python3 "a.py'], '--renderer-command: the quote " at "\\"a.py" is not closed'],
  [['--renderer-command', 'cat x | sh'], '--renderer-command: no shell reads it, and so no |'],
])('refused: %j', async (options, message) => {
  const cwd = await temporaryFolder();
  const { exitCode, stderr } = await callCli(['simulate', '--plugin', blobsPlugin, ...options], { cwd });
  expect(exitCode).toBe(2);
  expect(stderr).toContain(message);
  expect(await filesBelow(cwd)).toEqual({});
});

test.each(['--renderer', '--renderer-command'])('%s beside pictures that are there', async (option) => {
  const cwd = await temporaryFolder();
  for (const command of ['augment', 'train']) {
    const args = [command, '--plugin', blobsPlugin, '--synthetic', 'renders', option, 'http://127.0.0.1:1'];
    const { exitCode, stderr } = await callCli(args, { cwd });
    expect([exitCode, stderr]).toEqual([
      2,
      expect.stringContaining(`${option} has no place beside --synthetic`),
    ]);
  }
});

test.each([
  ['python3 renderer.py', ['python3', 'renderer.py']],
  ['  a\t b\n', ['a', 'b']],
  [`'my program' "it's \\"fine\\" \\\\ \\n" x"y z"'w'`, ['my program', `it's "fine" \\ \\n`, 'xy zw']],
  ['C:\\Python\\python.exe a\\ b', ['C:\\Python\\python.exe', 'a\\', 'b']],
  [`a "" '' $HOME *.py ~`, ['a', '', '', '$HOME', '*.py', '~']],
  [`a '|' "&&" x|y`, ['a', '|', '&&', 'x|y']],
])('the command %j', (text, words) => {
  expect(splitCommand(text)).toEqual(words);
});

test.each(['', ' ', '""', "a 'b", 'a "b\\"', 'a > b', 'a && b'])('no command: %j', (text) => {
  expect(() => splitCommand(text)).toThrow();
});
