import type { InferenceSession } from '@simgan/onnxruntime';
import type { Facts } from './protocol.ts';

// The default cache of WebGPU's buffers makes large ones anew in every run.
const webgpu = { name: 'webgpu', storageBufferCacheMode: 'simple' } as const;
const PROVIDERS = { cpu: ['cpu'], gpu: [webgpu, 'cpu'], cuda: ['cuda', 'cpu'] } as const;

export function sessionOptions(device: Facts['device'], threads: number): InferenceSession.SessionOptions {
  return {
    executionProviders: PROVIDERS[device],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    // Without memory patterns, the arena reuses memory better: the same speed with half the memory.
    enableMemPattern: false,
    logSeverityLevel: 4,
    // Otherwise idle threads of one session spin and slow down the running session.
    extra: { session: { force_spinning_stop: '1' } },
  };
}
