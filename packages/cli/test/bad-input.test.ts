import { chmod, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { callCli } from './call-cli.ts';
import { writeRealPictures } from './pictures.ts';
import { blobsPlugin, jsonLines, runCli, temporaryFolder } from './spawn-cli.ts';

const augment = ['augment', '--plugin', blobsPlugin, '--engine', 'wasm', '--count', '4'];
/** Whoever runs this as root may read everything. */
const readsEverything = process.getuid?.() === 0 || process.platform === 'win32';

test('a folder of all that can be wrong with pictures: what is usable is used, the rest is listed', async () => {
  const cwd = await temporaryFolder();
  const dir = join(cwd, 'real');
  await writeRealPictures(dir, 3);
  const put = (name: string, bytes: Uint8Array | string) => writeFile(join(dir, name), bytes);
  const colour = sharp({
    create: { width: 24, height: 20, channels: 3, background: { r: 200, g: 120, b: 40 } },
  });
  const whole = await readFile(join(dir, '0000000.png'));
  await put('cut-off.png', whole.subarray(0, whole.length - 30));
  await put('text.jpg', 'This is no picture.');
  await put('empty.png', '');
  await put(
    'one-pixel.png',
    await sharp({ create: { width: 1, height: 1, channels: 3, background: 'red' } })
      .png()
      .toBuffer(),
  );
  await put('huge.jpg', enlarged(await colour.clone().jpeg().toBuffer(), 20_000));
  await put('cmyk.jpg', await colour.clone().toColourspace('cmyk').jpeg().toBuffer());
  await put(
    'deep.png',
    await sharp(
      Uint16Array.from({ length: 480 }, (_, i) => i * 130),
      { raw: { width: 24, height: 20, channels: 1 } },
    )
      .toColourspace('grey16')
      .png()
      .toBuffer(),
  );
  await put(
    'palette.png',
    await sharp({
      create: { width: 24, height: 20, channels: 4, background: { r: 9, g: 200, b: 9, alpha: 0.5 } },
    })
      .png({ palette: true })
      .toBuffer(),
  );
  await put('labels.csv', 'id,x,y');
  await symlink('.', join(dir, 'loop'));
  await symlink('circle.png', join(dir, 'circle.png'));
  await symlink('nowhere.png', join(dir, 'dangling.png'));
  const unreadable = readsEverything ? [] : ['unreadable.png'];
  for (const name of unreadable) {
    await put(name, whole);
    await chmod(join(dir, name), 0);
  }

  const { exitCode, stdout, stderr } = await runCli([...augment, '--real', 'real', '--out', 'out'], { cwd });
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: expect.any(String) });
  const rejects = await jsonLines(join(cwd, 'out', 'dataset', 'rejects.jsonl'));
  expect(rejects.every((reject) => reject.of === 'real')).toBe(true);
  expect(rejects.map(({ file, reason }) => [file, reason])).toEqual([
    ['circle.png', 'It is a link that leads back to itself.'],
    ['dangling.png', 'It does not exist, or is a link to something that does not.'],
    ['loop', 'It is a link to a folder, and links to folders are not followed; pass that folder itself.'],
    ['cut-off.png', expect.stringMatching(/^The picture is damaged or cut off \(.+\)\.$/)],
    ['empty.png', 'The file is empty.'],
    ['huge.jpg', 'The picture is 20000 x 20000; pictures of more than 50 megapixels are not read.'],
    ['one-pixel.png', 'The picture is 1 x 1, too small for 12 x 10: scaled up it would be blur.'],
    ['text.jpg', 'The file is not a picture: its content is none of PNG, JPEG, WebP and TIFF.'],
    ...unreadable.map((name) => [name, 'It cannot be read: permission denied.']),
  ]);
  expect(stderr).toContain(
    `real      6 pictures from ${dir}, 3 of them scaled to 12x10, ${rejects.length} rejected (see rejects.jsonl), 1 other files passed over\n`,
  );
  expect(stdout).toContain(
    `4 refined samples in out/dataset; ${rejects.length} inputs rejected, see rejects.jsonl there\n`,
  );
});

test('folders without pictures, without enough of them, or not there', async () => {
  const cwd = await temporaryFolder();
  await mkdir(join(cwd, 'empty'));
  await writeRealPictures(join(cwd, 'three'), 3);
  await writeFile(join(cwd, 'file'), '');
  const failure = async (...args: string[]) => {
    const { exitCode, stdout, stderr } = await callCli([...augment.slice(0, 5), ...args], { cwd });
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    return stderr.trimEnd().split('\n').at(-1);
  };
  expect(await failure('--real', 'empty')).toBe(
    `There is no usable picture in ${join(cwd, 'empty')} (PNG, JPEG, WebP or TIFF, looked for in all its folders; 0 rejected).`,
  );
  for (const kind of ['real', 'synthetic']) {
    expect(await failure(`--${kind}`, 'three')).toBe(
      `There are 3 usable ${kind} pictures in ${join(cwd, 'three')}, fewer than the one batch of 4 that a training step takes. Add pictures, or train with smaller batches: --batch-size 3`,
    );
  }
  expect(await failure('--real', 'nowhere')).toContain(
    `The folder ${join(cwd, 'nowhere')} cannot be read. It does not exist`,
  );
  expect(await failure('--synthetic', 'file')).toContain(
    `${join(cwd, 'file')} is a file. Pass the folder that holds the pictures.`,
  );
  // The way out that the message names.
  expect(
    await callCli([...augment, '--real', 'three', '--batch-size', '3', '--out', 'out'], { cwd }),
  ).toMatchObject({ exitCode: 0 });
});

test('a dataset whose writing was interrupted is no input', async () => {
  const cwd = await temporaryFolder();
  await mkdir(join(cwd, 'begun', 'images'), { recursive: true });
  const header = { format: 'simgan-dataset', version: 1, plugin: 'blobs' };
  await writeFile(join(cwd, 'begun', 'dataset.json.partial'), JSON.stringify(header));
  expect(await callCli([...augment.slice(0, 5), '--synthetic', 'begun'], { cwd })).toMatchObject({
    exitCode: 1,
    stderr: expect.stringContaining('is not complete: its writing was interrupted. Resume it first.'),
  });
});

/** A JPEG whose header says that it is larger than it is: `FFC0 length precision height width`. */
function enlarged(jpeg: Buffer, side: number): Buffer {
  const at = jpeg.indexOf(Buffer.from([0xff, 0xc0]));
  const copy = Buffer.from(jpeg);
  copy.writeUInt16BE(side, at + 5);
  copy.writeUInt16BE(side, at + 7);
  return copy;
}
