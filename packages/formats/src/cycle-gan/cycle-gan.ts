import type { Folder } from '@simgan/core/reading';
import type { DatasetFormat, FormatContent, FormatOutput, FormatWriter } from '../registry/dataset-format.ts';
import { contentOf, picturesIn } from '../registry/picture-files.ts';
import { numberedName } from '../registry/picture-names.ts';

const place = /(^|\/)(train|val|test)([AB])\/[^/]+$/;

/** The pictures of both domains of a folder. */
function domainFiles(folder: Pick<Folder, 'files'>): string[] {
  return picturesIn(folder as Folder).filter((file) => place.test(file));
}

/** Pictures of two domains, the class `A` or `B`, and their split. */
async function readCycleGan(folder: Folder): Promise<FormatContent> {
  const pictures = domainFiles(folder).map((file) => {
    const [, , split, domain] = place.exec(file)!;
    return {
      file,
      picture: { file },
      annotation: { class: domain!, objects: [], fields: { split: split! } },
    };
  });
  const unused = picturesIn(folder).filter((file) => !place.test(file));
  return contentOf(
    pictures,
    unused.map((file) => ({ file, reason: 'It is in none of trainA, trainB, testA and testB.' })),
  );
}

/** Writes pictures by their class `A` or `B`, and all others to `A`. */
async function writeCycleGan(output: FormatOutput): Promise<FormatWriter> {
  let index = 0;
  return {
    async write(sample) {
      const { class: domain, fields } = sample.objects;
      const split = ['val', 'test'].includes(String(fields?.split)) ? String(fields?.split) : 'train';
      const name = numberedName(index++, sample.extension).split('/').at(-1)!;
      await output.picture(`${split}${domain === 'B' ? 'B' : 'A'}/${name}`, sample);
    },
    async finish() {},
  };
}

/** The folders that CycleGAN and its kin read. */
export const cycleGan: DatasetFormat = {
  name: 'cyclegan',
  description: 'trainA, trainB, testA, testB: pictures of two domains, as CycleGAN reads them; no labels',
  coordinates: 'none',
  detect: (folder) => domainFiles(folder).length > 0,
  read: readCycleGan,
  write: writeCycleGan,
};
