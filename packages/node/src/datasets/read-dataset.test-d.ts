import type { AnnotationSchema, Dataset, ImageForm, Sample } from '@simgan/core';
import { expectTypeOf, test } from 'vitest';
import type { JsonObject } from './dataset-format.ts';
import { readDataset } from './read-dataset.ts';

interface Gaze {
  readonly gaze: readonly [number, number];
}
declare const plugin: { name: string; image: ImageForm; annotation: AnnotationSchema<Gaze> };

test("samples have the schema's annotations where the folder is the plugin's, and JSON elsewhere", async () => {
  const read = await readDataset('out', plugin);
  if (read.annotations === 'plugin') expectTypeOf(read.samples).toEqualTypeOf<Dataset<Sample<Gaze>>>();
  else expectTypeOf(read.samples).toEqualTypeOf<Dataset<Sample<JsonObject | null>>>();
});
