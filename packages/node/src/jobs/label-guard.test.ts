import { createImage, type Sample } from '@simgan/core';
import type { ShiftMeter } from '@simgan/core/evaluation';
import { expect, test } from 'vitest';
import { createLabelGuard } from './label-guard.ts';

const image = createImage({ width: 4, height: 4, channels: 1, bits: 8 });
const samples = ['steady', 'moved', 'gone', 'unseen'].map((id) => ({
  id,
  image,
  annotation: { before: id },
}));
/** A meter that knows what happened by the id, and that it is given the sample before and after. */
const meter: ShiftMeter = {
  quantity: 'pupilCenter',
  unit: 'px',
  async shiftOf({ synthetic, refined }) {
    expect(synthetic.annotation).toEqual({ before: refined.id });
    return ({ steady: 0.4, moved: 1.6, gone: 'lost', unseen: 'abstained' } as const)[refined.id as 'steady'];
  },
};
const original = async (id: string) => samples.find((sample) => sample.id === id)!;

async function* stream(): AsyncGenerator<Sample<unknown>> {
  yield* samples;
}

async function guarded(isDropping: boolean) {
  const guard = createLabelGuard(meter, 1, isDropping, original);
  const lines: Record<string, unknown> = {};
  for await (const { id } of guard.guard(stream())) lines[id] = guard.provenanceOf(id);
  return { guard, lines };
}

test('each line has how far its label moved, and those beyond the limit are flagged', async () => {
  const { guard, lines } = await guarded(false);
  const quantity = 'pupilCenter';
  expect(lines).toEqual({
    steady: { labelShift: { quantity, shift: 0.4, unit: 'px' } },
    moved: { labelShift: { quantity, shift: 1.6, unit: 'px', moved: true } },
    gone: { labelShift: { quantity, found: 'lost', moved: true } },
    unseen: { labelShift: { quantity, found: 'abstained' } },
  });
  expect(guard.rejects).toEqual([]);
});

test('samples that are dropped are rejects with a reason; what nobody could see stays', async () => {
  const { guard, lines } = await guarded(true);
  expect(Object.keys(lines)).toEqual(['steady', 'unseen']);
  expect([...guard.dropped]).toEqual(['moved', 'gone']);
  expect(guard.rejects).toEqual([
    { file: 'moved', reason: 'Its label (pupilCenter) moved 1.60 px, more than 1.', of: 'refined' },
    { file: 'gone', reason: 'Its label (pupilCenter) is not found after refinement.', of: 'refined' },
  ]);
});
