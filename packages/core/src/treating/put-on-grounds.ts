import { mapDataset } from '../dataset.ts';
import { createPixels, type Image, type ImageForm, imageRange } from '../image.ts';
import { createRng, type Rng } from '../rng.ts';
import type { Sample } from '../sample.ts';
import type { GroundsPlan } from './plan-grounds.ts';
import type { Treatment } from './treatment.ts';

/** The plain ground that a renderer leaves. */
type PlainGround = Pick<GroundsPlan, 'color' | 'grain'>;

/** A ground is a square part of a real picture, mirrored at its edges: a share of the shorter side. */
const PART = { least: 0.3, most: 0.7 } as const;
/** Pixels this close to the plain ground may be mixed with it. */
const EDGE = 2;
/** A pixel at the edge that differs from the ground by this share of the range is content alone. */
const WHOLE = 0.25;

/**
 * Puts parts of real pictures behind content that stands on a plain ground: another one behind each picture, so that
 * networks learn the content and no ground (Dwibedi et al., "Cut, paste and learn", ICCV 2017, with grounds of the real
 * set). A part is mirrored to fill the picture, at its own scale, so that it shows no whole thing. In half of the pictures
 * content covers its ground; in the other half it is the absolute difference of both, as in MNIST-M (Ganin et al., JMLR
 * 2016), so that content comes lighter and darker than what is behind it. Nothing moves, and annotations stay as they
 * are; pictures with an opacity of their own are left alone.
 *
 * @param domain - the form of the pictures.
 * @param plan - see {@link planGrounds}.
 * @param seed - which part goes behind which picture, and how.
 * @example
 * const { plan } = await planGrounds({ synthetic, real, image });
 * const grounded = plan ? putOnGrounds(plugin, plan, 1).treat(synthetic) : synthetic;
 */
export function putOnGrounds(
  { image: form }: { readonly image: ImageForm },
  plan: GroundsPlan,
  seed: number,
): Treatment {
  const rng = createRng(seed).fork('grounds');
  const treatOne = <Annotation>(sample: Sample<Annotation>): Sample<Annotation> => {
    if (sample.image.alpha) return sample;
    const source = rng.fork(sample.id);
    const ground = drawGround(plan.pictures[source.int(plan.pictures.length)]!, sample.image, source);
    const isCovering = source.fork('covering').next() < 0.5;
    return { ...sample, image: combine(sample.image, ground, { ...plan, isCovering, form }) };
  };
  return {
    name: 'grounded',
    describe: () =>
      `parts of ${plan.pictures.length} real pictures behind the content, which covers them in half of the pictures and differs from them in the others`,
    apply: treatOne,
    treat: (samples) => mapDataset(samples, treatOne),
  };
}

/** A part of a picture, mirrored to fill another. `[height, width, channels]`. */
function drawGround(source: Image, { width, height, channels }: Image, rng: Rng): Float64Array {
  const shorter = Math.min(source.width, source.height);
  const share = PART.least + (PART.most - PART.least) * rng.next();
  const side = Math.max(1, Math.round(share * shorter));
  const [left, top] = [rng.int(source.width - side + 1), rng.int(source.height - side + 1)];
  const [startX, startY] = [rng.int(2 * side), rng.int(2 * side)];
  const isTurned = rng.next() < 0.5;
  const ground = new Float64Array(width * height * channels);
  for (let y = 0; y < height; y++) {
    const down = mirrored(y + startY, side);
    for (let x = 0; x < width; x++) {
      const across = mirrored(x + startX, side);
      const [column, row] = isTurned ? [down, across] : [across, down];
      const from = ((top + row) * source.width + left + column) * channels;
      const to = (y * width + x) * channels;
      for (let channel = 0; channel < channels; channel++) {
        ground[to + channel] = source.data[from + channel]!;
      }
    }
  }
  return ground;
}

function mirrored(position: number, length: number): number {
  const within = position % (2 * length);
  return within < length ? within : 2 * length - 1 - within;
}

function combine(
  image: Image,
  ground: Float64Array,
  { form, isCovering, ...plain }: PlainGround & { readonly form: ImageForm; readonly isCovering: boolean },
): Image {
  const { width, height, channels, bits } = image;
  const [low, high] = imageRange(form);
  const share = contentShare(image, plain, high - low);
  const data = createPixels(bits, width * height * channels);
  for (let at = 0; at < data.length; at++) {
    const content = share[Math.floor(at / channels)]!;
    const [own, color, behind] = [image.data[at]!, plain.color[at % channels]!, ground[at]!];
    const covering = own + (1 - content) * (behind - color);
    const differing = content === 0 ? behind : low + Math.abs(Math.abs(own - color) - (behind - low));
    data[at] = Math.min(high, Math.max(low, Math.round(isCovering ? covering : differing)));
  }
  return { ...image, data };
}

/**
 * How much of each pixel is content, 0 to 1, `[height, width]`: none where it is as the plain ground, all elsewhere, and
 * a part at the edge, where renderers mix both.
 */
function contentShare(
  { width, height, channels, data }: Image,
  plain: PlainGround,
  range: number,
): Float64Array {
  const distances = new Float64Array(width * height);
  for (let at = 0; at < data.length; at++) {
    const pixel = Math.floor(at / channels);
    distances[pixel] = Math.max(distances[pixel]!, Math.abs(data[at]! - plain.color[at % channels]!));
  }
  const isGround = (x: number, y: number) =>
    x >= 0 && y >= 0 && x < width && y < height && distances[y * width + x]! <= plain.grain;
  const isBeside = (x: number, y: number) => {
    for (let dy = -EDGE; dy <= EDGE; dy++) {
      for (let dx = -EDGE; dx <= EDGE; dx++) if (isGround(x + dx, y + dy)) return true;
    }
    return false;
  };
  return distances.map((distance, pixel) => {
    if (distance <= plain.grain) return 0;
    const part = (distance - plain.grain) / (WHOLE * range);
    return part >= 1 || !isBeside(pixel % width, Math.floor(pixel / width)) ? 1 : part;
  });
}
