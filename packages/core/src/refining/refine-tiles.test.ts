import { afterAll, expect, test } from 'vitest';
import { wasmEngine } from '../../test/wasm-engine.ts';
import { datasetOf } from '../dataset.ts';
import type { Engine } from '../engine/engine.ts';
import {
  createImage,
  cropImage,
  fullScale,
  type Image,
  type ImageForm,
  imageRange,
  storedValue,
} from '../image.ts';
import { createMatcher } from '../matching/matcher.ts';
import type { Padding } from '../networks/convolution.ts';
import type { Refiner } from '../networks/network.ts';
import { residualRefiner } from '../networks/refiner.ts';
import { createRng } from '../rng.ts';
import { createImageRefiner, type ImageRefinerOptions } from './image-refiner.ts';

const forms = {
  gray: { channels: 1, bits: 8 },
  color: { channels: 3, bits: 8 },
  depth: { channels: 1, bits: 16, range: [100, 60_000] },
  floats: { channels: 3, bits: 32, range: [-2, 7] },
} as const satisfies Record<string, ImageForm>;
type FormName = keyof typeof forms;

/** A receptive field of 9 pixels. */
const networkFor = (form: ImageForm, padding: Padding): Refiner =>
  residualRefiner({ width: 8, blocks: 1, stem: 5, noiseChannels: 1, padding })(
    { ...form, width: 16, height: 16 },
    4,
  );
const networks = Object.fromEntries(
  Object.entries(forms).map(([name, form]) => [
    name,
    { zero: networkFor(form, 'zero'), reflect: networkFor(form, 'reflect') },
  ]),
) as Record<FormName, Record<Padding, Refiner>>;
afterAll(() => {
  for (const { zero, reflect } of Object.values(networks)) for (const one of [zero, reflect]) one.dispose();
});

/** A picture with structure at every scale, so that a wrong pixel of a halo shows. */
function pictureOf(form: ImageForm, width: number, height: number, seed = 1): Image {
  const image = createImage({ ...form, width, height });
  const rng = createRng(seed);
  const [low, high] = form.bits === 32 ? imageRange(form) : [0, fullScale(form.bits)];
  for (const i of image.data.keys()) {
    const pixel = Math.floor(i / form.channels);
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    const value =
      0.5 + 0.3 * Math.sin(x / 9 + (i % form.channels)) * Math.cos(y / 7) + 0.15 * (rng.next() - 0.5);
    image.data[i] = storedValue(low + (high - low) * value, form.bits);
  }
  return image;
}

const setUp = (network: Refiner, image: ImageForm, options: Partial<ImageRefinerOptions> = {}) =>
  createImageRefiner({ network, image, engine: wasmEngine, ...options });

test.each(Object.keys(forms) as FormName[])(
  'tiles of every size give the bits of the whole picture: %s',
  async (name) => {
    const form = forms[name];
    for (const network of Object.values(networks[name])) {
      const sample = { id: 'a', image: pictureOf(form, 83, 61) };
      const whole = await setUp(network, form, { tileSize: 1000 }).refine(sample);
      expect(whole.image.data).not.toEqual(sample.image.data);
      // Floats are not rounded to levels, in whatever there are.
      if (form.bits === 32)
        expect(new Set(whole.image.data).size).toBeGreaterThan(0.9 * whole.image.data.length);
      for (const tileSize of [15, 32, 50, 61, 70, 83]) {
        const tiled = await setUp(network, form, { tileSize }).refine(sample);
        expect(tiled.image.data, `tiles of ${tileSize}`).toEqual(whole.image.data);
      }
    }
  },
);

test('a picture of a form with a size is cut too where it is larger than a tile', async () => {
  const form = { channels: 1, bits: 8, width: 83, height: 61 } as const;
  const network = networks.gray.zero;
  const image = pictureOf(form, 83, 61);
  const whole = await setUp(network, { channels: 1, bits: 8 }).refine(image);
  expect(await setUp(network, form, { tileSize: 40 }).refine(image)).toEqual(whole);
});

