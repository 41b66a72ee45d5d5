import { join } from 'node:path';
import { expect, test } from 'vitest';
import { wasmEngine } from '../../../core/test/wasm-engine.ts';
import { blobs, writeRealPictures } from '../../test/blobs.ts';
import { filesBelow, temporaryFolder } from '../../test/folders.ts';
import type { JobEvent } from '../runs/events.ts';
import { openRefiner } from '../runs/open-refiner.ts';
import { augmentCameras } from './augment-cameras.ts';

const plugin = blobs();

test('each camera has a refiner and a dataset of its own, which are resumed and serve again', async () => {
  const cwd = await temporaryFolder();
  await writeRealPictures(join(cwd, 'a/day'), 8);
  await writeRealPictures(join(cwd, 'b/day'), 8);
  const job = { plugin, engine: wasmEngine, cwd, steps: 1, count: 4, cameras: ['a/day', 'b/day'] };
  // Interrupted in the second camera.
  const controller = new AbortController();
  const onEvent = (event: JobEvent) => {
    if (event.type === 'camera' && event.index === 1) controller.abort(new Error('Ctrl-C'));
  };
  const stopped = augmentCameras({ ...job, out: 'out', onEvent, signal: controller.signal });
  await expect(stopped).rejects.toThrow('Ctrl-C');
  const { dir, cameras } = await augmentCameras({ ...job, out: 'out', existing: 'resume' });
  expect(cameras.map(({ camera, resumed, count }) => [camera, resumed, count])).toEqual([
    ['day', 4, 4],
    ['day_2', 0, 4],
  ]);
  expect(cameras.map(({ dataset }) => dataset)).toEqual([
    join(dir, 'day/dataset'),
    join(dir, 'day_2/dataset'),
  ]);
  const refiner = await openRefiner(join(dir, 'day_2'), { plugin, engine: wasmEngine });
  expect(refiner.config?.real).toBe(join(cwd, 'b/day'));
  await refiner.dispose();
  const { steps: _, ...again } = job;
  const served = await augmentCameras({ ...again, out: 'again', refiner: 'out' });
  for (const [index, { dataset }] of served.cameras.entries()) {
    expect(await filesBelow(join(dataset, 'images'))).toEqual(
      await filesBelow(join(cameras[index]!.dataset, 'images')),
    );
  }
  await expect(
    augmentCameras({ ...job, cameras: ['a/day', 'a'], out: 'out', existing: 'resume' }),
  ).rejects.toThrow('was begun for other cameras');
  await expect(augmentCameras({ ...job, cameras: ['a/day', 'a/day'], out: 'x' })).rejects.toThrow(
    'a folder twice',
  );
});
