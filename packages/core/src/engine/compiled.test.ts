import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import { expect, test } from 'vitest';
import { compiledEngine, type StepCompiler } from './compiled.ts';

/** Fails as a GPU does that was lost in the middle of a step. */
function lostRuntime(error: Error): StepCompiler {
  const fail = () => Promise.reject(error);
  return {
    compile: () => ({ run: fail, dispose: async () => {} }),
    writeBack: fail,
    dispose: async () => {},
  };
}

test('what a GPU does not do is an error for people, and anything else stays a bug', async () => {
  const facts = { name: 'webgpu', device: 'a GPU', isBatchInvariant: false };
  const lost = Object.assign(new Error('The GPU was lost.'), { name: 'StepError' });
  const engine = compiledEngine(lostRuntime(lost), facts);
  const expected = { name: 'SimganError', code: 'ENGINE_FAILED', message: 'The GPU was lost.', cause: lost };
  await expect(engine.compile(() => ({ y: tf.scalar(1) })).run({})).rejects.toMatchObject(expected);
  await expect(engine.read([])).rejects.toMatchObject(expected);
  const bug = new TypeError('x is undefined');
  await expect(compiledEngine(lostRuntime(bug), facts).read([])).rejects.toBe(bug);
});
