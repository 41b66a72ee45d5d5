import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createImage } from '@simgan/core';
import { encodePng } from '@simgan/node';
import { expect, test } from 'vitest';
import { callCli } from './call-cli.ts';
import { temporaryFolder } from './spawn-cli.ts';

/** A format without any import: a picture a.png beside its class in a.txt. */
const pairs = `
export default {
  name: 'pairs',
  description: 'a picture a.png beside its class in a.txt',
  coordinates: 'none',
  async read(folder) {
    const pictures = folder.files.filter((file) => file.endsWith('.png'));
    const id = (index) => pictures[index].slice(0, -4);
    const at = async (index) => ({
      id: id(index),
      file: pictures[index],
      picture: { file: pictures[index] },
      annotation: { class: new TextDecoder().decode(await folder.read(id(index) + '.txt')), objects: [] },
    });
    return { entries: { length: pictures.length, at, id }, rejects: [] };
  },
};`;

test("a format of the user's own is read by the command line", async () => {
  const cwd = await temporaryFolder();
  await mkdir(join(cwd, 'in'));
  await writeFile(
    join(cwd, 'in/a.png'),
    await encodePng(createImage({ width: 8, height: 8, channels: 1, bits: 8 })),
  );
  await writeFile(join(cwd, 'in/a.txt'), 'cup');
  await writeFile(join(cwd, 'pairs.mjs'), pairs);
  const args = ['convert', 'in', '--format', 'pairs', '--to', 'imagefolder', '--out', 'out'];
  expect(await callCli(args, { cwd })).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('pairs'),
  });
  expect(await callCli([...args, '--formats', './pairs.mjs'], { cwd })).toMatchObject({ exitCode: 0 });
  expect(await readFile(join(cwd, 'out/metadata.jsonl'), 'utf8')).toBe(
    '{"file_name":"images/0000000.png","class":"cup"}\n',
  );
  expect(await callCli([...args, '--formats', './none.mjs'], { cwd })).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('There is no module of formats "./none.mjs"'),
  });
});
