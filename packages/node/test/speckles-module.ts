/** @file The module of a plugin that has only renderers, which misbehave as its options say. */
import { isMainThread } from 'node:worker_threads';
import { createImage, type Rng, SimganError, type Simulated, type Simulator } from '@simgan/core';

/** Something that can go wrong with a sample of the simulator. */
export type Mishap = keyof typeof mishaps;

export interface SpecklesOptions {
  /** The factory throws in any other thread. */
  readonly mainThreadOnly?: boolean;
  /** What goes wrong, with the share of samples it happens to. {@link fateOf} tells which. */
  readonly mishaps?: readonly (readonly [mishap: Mishap, share: number])[];
  /** Two 32-bit integers: how many samples the simulator has begun, and how many must be in progress to go on. */
  readonly meeting?: SharedArrayBuffer;
  /** Milliseconds that a sample blocks the main thread for, and how many did. */
  readonly slow?: { readonly ms: number; readonly drawn: { count: number } };
}

export default function speckles(options: SpecklesOptions = {}): {
  simulator: Simulator<unknown>;
  standIn: Simulator<unknown>;
} {
  const { mainThreadOnly, meeting, slow } = options;
  if (mainThreadOnly && !isMainThread) throw new Error('I am made in the main thread only');
  return {
    simulator(rng) {
      const fate = fateOf(rng, options);
      if (meeting) meet(new Int32Array(meeting));
      if (slow && isMainThread) {
        slow.drawn.count += 1;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, slow.ms);
      }
      return fate ? mishaps[fate](rng) : draw(rng);
    },
    standIn: draw,
  };
}

const mishaps = {
  refuses() {
    const problems = ['It is too dark.', 'The lamp is off.'];
    throw new SimganError('INVALID_ARGUMENT', 'It is too dark. Turn on the light.', { problems });
  },
  fails() {
    throw new RangeError('The lamp burst.');
  },
  /** Fails in threads alone, because its annotation cannot be sent. */
  async confides(rng) {
    return { ...(await draw(rng)), annotation: { secret: () => {} } };
  },
  exits() {
    process.exit(7);
  },
  /** Throws where no promise catches it. */
  explodes() {
    setTimeout(() => {
      throw new Error('The fuse blew.');
    });
    return new Promise(() => {});
  },
} satisfies Record<string, Simulator<unknown>>;

/** What happens to the sample of a random number generator. */
export function fateOf(rng: Rng, options: SpecklesOptions): Mishap | undefined {
  let fate = rng.fork('fate').next();
  return options.mishaps?.find(([, share]) => {
    fate -= share;
    return fate < 0;
  })?.[0];
}

/** One picture that is kept and handed out again and again. */
const night = createImage({ width: 6, height: 5, channels: 1, bits: 16 });

async function draw(rng: Rng): Promise<Simulated<unknown>> {
  const light = rng.next();
  const image = light < 0.2 ? night : { ...night, data: Uint16Array.from(night.data, () => rng.int(65_536)) };
  return { image, annotation: { light, zero: -0, places: [{ x: rng.normal(), 'größte Höhe': null }] } };
}

function meet(present: Int32Array): void {
  const size = present[1]!;
  const turn = Math.floor(Atomics.add(present, 0, 1) / size) + 1;
  Atomics.notify(present, 0);
  for (let here = Atomics.load(present, 0); here < turn * size; here = Atomics.load(present, 0)) {
    if (Atomics.wait(present, 0, here, 20_000) === 'timed-out') throw new Error('Nobody else came.');
  }
}
