/** @file Datasets: metadata and manifests, of ours and of others. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Dataset, mapDataset, type Sample, simulate } from '@simgan/core';
import { encodePng, readDataset, writeDataset } from '@simgan/node';
import blobs from '../../../packages/node/test/blobs-plugin.ts';
import { type Kind, writeFiles } from '../kind.ts';
import { mutateText, pick } from '../mutate.ts';
import { Defect, type Outcome, outcomeOfError, outcomeOfSamples } from '../outcome.ts';

const plugin = blobs();
const samples = () => simulate(plugin.simulator, { seed: 1, length: 3 });

async function readAndCheck(dir: string, annotations?: 'plugin' | 'foreign'): Promise<Outcome> {
  const read = await readDataset(dir, plugin, annotations ? { annotations } : {});
  return outcomeOfSamples(read.samples as Dataset<Sample<unknown>>, read.rejects);
}

/** What was read can be written, and is then read whole. */
async function writeAgain(dir: string, out: string): Promise<void> {
  const { samples, annotations } = await readDataset(dir, plugin);
  await writeDataset(out, samples as Dataset<Sample<unknown>>, { plugin, annotations, existing: 'replace' });
  const again = await readDataset(out, plugin);
  if (again.samples.length !== samples.length || again.rejects.length > 0) {
    const [first] = again.rejects;
    throw new Defect(
      `Of ${samples.length} samples ${again.samples.length} are read again; ${first?.file}: ${first?.reason}`,
    );
  }
}

const metadata: Kind = {
  name: 'metadata.jsonl',
  share: 1,
  async prepare(dir) {
    const lines: string[] = [];
    for await (const { id, image, annotation } of samples()) {
      await writeFiles(dir, { [`in/${id}.png`]: await encodePng(image) });
      const more = { gaze: [0.1, -1e-7], texts: { 'a "b"': 'ü\u2028', nothing: null }, flag: true };
      lines.push(JSON.stringify({ file_name: `${id}.png`, ...annotation, ...more }));
    }
    const text = `${lines.join('\n')}\n`;
    const source = join(dir, 'in');
    return {
      async attempt(rng, index) {
        await writeFiles(source, { 'metadata.jsonl': mutateText(text, rng) });
        try {
          const outcome = await readAndCheck(source, pick(['plugin', 'foreign', undefined], rng));
          if (index % 4 === 0) await writeAgain(source, join(dir, 'out'));
          return outcome;
        } catch (error) {
          return outcomeOfError(error);
        }
      },
    };
  },
};

/** The metadata of a dataset of ours, whose lines name companions and hashes, too. */
const ownMetadata: Kind = {
  name: 'metadata.jsonl of ours',
  share: 1,
  async prepare(dir) {
    const source = join(dir, 'in');
    const mask = { name: 'mask', file: 'mask.bin' };
    const withMask = mapDataset(samples(), (sample, index) => ({
      ...sample,
      companions: [{ ...mask, stored: async () => ({ bytes: Uint8Array.of(index), extension: 'bin' }) }],
    }));
    await writeDataset(source, withMask, { plugin, provenance: { made: 'simulated', seed: 1 } });
    const text = await readFile(join(source, 'metadata.jsonl'), 'utf8');
    const about = await readFile(join(source, 'dataset.json'), 'utf8');
    return {
      async attempt(rng, index) {
        const damaged = mutateText(text, rng);
        // Mostly with a manifest that fits, so that damage gets past its hash.
        const metadataSha256 = createHash('sha256').update(damaged).digest('hex');
        const count = damaged.filter((byte) => byte === 10).length;
        const fitting = JSON.stringify({ ...JSON.parse(about), metadataSha256, count });
        await writeFiles(source, {
          'metadata.jsonl': damaged,
          'dataset.json': rng.next() < 0.9 ? fitting : about,
        });
        try {
          const outcome = await readAndCheck(source);
          if (index % 4 === 0) await writeAgain(source, join(dir, 'out'));
          return outcome;
        } catch (error) {
          return outcomeOfError(error);
        }
      },
    };
  },
};

const manifest: Kind = {
  name: 'dataset.json',
  share: 1,
  async prepare(dir) {
    const out = join(dir, 'out');
    await writeDataset(out, samples(), { plugin, provenance: { made: 'simulated', seed: 1 } });
    const text = await readFile(join(out, 'dataset.json'), 'utf8');
    return {
      async attempt(rng) {
        await writeFiles(out, { 'dataset.json': mutateText(text, rng) });
        try {
          const outcome = await readAndCheck(out);
          // Whoever would write there is told what is in the way.
          const written = await writeDataset(out, samples(), { plugin }).catch(outcomeOfError);
          if (written !== 'sentence') throw new Defect('A dataset was written over another one');
          return outcome;
        } catch (error) {
          return outcomeOfError(error);
        }
      },
    };
  },
};

export const datasetKinds: readonly Kind[] = [metadata, ownMetadata, manifest];
