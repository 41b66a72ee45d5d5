/** @file The page: `?task=tiny&steps=3` or, by default, the recipe quick for eyes. */
/// <reference lib="dom" />
import '@tensorflow/tfjs-backend-cpu';
import type { Image, TrainStep } from '@simgan/core';
import { compiledEngine } from '@simgan/core/engine';
import { createWgslRuntime } from '@simgan/tfjs-wgsl';
import * as tf from '@tensorflow/tfjs-core';
import { type Task, trainOn } from './training.ts';

const element = <Kind extends Element>(id: string) => document.getElementById(id) as unknown as Kind;
const status = element<HTMLElement>('status');

async function run(): Promise<void> {
  const query = new URLSearchParams(location.search);
  const task = (query.get('task') ?? 'eyes') as Task;
  const steps = Number(query.get('steps') ?? 800);
  // Steps are traced with TensorFlow.js, whose variables need a backend to rest on.
  await tf.setBackend('cpu');
  const runtime = await createWgslRuntime();
  const engine = compiledEngine(runtime, {
    name: 'webgpu',
    device: runtime.name,
    isBatchInvariant: false,
  });
  const start = performance.now();
  const {
    steps: taken,
    before,
    after,
  } = await trainOn(engine, task, {
    steps,
    onStep: (step) => {
      const rate = (step.step / (performance.now() - start)) * 1000;
      status.textContent = `step ${step.step} of ${step.steps}, ${rate.toFixed(1)} steps a second on ${runtime.name}`;
    },
  });
  draw(element('before'), before);
  draw(element('after'), after);
  await engine.dispose();
  (globalThis as { result?: readonly TrainStep[] }).result = taken;
  status.textContent = `done: ${taken.length} steps on ${runtime.name}`;
}

function draw(canvas: HTMLCanvasElement, { width, height, channels, data }: Image): void {
  Object.assign(canvas, { width, height });
  const context = canvas.getContext('2d')!;
  const pixels = context.createImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) pixels.data[4 * i + c] = data[i * channels + (channels === 3 ? c : 0)]!;
    pixels.data[4 * i + 3] = 255;
  }
  context.putImageData(pixels, 0, 0);
}

run().catch((error: Error) => {
  status.textContent = error.message;
  (globalThis as { failure?: string }).failure = error.message;
});
