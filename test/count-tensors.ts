import { afterEach, beforeEach, expect } from 'vitest';

/** tfjs keeps one engine per process under this name, whichever copy of it a test imports. */
interface TensorflowGlobal {
  _tfengine?: { state: { numTensors: number } };
}

const count = () => (globalThis as TensorflowGlobal)._tfengine?.state.numTensors ?? 0;
let before = 0;

beforeEach(() => {
  before = count();
});

afterEach(() => {
  expect(count(), 'tensors left behind by the test').toBe(before);
});
