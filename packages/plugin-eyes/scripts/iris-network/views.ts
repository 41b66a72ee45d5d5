import {
  createRng,
  type Dataset,
  datasetOf,
  imageOf,
  type Rng,
  type Sample,
  type SizedForm,
  simulate,
} from '@simgan/core';
import type { CompleteEyeAnnotation } from '../../src/annotation.ts';
import { type Ellipse, ellipseThrough } from '../../src/probe/ellipse.ts';
import { units } from '../../src/probe/iris-network.ts';
import { type Plane, standardPlane } from '../../src/probe/plane.ts';
import { VIEW_SIDE, type ViewPose, viewAt } from '../../src/probe/view.ts';
import { eyeSimulator } from '../../src/simulator/eye-simulator.ts';
import { degraded } from './degrade.ts';

/** The form of a view. */
export const viewForm: SizedForm = { width: VIEW_SIDE, height: VIEW_SIDE, channels: 1, bits: 8 };

/** The network's target for a view; only `isPresent` counts where there is no iris near its middle. */
export interface ViewLabel {
  readonly isPresent: boolean;
  /** In units of the network's outputs: center x and y, radius, foreshortening x and y. */
  readonly values: readonly [number, number, number, number, number];
}

/** The largest distance from a view's middle to the iris' center at which the iris counts as present, pixels. */
const NEAR = 6.5;
/** Eyes that are less open than this show too little of the iris. */
const SHUT = 0.12;

interface Eye {
  readonly plane: Plane;
  readonly iris: Ellipse;
  readonly isOpen: boolean;
}

/** Views per degraded picture of an eye. */
const VIEWS_PER_LOOK = 4;

/**
 * Views of simulated eyes, on irises and beside them; the same seed gives the same views.
 *
 * @param size - `eyes`: rendered eyes. `looks`: degraded pictures of them, of {@link VIEWS_PER_LOOK} views each.
 */
export async function simulatedViews(
  seed: number,
  { eyes: count, looks }: { eyes: number; looks: number },
): Promise<Dataset<Sample<ViewLabel>>> {
  const simulator = eyeSimulator({
    gazePitch: [-25, 25],
    gazeYaw: [-35, 35],
    headRoll: [-12, 12],
    closedRate: 0.1,
    blinkRate: 0.1,
  });
  const eyes: Eye[] = [];
  for await (const { image, annotation } of simulate(simulator, { seed, length: count })) {
    eyes.push(eyeOf(standardPlane(image, image.width), annotation));
  }
  const views: Sample<ViewLabel>[] = [];
  for (let index = 0; index < looks; index++) {
    const rng = createRng(seed).fork('views').fork(index);
    const eye = eyes[index % eyes.length]!;
    const look = degraded(eye.plane, rng.fork('look'));
    for (let i = 0; i < VIEWS_PER_LOOK; i++) views.push(drawView(eye, look, rng, `${index}-${i}`));
  }
  return datasetOf(views);
}

function eyeOf(plane: Plane, { iris, openness }: CompleteEyeAnnotation): Eye {
  return { plane, iris: ellipseThrough(iris), isOpen: openness > SHUT };
}

function drawView({ iris, isOpen }: Eye, look: Plane, rng: Rng, id: string): Sample<ViewLabel> {
  const pose: ViewPose = {
    pitch: Math.exp(0.1 * Math.max(-2, Math.min(2, rng.normal()))),
    turn: 0.12 * rng.normal(),
    isMirrored: rng.next() < 0.5,
  };
  const [x, y] = drawMiddle(iris, look, rng);
  const view = viewAt(look, x, y, pose);
  const distance = Math.hypot(iris.x - x, iris.y - y);
  return {
    id,
    image: imageOf(
      Uint8Array.from(view, (value) => Math.round(127.5 + 127.5 * value)),
      viewForm,
    ),
    annotation: { isPresent: isOpen && distance <= NEAR, values: labelIn(iris, x, y, pose) },
  };
}

/** Mostly near the iris, normally distributed around its center; a quarter anywhere in the picture. */
function drawMiddle(iris: Ellipse, { width, height }: Plane, rng: Rng): [x: number, y: number] {
  if (rng.next() < 0.25) return [width * (0.1 + 0.8 * rng.next()), height * (0.15 + 0.7 * rng.next())];
  const distance = rng.next() < 0.6 ? 1.2 : 3;
  return [iris.x + distance * rng.normal(), iris.y + distance * rng.normal()];
}

/** The iris in the coordinates of a view, in units of the network's outputs. */
export function labelIn(
  { x, y, major, minor, angle }: Ellipse,
  middleX: number,
  middleY: number,
  { pitch, turn, isMirrored }: ViewPose,
): ViewLabel['values'] {
  const side = isMirrored ? -1 : 1;
  const [px, py] = [(x - middleX) / pitch, (y - middleY) / pitch];
  const dx = side * (px * Math.cos(turn) + py * Math.sin(turn));
  const dy = -px * Math.sin(turn) + py * Math.cos(turn);
  const lack = 1 - minor / major;
  const shorter = side * (angle + Math.PI / 2 - turn);
  return [
    dx / units.center,
    dy / units.center,
    (major / pitch - units.usualRadius) / units.radius,
    (lack * Math.cos(2 * shorter)) / units.foreshortening,
    (lack * Math.sin(2 * shorter)) / units.foreshortening,
  ];
}
