import type { InferenceSession } from 'onnxruntime-node';
import type { Facts } from './protocol.ts';

const PROVIDERS = { cpu: ['cpu'], gpu: ['webgpu', 'cpu'], cuda: ['cuda', 'cpu'] } as const;

export function sessionOptions(device: Facts['device'], threads: number): InferenceSession.SessionOptions {
  return {
    executionProviders: PROVIDERS[device],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    // The arena alone reuses memory better than planned patterns do: the same speed at half the size.
    enableMemPattern: false,
    logSeverityLevel: 4,
    // Else the idle threads of one program spin and slow the running one.
    extra: { session: { force_spinning_stop: '1' } },
  };
}
