import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { labelGeometry } from './label-geometry-option.ts';

const { read } = labelGeometry('');

test('fields and their kinds come as pairs, from files, or both, the last one of a field counts', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'simgan-geometry-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const file = join(dir, 'labels.json');
  await writeFile(file, '{"pupil":"points","a=b":"box[]"}');
  expect(read([])).toBeUndefined();
  expect(read(['pupil=point, objects.bbox=box[]'])).toEqual({ pupil: 'point', 'objects.bbox': 'box[]' });
  expect(read([file, 'pupil=point'])).toEqual({ pupil: 'point', 'a=b': 'box[]' });
  await writeFile(file, '{"pupil":1}');
  expect(() => read([file])).toThrow('the kind of pupil is no text');
  await writeFile(file, '[1]');
  expect(() => read([file])).toThrow('is no JSON object of fields and their kinds');
  expect(() => read(['pupil'])).toThrow('expected FIELD=KIND, such as pupil=point, but received "pupil"');
});
