import { mirrorTransform, simulate } from '@simgan/core';
import { expect, test } from 'vitest';
import { eyeSimulator } from '../simulator/eye-simulator.ts';
import { carryEye } from './carry-eye.ts';

test('an eye that is mirrored twice is itself, and once is the other one', async () => {
  const mirror = mirrorTransform({ width: 55, height: 35 });
  for await (const { annotation } of simulate(eyeSimulator({ closedRate: 0 }), { seed: 4, length: 20 })) {
    const other = carryEye(mirror, annotation);
    expect(other.side).toBe(annotation.side === 'left' ? 'right' : 'left');
    expect(other.openness).toBe(annotation.openness);
    expect(other.gaze!.yaw).toBeCloseTo(-annotation.gaze.yaw, 12);
    expect(other.headPose!.roll).toBeCloseTo(-annotation.headPose.roll, 12);
    // Still from the picture's right on clockwise.
    const [x, y] = other.irisCenter!;
    expect(other.iris![0]![0]).toBeGreaterThan(x);
    expect(other.iris![8]![1]).toBeGreaterThan(y);
    const again = carryEye(mirror, other);
    expect(again.side).toBe(annotation.side);
    for (const [index, point] of annotation.lidMargin.entries()) {
      expect(again.lidMargin![index]![0]).toBeCloseTo(point[0], 9);
      expect(other.lidMargin![index]![0]).toBeCloseTo(55 - point[0], 9);
    }
  }
});
