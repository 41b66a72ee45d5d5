import { describe } from 'vitest';
import { kernelLaws } from '../../tfjs-trace/test/kernel-laws.ts';
import { useOracle } from '../../tfjs-trace/test/oracle.ts';
import { useDawn, withoutGpu } from './use-dawn.ts';

useOracle();
const runtime = useDawn();

// `KERNEL_LAWS=1` tries hundreds of shapes, which takes minutes on a software driver.
const share = Number(process.env.KERNEL_LAWS ?? 0.1);

describe.skipIf(withoutGpu)(`kernels on a GPU${withoutGpu}`, () => {
  kernelLaws(runtime, share);
});
