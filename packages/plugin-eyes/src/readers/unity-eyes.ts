import {
  type DatasetReader,
  type Image,
  type Reject,
  type Sample,
  type Size,
  type SizedForm,
  sizedForm,
} from '@simgan/core';
import { flipTransform, movePoint, type Point } from '@simgan/core/geometry';
import { type Folder, idsOfFiles, readEach, stemOf } from '@simgan/core/reading';
import { type EyeAnnotation, landmarkCounts } from '../annotation.ts';
import { gazeOfUnity, headPoseOfUnity } from './eye-angles.ts';
import { sampleOf } from './eye-picture.ts';
import {
  checkWindow,
  defaultWindow,
  type EyeWindow,
  throughWindow,
  windowAround,
  windowInMiddle,
} from './eye-window.ts';
import {
  LARGEST_LABELS,
  LabelProblem,
  parseObject,
  parseVector,
  parseVectors,
  valueAt,
} from './label-text.ts';

/** Options for {@link unityEyes}. */
export interface UnityEyesOptions {
  /**
   * The window that is cut out around the eye. Default: `{ eyeWidths: 1.5 }`, 1.5 times the eye's width in the form's
   * aspect ratio, as the simulator frames its eyes. carpedm20's simulated-unsupervised-tensorflow cuts
   * `{ width: 140, height: 84 }` around the middle of the lid margin out of 640x480 and stretches it to 55x35.
   */
  readonly window?: EyeWindow;
}

/**
 * A reader of UnityEyes, `N.jpg` beside `N.json`, and of UnityEyes2: the same with `ground_truth.gaze_vec`, that alone,
 * or several cameras' views in one `N.json` (`cameras.NAME`) beside `N_NAME.jpg`.
 *
 * Gaze, head pose, lid margin, caruncle, iris and side are read where they are present; the iris' center is the mean
 * of its points, and the side follows from where the caruncle is. A key that is present must be complete: wrong
 * counts, numbers that are not finite, points outside the picture, a missing half of the pair and a window that
 * reaches beyond the picture make a reject (`7.json:iris_2d[3]`).
 *
 * After UnityEyes2's SynthesEyesServer.cs: points are Unity's screen pixels from the bottom left corner, directions
 * are in the camera's frame (x right, y up, z into the scene), `head_pose` is the camera's Euler angles.
 *
 * @throws SimganError INVALID_ARGUMENT if the window has no size.
 * @example
 * ```ts no-run
 * import { openFolder } from '@simgan/node';
 * import { unityEyes } from '@simgan/plugin-eyes';
 *
 * const folder = await openFolder('imgs');
 * const reader = unityEyes({ window: { eyeWidths: 1.3 } });
 * const { samples, rejects } = await reader(folder, { image: { width: 55, height: 35, channels: 1, bits: 8 } });
 * console.log(samples.length, rejects);
 * ```
 */
export function unityEyes({ window = defaultWindow }: UnityEyesOptions = {}): DatasetReader<EyeAnnotation> {
  checkWindow(window);
  return async (folder, options) => {
    const form = sizedForm(options.image);
    const { views, rejects } = pairUp(folder.files);
    const read = await readEach(
      views,
      ({ picture }) => picture,
      (view) => readView(folder, view, window, form),
      options,
    );
    return { samples: read.samples, rejects: [...rejects, ...read.rejects] };
  };
}

/** A picture and where its labels are. */
interface View {
  readonly id: string;
  readonly picture: string;
  readonly labels: string;
  /** The key of the view within `labels`, where one file holds several. */
  readonly camera?: string;
}

const PICTURE = /\.(jpe?g|png)$/i;

function pairUp(files: readonly string[]): { views: View[]; rejects: Reject[] } {
  const labels = new Map(files.filter((file) => /\.json$/i.test(file)).map((file) => [stemOf(file), file]));
  const unused = new Set(labels.values());
  const views: View[] = [];
  const rejects: Reject[] = [];
  const pictures = files.filter((file) => PICTURE.test(file));
  const ids = idsOfFiles(pictures);
  for (const [index, picture] of pictures.entries()) {
    const place = placeOf(picture, labels);
    if (place) {
      views.push({ id: ids[index]!, picture, ...place });
      unused.delete(place.labels);
    } else rejects.push({ file: picture, reason: `Its labels ${stemOf(picture)}.json are missing.` });
  }
  for (const file of unused) {
    rejects.push({ file, reason: `Its picture ${stemOf(file)}.jpg is missing.` });
  }
  return { views, rejects };
}

/** Where a picture's labels are: in a file of its name, or in that of the sample that several cameras saw. */
function placeOf(
  picture: string,
  labels: ReadonlyMap<string, string>,
): Pick<View, 'labels' | 'camera'> | undefined {
  const stem = stemOf(picture);
  const own = labels.get(stem);
  if (own !== undefined) return { labels: own };
  for (let at = stem.indexOf('_'); at >= 0; at = stem.indexOf('_', at + 1)) {
    const shared = labels.get(stem.slice(0, at));
    if (shared !== undefined) return { labels: shared, camera: stem.slice(at + 1) };
  }
  return undefined;
}

function readView(
  folder: Folder,
  view: View,
  window: EyeWindow,
  form: SizedForm,
): Promise<Sample<EyeAnnotation> | Reject> {
  return folder.picture(view.picture, form, (decoded) => labelView(folder, view, decoded, window, form));
}

