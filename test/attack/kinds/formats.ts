/** @file Datasets in the formats of others: every file of a sound one, damaged. */
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createImage } from '@simgan/core';
import { objectsProblem } from '@simgan/formats';
import { convertDataset, encodePng, openFormat } from '@simgan/node';
import { zipSync } from 'fflate';
import { writeCocoPictures } from '../../../packages/node/test/labeled-pictures.ts';
import { type Kind, writeFiles } from '../kind.ts';
import { mutateBytes, mutateText, pick } from '../mutate.ts';
import { Defect, type Outcome, outcomeOfError } from '../outcome.ts';

/** Reads all of a folder in a format. */
async function readAll(dir: string, format: string): Promise<Outcome> {
  try {
    const { entries, rejects } = await openFormat(dir, { format });
    let isWhole = rejects.length === 0;
    for (const { file, reason } of rejects)
      outcomeOfError(Object.assign(new Error(`${file}: ${reason}`), { name: 'SimganError' }));
    for (let index = 0; index < entries.length; index++) {
      try {
        const { annotation } = await entries.at(index);
        const problem = objectsProblem(annotation);
        if (problem) throw new Defect(`Sample ${entries.id(index)} has no labels of objects: ${problem}`);
      } catch (error) {
        outcomeOfError(error);
        isWhole = false;
      }
    }
    return isWhole ? 'success' : 'rejected';
  } catch (error) {
    return outcomeOfError(error);
  }
}

function kindOf(format: string, damaged: RegExp, prepare: (dir: string) => Promise<void>): Kind {
  return {
    name: `format ${format}`,
    share: 0.3,
    isTolerant: true,
    async prepare(dir) {
      const sound = join(dir, 'sound');
      await prepare(sound);
      const all = await readdir(sound, { recursive: true, withFileTypes: true });
      const files = await Promise.all(
        all
          .filter((entry) => entry.isFile() && damaged.test(entry.name))
          .map(async (entry) => {
            const path = join(entry.parentPath, entry.name);
            return { name: path.slice(sound.length + 1), content: await readFile(path) };
          }),
      );
      return {
        async attempt(rng) {
          const { name, content } = pick(files, rng);
          const isText = /\.(json|jsonl|csv|txt|xml|yaml)$/.test(name);
          const broken = isText ? mutateText(content.toString(), rng) : mutateBytes(content, rng);
          await writeFiles(sound, { [name]: broken });
          try {
            return await readAll(sound, format);
          } finally {
            await writeFiles(sound, { [name]: content });
          }
        },
        close: () => rm(sound, { recursive: true, force: true }),
      };
    },
  };
}

/** A format that is written: what {@link writeCocoPictures} becomes. */
const written = (format: string, damaged: RegExp) =>
  kindOf(format, damaged, async (dir) => {
    await writeCocoPictures(`${dir}-coco`);
    await convertDataset({ input: `${dir}-coco`, to: [format], out: dir });
    await rm(`${dir}-coco`, { recursive: true });
    for (const name of ['conversion.json', 'croissant.json', 'sources.jsonl', 'rejects.jsonl'])
      await rm(join(dir, name), { force: true });
  });

/** A NumPy array of small pictures. */
function npy(): Uint8Array {
  const header = `${"{'descr': '|u1', 'fortran_order': False, 'shape': (2, 8, 8), }".padEnd(117)}\n`;
  const start = Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0, header.length, 0]);
  return Buffer.concat([start, Buffer.from(header), Buffer.alloc(128, 7)]);
}

const npz = kindOf('npz', /\.npz$/, (dir) => writeFiles(dir, { 'a.npz': zipSync({ 'images.npy': npy() }) }));

const csv = kindOf('imagefolder', /\.csv$/, async (dir) => {
  const png = await encodePng(createImage({ width: 12, height: 10, channels: 1, bits: 8 }));
  const rows = ['file_name,class,size,note', 'a.png,cup,1.5,"a, ""b"""', 'b.png,,-3,[1,2]', ''];
  await writeFiles(dir, { 'a.png': png, 'b.png': png, 'metadata.csv': rows.join('\n') });
});

export const formatKinds: readonly Kind[] = [
  written('coco', /\.json$/),
  written('yolo', /\.(txt|yaml)$/),
  written('voc', /\.(xml|txt)$/),
  written('kitti', /\.txt$/),
  { ...written('imagefolder', /\.jsonl$/), name: 'format imagefolder jsonl' },
  { ...csv, name: 'format imagefolder csv' },
  written('webdataset', /\.tar$/),
  written('parquet', /\.parquet$/),
  npz,
];
