import {
  type DatasetReader,
  type Folder,
  flipTransform,
  type ImageSpec,
  movePoint,
  type Point,
  type Reject,
  readEach,
  type Sample,
  type Size,
} from '@simgan/core';
import { type EyeAnnotation, landmarkCounts } from '../annotation.ts';
import { clockwiseFromRight } from './carry-eye.ts';
import { gazeOfUnity, headPoseOfUnity } from './eye-angles.ts';
import { idOf, sampleOf, stemOf } from './eye-picture.ts';
import {
  checkWindow,
  defaultWindow,
  type EyeWindow,
  throughWindow,
  windowAround,
  windowInMiddle,
} from './eye-window.ts';
import { LabelProblem, parseObject, parseVector, parseVectors, valueAt } from './label-text.ts';

/** How {@link unityEyes} reads. */
export interface UnityEyesOptions {
  /**
   * What is cut out around the eye. Unless given, 1.5 times the eye's width in the form's proportions, as the
   * simulator frames its eyes. carpedm20's simulated-unsupervised-tensorflow cuts `{ width: 140, height: 84 }`
   * around the middle of the lid margin out of 640 x 480 and stretches it to 55 x 35.
   */
  readonly window?: EyeWindow;
}

/**
 * Reads what UnityEyes writes, `N.jpg` beside `N.json`, and UnityEyes2: the same with `ground_truth.gaze_vec`,
 * that alone, or several cameras' views in one `N.json` (`cameras.NAME`) beside `N_NAME.jpg`.
 *
 * Gaze, head pose, lid margin, caruncle, iris and side are taken as far as they are there; the iris' centre is the
 * mean of its points, and the side follows from where the caruncle is. A file that has a key has all of it: wrong
 * counts, what is not a finite number, points outside the picture, a missing half of the pair or a window that
 * stands out of the picture make it a reject (`7.json:iris_2d[3]`).
 *
 * After UnityEyes2's SynthesEyesServer.cs: points are Unity's screen pixels from the bottom left corner, directions
 * are in the camera's frame (x right, y up, z into the scene), `head_pose` is the camera's Euler angles.
 *
 * @throws SimganError INVALID_ARGUMENT if the window has no size.
 */
export function unityEyes({ window = defaultWindow }: UnityEyesOptions = {}): DatasetReader<EyeAnnotation> {
  checkWindow(window);
  return async (folder, options) => {
    const { views, rejects } = pairUp(folder.files);
    const read = await readEach(
      views,
      ({ picture }) => picture,
      (view) => readView(folder, view, window, options.image),
      options,
    );
    return { samples: read.samples, rejects: [...rejects, ...read.rejects] };
  };
}

/** A picture and where its labels are. */
interface View {
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
  for (const picture of files.filter((file) => PICTURE.test(file))) {
    const view = viewOf(picture, labels);
    if (view) {
      views.push(view);
      unused.delete(view.labels);
    } else rejects.push({ file: picture, reason: `Its labels ${stemOf(picture)}.json are missing.` });
  }
  for (const file of unused) {
    rejects.push({ file, reason: `Its picture ${stemOf(file)}.jpg is missing.` });
  }
  return { views, rejects };
}

function viewOf(picture: string, labels: ReadonlyMap<string, string>): View | undefined {
  const stem = stemOf(picture);
  const own = labels.get(stem);
  if (own !== undefined) return { picture, labels: own };
  for (let at = stem.indexOf('_'); at >= 0; at = stem.indexOf('_', at + 1)) {
    const shared = labels.get(stem.slice(0, at));
    if (shared !== undefined) return { picture, labels: shared, camera: stem.slice(at + 1) };
  }
  return undefined;
}

async function readView(
  folder: Folder,
  { picture, labels, camera }: View,
  window: EyeWindow,
  form: ImageSpec,
): Promise<Sample<EyeAnnotation> | Reject> {
  const decoded = await folder.picture(picture, form);
  try {
    const root = parseObject(await folder.read(labels));
    const annotation = annotationOf(viewWithin(root, camera), decoded.spec);
    const margin = annotation.lidMargin;
    const transform = throughWindow(
      decoded.spec,
      margin ? windowAround(margin, window, form) : windowInMiddle(decoded.spec, window, form),
      form,
    );
    if (typeof transform === 'string') return { file: picture, reason: transform };
    return sampleOf(idOf(stemOf(picture)), decoded, annotation, transform, form);
  } catch (error) {
    if (!(error instanceof LabelProblem)) throw error;
    return { file: error.key === '' ? labels : `${labels}:${error.key}`, reason: error.message };
  }
}

/** What is true of one camera's view; the eye's details are shared by all. */
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
    throw new LabelProblem(key, `${key} is ${length.toFixed(3)} long, and a direction is 1.`);
  }
  const annotation: EyeAnnotation = { gaze: gazeOfUnity([x, y, z]) };

  if (view.head_pose !== undefined) {
    const [pitch, yaw, roll] = parseVector(view.head_pose, 'head_pose', 3) as [number, number, number];
    annotation.headPose = headPoseOfUnity([pitch, yaw, roll]);
  }
  const iris = landmarks(view, 'iris_2d', landmarkCounts.iris, picture);
  if (iris) {
    annotation.iris = clockwiseFromRight(iris);
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

/** Points of the picture, from the bottom left corner to the top left; `undefined` if there are none. */
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

/** The caruncle's seven points come in no order: sorted about their middle, away from the outer corner and back. */
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
