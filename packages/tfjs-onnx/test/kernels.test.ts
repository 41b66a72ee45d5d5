import { describe } from 'vitest';
import { kernelLaws } from '../../tfjs-trace/test/kernel-laws.ts';
import { useOracle } from '../../tfjs-trace/test/oracle.ts';
import { useRuntime } from './use-runtime.ts';

useOracle();

describe.each(['nchwc', 'standard'] as const)('layout %s', (layout) => {
  kernelLaws(useRuntime({ layout }));
});
