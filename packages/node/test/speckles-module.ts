/** @file The module of a plugin of which only the renderers matter, and which misbehaves as its options say. */
import { isMainThread } from 'node:worker_threads';
import { createImage, type Rng, SimganError, type Simulated, type Simulator } from '@simgan/core';

export interface SpecklesOptions {
  /** Cannot be made but in the main thread. */
  readonly mainThreadOnly?: boolean;
  /** Shares of the simulator's samples for which it throws a sentence of ours, a defect, or ends its thread. */
  readonly refuses?: number;
  readonly fails?: number;
  readonly exits?: number;
  /** Two 32-bit integers: the simulator waits in each sample until as many are under way as the second says. */
  readonly meeting?: SharedArrayBuffer;
  /** Milliseconds for which a sample blocks the main thread, and how many did. */
  readonly slow?: { readonly ms: number; readonly drawn: { count: number } };
}

export default function speckles(options: SpecklesOptions = {}): {
  simulator: Simulator<unknown>;
  standIn: Simulator<unknown>;
} {
  const { mainThreadOnly, refuses = 0, fails = 0, exits = 0, meeting, slow } = options;
  if (mainThreadOnly && !isMainThread) throw new Error('I am made in the main thread only');
  return {
    simulator(rng) {
      const fate = rng.fork('fate').next();
      if (fate < refuses) throw new SimganError('INVALID_ARGUMENT', 'It is too dark. Turn on the light.');
      if (fate < refuses + fails) throw new RangeError('The lamp burst.');
      if (fate < refuses + fails + exits) process.exit(7);
      if (meeting) meet(new Int32Array(meeting));
      if (slow && isMainThread) {
        slow.drawn.count += 1;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, slow.ms);
      }
      return draw(rng);
    },
    standIn: draw,
  };
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