test('light is matched by the statistics of the whole picture, not of its tiles', async () => {
  const form = forms.color;
  const network = networks.color.reflect;
  const real = datasetOf([1, 2].map((seed) => ({ id: `${seed}`, image: pictureOf(form, 40, 30, seed) })));
  const corrections = [
    { correction: 'shading', strength: 0.2 },
    { correction: 'blur', strength: 1 },
    { correction: 'histogram', strength: 1 },
    { correction: 'noise', strength: 0.05 },
  ] as const;
  const matcher = await createMatcher(corrections, real, { image: form, seed: 2 });
  const sample = { id: 'b', image: pictureOf(form, 75, 52, 3) };
  const [whole, tiled] = await Promise.all(
    [1000, 32].map((tileSize) => setUp(network, form, { matcher, tileSize }).refine(sample)),
  );
  expect(tiled).toEqual(whole);
  expect(tiled).not.toEqual(await setUp(network, form, { tileSize: 32 }).refine(sample));
});

test('large and small pictures may come in one stream, and nothing of a picture is read beside its own', async () => {
  const form = forms.gray;
  const network = networks.gray.zero;
  const large = pictureOf(form, 70, 90);
  const images = [cropImage(large, { left: 0, top: 0, width: 20, height: 30 }), large, large, large];
  const samples = images.map((image, i) => ({ id: `${i}`, image }));
  const refiner = setUp(network, form, { tileSize: 40 });
  const refined = await refiner.refine(samples);
  for (const [i, sample] of samples.entries()) expect(await refiner.refine(sample)).toEqual(refined[i]);
  // The same pixels with another id have other noise.
  expect(refined[1]!.image).not.toEqual(refined[2]!.image);
});

test('an engine whose bits depend on the size of a batch gets full runs of tiles alone', async () => {
  const form = forms.gray;
  const network = networks.gray.reflect;
  const shapes: string[] = [];
  const engine: Engine = {
    ...wasmEngine,
    isBatchInvariant: false,
    parallelItems: 2,
    compile(step, options) {
      expect(options).toEqual({ itemwise: true, placeInvariant: true });
      const program = wasmEngine.compile(step, options);
      return {
        run(inputs) {
          shapes.push(inputs.synthetic!.shape.join('x'));
          return program.run(inputs);
        },
        dispose: () => program.dispose(),
      };
    },
  };
  const image = pictureOf(form, 83, 61);
  const refined = await setUp(network, form, { engine, tileSize: 32 }).refine(image);
  expect(new Set(shapes)).toEqual(new Set(['4x32x32x1']));
  expect(refined).toEqual(await setUp(network, form).refine(image));
});

test('errors of an engine within a picture are thrown, and a picture of another form is refused', async () => {
  const form = forms.gray;
  const network = networks.gray.reflect;
  let runs = 0;
  const engine: Engine = {
    ...wasmEngine,
    compile(step, options) {
      const program = wasmEngine.compile(step, options);
      return {
        run: (inputs) => (++runs === 3 ? Promise.reject(new Error('out of memory')) : program.run(inputs)),
        dispose: () => program.dispose(),
      };
    },
  };
  const image = pictureOf(form, 83, 61);
  await expect(setUp(network, form, { engine, tileSize: 32 }).refine(image)).rejects.toThrow('out of memory');
  const color = pictureOf(forms.color, 83, 61);
  await expect(setUp(network, form, { tileSize: 32 }).refine(color)).rejects.toMatchObject({
    code: 'INVALID_IMAGE',
    message: expect.stringContaining('it has 3 channels, not 1'),
  });
});

test('opacity is carried along as it is, whole and in tiles', async () => {
  const form = { ...forms.color, keepsAlpha: true };
  const opaque = pictureOf(form, 70, 40);
  const alpha = Uint8Array.from({ length: 70 * 40 }, (_, i) => i & 255);
  const sample = { id: 'a', image: { ...opaque, alpha } };
  for (const tileSize of [100, 32]) {
    const refiner = setUp(networks.color.zero, form, { tileSize });
    const { image } = await refiner.refine(sample);
    expect(image.alpha).toEqual(alpha);
    const { image: without } = await refiner.refine({ id: 'a', image: opaque });
    expect({ ...without, alpha }).toEqual(image);
  }
});
