/**
 * @file How long a large picture takes: 1920x1080 in RGB, in tiles, with the network of the plugin images, beside PyTorch
 * on the whole picture with the same network. Run alone with `npm run bench -- --only pictures`.
 */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createImage, createImageRefiner, type Image, type Size } from '@simgan/core';
import { summarize } from '@simgan/core/measures';
import { buildNetwork } from '@simgan/core/networks';
import { createEngine } from '@simgan/node';
import { images } from '@simgan/plugin-images';
import { Peer } from './peer.ts';

const FULL_HD: Size = { width: 1920, height: 1080 };
const REPEATS = 3;

/** Measures each number of threads, and the memory of a process that refines 12 megapixels. */
export async function benchPictures(say: (line?: string) => void, threads: readonly number[]): Promise<void> {
  const torch = await Peer.torch();
  say(
    `One RGB picture of ${FULL_HD.width}x${FULL_HD.height}: seconds, median of ${REPEATS} runs that take turns. Ours is in tiles and has noise, encoding and rounding in it; PyTorch's is the network on the whole picture, with noise.`,
  );
  say();
  say('| threads | onnx, s | torch, s | torch / onnx |');
  say('| --- | --- | --- | --- |');
  for (const count of threads) {
    const subject = torch?.subject({ network: 'pictures', batch: 1, threads: count });
    const ours = await refinerOf(count);
    const picture = noisePicture(FULL_HD);
    const times = { ours: [] as number[], torch: [] as number[] };
    for (let repeat = 0; repeat <= REPEATS; repeat++) {
      const start = performance.now();
      await ours.refine({ id: 'a', image: picture });
      times.ours.push(performance.now() - start);
      if (subject) times.torch.push(await subject.run('refine'));
    }
    await ours.dispose();
    // The first run compiles.
    const [own, other] = [times.ours, times.torch].map((list) => summarize(list.slice(1)).median / 1000);
    const cells = [
      own!.toFixed(2),
      ...(subject ? [other!.toFixed(2), (other! / own!).toFixed(2)] : ['', '']),
    ];
    say(`| ${[count, ...cells].join(' | ')} |`);
  }
  torch?.stop();
  say();
  const bytes = peakMemory({ width: 4000, height: 3000 });
  say(`Peak memory of a process that refines a picture of 4000x3000: ${(bytes / 2 ** 20).toFixed(0)} MiB.`);
}

/** The untrained network: speed does not depend on the weights. */
async function refinerOf(threads: number) {
  const { engine } = await createEngine('onnx', { threads, device: 'cpu' });
  const plugin = images();
  const network = buildNetwork(plugin.refiner, { ...plugin.image, width: 64, height: 64 }, 1);
  const refiner = createImageRefiner({ network, image: plugin.image, engine });
  return {
    refine: (sample: { id: string; image: Image }) => refiner.refine(sample),
    async dispose() {
      await refiner.dispose();
      network.dispose();
      await engine.dispose();
    },
  };
}

function noisePicture(size: Size): Image {
  const image = createImage({ ...size, channels: 3, bits: 8 });
  for (let i = 0; i < image.data.length; i++) image.data[i] = (i * 7919) & 255;
  return image;
}

/** Refines one picture of a size with two threads. For {@link peakMemory}'s process. */
export async function refineOnce(size: Size): Promise<void> {
  const ours = await refinerOf(2);
  await ours.refine({ id: 'a', image: noisePicture(size) });
}

/** Peak resident bytes of a fresh process that refines a picture. */
function peakMemory(size: Size): number {
  const script = `
    const { refineOnce } = await import(${JSON.stringify(import.meta.url)});
    await refineOnce(${JSON.stringify(size)});
    process.stdout.write(String(process.resourceUsage().maxRSS * 1024));
    process.exit(0);`;
  const args = [...process.execArgv, '--input-type=module', '-e', script];
  const cwd = fileURLToPath(new URL('..', import.meta.url));
  return Number(execFileSync(process.execPath, args, { encoding: 'utf8', cwd }));
}
