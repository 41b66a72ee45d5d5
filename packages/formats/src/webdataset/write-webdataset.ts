import { packTar } from 'modern-tar';
import type { FormatOutput, FormatWriter, GrowingFile } from '../registry/dataset-format.ts';

/** Shards of so many bytes are read at full speed from disks and object stores (WebDataset's guide: 100 MB to 1 GB). */
const SHARD_BYTES = 256 * 2 ** 20;
/** What an archive ends with: two empty blocks. */
const END = new Uint8Array(1024);
/** The same bytes whenever it is written. */
const mtime = new Date(0);

/** Writes `shard-000000.tar` and on; each sample is a picture, a JSON file of its columns, and what
 * belongs to it (`000000000.mask.png`). */
export async function writeWebDataset(output: FormatOutput): Promise<FormatWriter> {
  let shard: GrowingFile | undefined;
  let [shards, bytes, index] = [0, 0, 0];
  const begin = async () => {
    bytes = 0;
    return output.append(`shard-${String(shards++).padStart(6, '0')}.tar`);
  };
  const end = async () => {
    await shard?.write(END);
    await shard?.close();
    shard = undefined;
  };
  return {
    async write(sample) {
      const picture = await sample.bytes();
      const json = new TextEncoder().encode(JSON.stringify(sample.columns));
      const key = String(index).padStart(9, '0');
      const file = (kind: string, body: Uint8Array) => ({
        header: {
          name: `${key}.${kind}`,
          size: body.length,
          mtime,
          mode: 0o644,
          uid: 0,
          gid: 0,
          type: 'file' as const,
        },
        body,
      });
      const companions = await Promise.all(
        (sample.companions ?? []).map(async ({ name, extension, bytes: read }) =>
          file(`${name}.${extension}`, await read()),
        ),
      );
      const packed = await packTar([file(sample.extension, picture), file('json', json), ...companions]);
      shard ??= await begin();
      await shard.write(packed.subarray(0, packed.length - END.length));
      index++;
      bytes += packed.length;
      if (bytes >= SHARD_BYTES) await end();
    },
    async finish() {
      if (shards === 0) shard = await begin();
      await end();
    },
  };
}
