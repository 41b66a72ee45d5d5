import { describe } from 'vitest';
import { kernelLaws } from '../../tfjs-trace/test/kernel-laws.ts';
import { useOracle } from '../../tfjs-trace/test/oracle.ts';
import { useDawn, withoutGpu } from './use-dawn.ts';

useOracle();
const runtime = useDawn();

// A case of each law; `KERNEL_LAWS=1` tries hundreds of shapes, which takes many minutes on a software driver.
const share = Number(process.env.KERNEL_LAWS ?? 0.01);

describe.skipIf(withoutGpu)(`kernels on a GPU${withoutGpu}`, () => {
  kernelLaws(runtime, share);
});
