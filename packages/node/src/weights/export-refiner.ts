import { createRng, imageRange, type Refiner, SimganError, type SizedForm } from '@simgan/core';
import type { Engine, HostTensor } from '@simgan/core/engine';
import { noiseBatch } from '@simgan/core/networks';
import { wholeRefineStep } from '@simgan/core/refining';
import { exportOnnx, loadOnnxruntime } from '@simgan/tfjs-onnx';
import { writeFileAtomic } from '../files/atomic-file.ts';

/** What an exported refiner may differ from the engine by, in values of [-1, 1]. */
const TOLERANCE = 1e-4;

/** What {@link exportRefiner} wrote. */
export interface ExportedRefiner {
  readonly bytes: number;
  /** The largest difference between the file's outputs and the engine's: values of [-1, 1], and pixels of displacements. */
  readonly maxDifference: number;
}

/**
 * Writes a refiner as an ONNX file (opset 17, standard operators) that takes batches of any size:
 * `synthetic` `[batch, height, width, channels]` in [-1, 1], for refiners with noise also `noise`
 * `[batch, height, width, noiseChannels]`, normal with deviation 1; out comes `refined` in [-1, 1], and of refiners that
 * move things also `displacement` `[batch, height, width, 2]`, x and y in pixels: the refined pixel p shows what was at p
 * + displacement. Its metadata
 * hold the image's form (`image`, JSON), the stored values seen as -1 and 1 (`range`, JSON) and `about`.
 *
 * The file is written once it has been run and agrees with the engine.
 *
 * @throws SimganError ENGINE_UNAVAILABLE where ONNX Runtime does not load; OUTPUT_FAILED if the file's pictures differ from the engine's by more than 1e-4, or it
 * cannot be written.
 */
export async function exportRefiner(
  file: string,
  refiner: Refiner,
  {
    image,
    engine,
    about = {},
  }: { image: SizedForm; engine: Engine; about?: Readonly<Record<string, string>> },
): Promise<ExportedRefiner> {
  const { InferenceSession, Tensor } = await loadOnnxruntime().catch((cause: Error) => {
    throw new SimganError(
      'ENGINE_UNAVAILABLE',
      `An ONNX file is written after ONNX Runtime has run it, but ${cause.message}`,
      { cause },
    );
  });
  await engine.read(refiner.variables);
  const { height, width, channels } = image;
  const step = wholeRefineStep(refiner);
  const inputs = {
    synthetic: [1, height, width, channels],
    ...(refiner.noiseChannels > 0 && { noise: [1, height, width, refiner.noiseChannels] }),
  };
  const metadata = { image: JSON.stringify(image), range: JSON.stringify(imageRange(image)), ...about };
  const model = exportOnnx(step, { inputs, dynamicBatch: true, metadata });

  const session = await InferenceSession.create(model);
  const program = engine.compile(step);
  let maxDifference = 0;
  try {
    for (const batch of [1, 3]) {
      const feeds = randomInputs(batch, refiner, image);
      const expected = await program.run(feeds);
      const actual = await session.run(
        Object.fromEntries(
          Object.entries(feeds).map(([name, { data, shape }]) => [name, new Tensor('float32', data, shape)]),
        ),
      );
      for (const [name, { data }] of Object.entries(expected)) {
        for (const [i, value] of (actual[name]!.data as Float32Array).entries()) {
          maxDifference = Math.max(maxDifference, Math.abs(value - data[i]!));
        }
      }
    }
  } finally {
    await program.dispose();
    await session.release();
  }
  if (!(maxDifference <= TOLERANCE)) {
    throw new SimganError(
      'OUTPUT_FAILED',
      `The exported refiner differs from ${engine.name} by ${maxDifference}, more than ${TOLERANCE}; ${file} is not written. Export with --engine wasm and compare.`,
    );
  }
  await writeFileAtomic(file, model);
  return { bytes: model.length, maxDifference };
}

function randomInputs(batch: number, refiner: Refiner, image: SizedForm): Record<string, HostTensor> {
  const rng = createRng(batch).fork('export');
  const { height, width, channels } = image;
  const length = batch * height * width * channels;
  const synthetic: HostTensor = {
    data: Float32Array.from({ length }, () => rng.next() * 2 - 1),
    shape: [batch, height, width, channels],
  };
  if (refiner.noiseChannels === 0) return { synthetic };
  const sources = Array.from({ length: batch }, (_, i) => rng.fork(i));
  return { synthetic, noise: noiseBatch(sources, image, refiner.noiseChannels) };
}