async function labelView(
  folder: Folder,
  { id, picture, labels, camera }: View,
  decoded: Image,
  window: EyeWindow,
  form: SizedForm,
): Promise<Sample<EyeAnnotation> | Reject> {
  try {
    const root = parseObject(await folder.read(labels, LARGEST_LABELS));
    const annotation = annotationOf(viewWithin(root, camera), decoded);
    const margin = annotation.lidMargin;
    const transform = throughWindow(
      decoded,
      margin ? windowAround(margin, window, form) : windowInMiddle(decoded, window, form),
      form,
    );
    if (typeof transform === 'string') return { file: picture, reason: transform };
    return sampleOf({ id, file: picture }, decoded, annotation, transform, form);
  } catch (error) {
    if (!(error instanceof LabelProblem)) throw error;
    return { file: error.key === '' ? labels : `${labels}:${error.key}`, reason: error.message };
  }
}

/** The labels of one camera's view, or the whole object where there is one camera. */
function viewWithin(root: Record<string, unknown>, camera: string | undefined): Record<string, unknown> {
  if (camera === undefined) return root;
  const view = valueAt(root, 'cameras');
  const own = typeof view === 'object' && view !== null && Object.hasOwn(view, camera);
  if (!own) throw new LabelProblem('cameras', `It has no camera ${JSON.stringify(camera)}.`);
  return (view as Record<string, Record<string, unknown>>)[camera]!;
}

function annotationOf(view: Record<string, unknown>, picture: Size): EyeAnnotation {
  const key =
    valueAt(view, 'ground_truth.gaze_vec') === undefined ? 'eye_details.look_vec' : 'ground_truth.gaze_vec';
  if (valueAt(view, key) === undefined) {
    throw new LabelProblem('', 'It has neither eye_details.look_vec nor ground_truth.gaze_vec.');
  }
  const [x, y, z] = parseVector(valueAt(view, key), key, 3) as [number, number, number];
  const length = Math.hypot(x, y, z);
  if (Math.abs(length - 1) > 0.02) {
    throw new LabelProblem(
      key,
      `${key} has the length ${length.toFixed(3)}; the length of a direction is 1.`,
    );
  }
  const annotation: EyeAnnotation = { gaze: gazeOfUnity([x, y, z]) };

  if (view.head_pose !== undefined) {
    const [pitch, yaw, roll] = parseVector(view.head_pose, 'head_pose', 3) as [number, number, number];
    annotation.headPose = headPoseOfUnity([pitch, yaw, roll]);
  }
  const iris = landmarks(view, 'iris_2d', landmarkCounts.iris, picture);
  if (iris) {
    // UnityEyes' versions differ in order and start.
    annotation.iris = clockwiseFromRight(iris).map(([x, y]) => [x, y]);
    annotation.irisCenter = meanOf(iris);
  }
  const margin = landmarks(view, 'interior_margin_2d', landmarkCounts.lidMargin, picture);
  const caruncle = landmarks(view, 'caruncle_2d', landmarkCounts.caruncle, picture);
  if (margin) annotation.lidMargin = margin;
  if (margin && caruncle) {
    annotation.caruncle = aroundCorner(caruncle, margin[landmarkCounts.lidMargin / 2]!);
    annotation.side = meanOf(caruncle)[0] < margin[landmarkCounts.lidMargin / 2]![0] ? 'left' : 'right';
  }
  return annotation;
}

/** Points from Unity's screen, which counts from the bottom left corner, in the picture; `undefined` if there are none. */
function landmarks(
  view: Record<string, unknown>,
  key: string,
  count: number,
  picture: Size,
): [number, number][] | undefined {
  if (view[key] === undefined) return undefined;
  const flip = flipTransform(picture);
  return parseVectors(view[key], key, count, 2).map(([x, y], index) => {
    const point = movePoint(flip, [x!, y!]);
    if (point[0] < 0 || point[0] > picture.width || point[1] < 0 || point[1] > picture.height) {
      throw new LabelProblem(
        `${key}[${index}]`,
        `${key}[${index}] is at (${x}, ${y}), outside the picture of ${picture.width} x ${picture.height}.`,
      );
    }
    return point;
  });
}

/** The caruncle's seven points, which come in no order, sorted around their middle: from the upper lid around the inner corner. */
function aroundCorner(points: [number, number][], outer: Point): [number, number][] {
  const [x, y] = meanOf(points);
  const towards = Math.atan2(outer[1] - y, outer[0] - x);
  // From the direction of the outer corner, first over the upper lid's side, whichever eye it is.
  const turn = outer[0] > x ? -1 : 1;
  const angle = ([px, py]: Point) => {
    const away = turn * (Math.atan2(py - y, px - x) - towards);
    return ((away % (2 * Math.PI)) + 2 * Math.PI) % (2 * Math.PI);
  };
  return [...points].sort((a, b) => angle(a) - angle(b));
}

function meanOf(points: readonly Point[]): [x: number, y: number] {
  const sum = points.reduce<[number, number]>(([x, y], point) => [x + point[0], y + point[1]], [0, 0]);
  return [sum[0] / points.length, sum[1] / points.length];
}

/** The points of a closed outline clockwise from the rightmost one, whichever way round they come. */
function clockwiseFromRight(points: readonly Point[]): Point[] {
  let area = 0;
  let rightmost = 0;
  for (const [index, [x, y]] of points.entries()) {
    const [nextX, nextY] = points[(index + 1) % points.length]!;
    area += x * nextY - nextX * y;
    if (x > points[rightmost]![0] + 1e-9) rightmost = index;
  }
  // With y downwards, a positive area is a clockwise walk.
  const step = area >= 0 ? 1 : points.length - 1;
  return points.map((_, k) => points[(rightmost + k * step) % points.length]!);
}
