import { SimganError } from '@simgan/core';
import type { FormatOutput, FormatWriter } from '../registry/dataset-format.ts';
import { numberedName } from '../registry/picture-names.ts';

/** Writes `images/` and `metadata.jsonl`. */
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
      const file = `images/${numberedName(index++, sample.extension)}`;
      await output.picture(file, sample);
      await metadata.write(`${JSON.stringify({ file_name: file, ...sample.columns })}\n`);
    },
    async finish() {
      await metadata.close();
    },
  };
}
