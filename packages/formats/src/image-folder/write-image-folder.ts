import { SimganError } from '@simgan/core';
import type { FormatOutput, FormatWriter } from '../registry/dataset-format.ts';
import { numberedName } from '../registry/picture-names.ts';

/** Writes `images/`, `metadata.jsonl`, and what belongs to pictures to `companions/`. */
export async function writeImageFolder(output: FormatOutput): Promise<FormatWriter> {
  const metadata = await output.append('metadata.jsonl');
  let index = 0;
  return {
    async write(sample) {
      if (Object.hasOwn(sample.columns, 'file_name')) {
        throw new SimganError(
          'INVALID_ARGUMENT',
          `The labels of ${sample.id} have a field "file_name", which names the picture in metadata.jsonl. Rename it.`,
        );
      }
      const file = `images/${numberedName(index, sample.extension)}`;
      await output.picture(file, sample);
      const companions: Record<string, string> = {};
      for (const { name, extension, bytes } of sample.companions ?? []) {
        const own = `companions/${name}/${numberedName(index, extension)}`;
        await output.write(own, await bytes());
        companions[`${name}_file_name`] = own;
      }
      index++;
      await metadata.write(`${JSON.stringify({ file_name: file, ...sample.columns, ...companions })}\n`);
    },
    async finish() {
      await metadata.close();
    },
  };
}
