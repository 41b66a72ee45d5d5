import type { TrainStep } from '@simgan/core';
import type { JobEvent } from '@simgan/node';
import { expect, test } from 'vitest';
import { Collector } from '../test/call-cli.ts';
import { screenOf } from '../test/screen.ts';
import { eventsOf } from '../test/spawn-cli.ts';
import { createOutput } from './output.ts';
import { createPresenter, shiftRows, stepRows } from './presenter.ts';

const step: TrainStep = {
  phase: 'adversarial',
  step: 3,
  steps: 6,
  refiner: { loss: 1, adversarial: 0.811, adversarialSum: 81.1, regularization: 0.0554, lambda: 1.94 },
  discriminator: { loss: 0.7, lossSum: 70, accuracyOnRefined: 0.704, accuracyOnReal: 0.531 },
};

test('a step is its losses by their names, and how often D is right', () => {
  const accuracy = { label: 'accuracy', items: ['D real 0.53 refined 0.70'] };
  const losses = ['G_adv 0.81', 'L_reg 0.055', 'λ 1.9'];
  expect(stepRows(step)).toEqual([{ label: 'losses', items: losses }, accuracy]);
  const moving: TrainStep = {
    ...step,
    refiner: { ...step.refiner, displacement: 1.204, displacementLambda: 2 },
  };
  expect(stepRows(moving)[0]!.items).toEqual([...losses, 'moved 1.20 px²']);
  expect(stepRows({ phase: 'refiner warm-up', step: 1, steps: 6, regularization: 0.25 })).toEqual([
    { label: 'phase', items: ['warm-up of R'] },
    { label: 'losses', items: ['L_reg 0.250'] },
  ]);
  const { discriminator } = step;
  expect(stepRows({ phase: 'discriminator warm-up', step: 1, steps: 6, discriminator })).toEqual([
    { label: 'phase', items: ['warm-up of D'] },
    accuracy,
  ]);
  const moved = { mean: 0.421, std: 0.3, unit: 'px', count: 24, lost: 0, abstained: 0 };
  expect(shiftRows({ labels: { pupil: moved } })).toEqual([
    { label: 'labels', items: ['pupil moved 0.42 ± 0.30 px'] },
  ]);
  expect(shiftRows({ labels: { pupil: { ...moved, count: 0 } } })[0]!.items).toEqual(['pupil not found']);
  expect(shiftRows({ labels: {} })).toEqual([]);
});

test('machines get every event but progress', () => {
  const events: JobEvent[] = [
    { type: 'engine', name: 'wasm', device: 'cpu', passedOver: [] },
    { type: 'progress', phase: 'read', done: 1, total: 2 },
    { type: 'real', origin: '/photos', count: 2, rejects: 0, format: 'depth' },
    { type: 'step', ...step },
    { type: 'warning', message: 'Pass `real`.' },
    { type: 'resume', phase: 'train', done: 3, total: 6 },
  ];
  const { stdout } = present(events, { json: true });
  expect(eventsOf(stdout)).toEqual(
    events
      .filter(({ type }) => type !== 'progress')
      .map(({ type, ...fields }) => ({ event: type, ...fields })),
  );
});

test('why a GPU is used, or is not, is said with figures', () => {
  const figures = 'a step of this training takes 8.0 ms on the GPU and 80.0 ms on the CPU';
  const slower = 'a step of this training takes 80.0 ms on the GPU and 8.0 ms on the CPU.';
  const { stderr } = present([
    { type: 'engine', name: 'webgpu', device: 'gpu', passedOver: [], remark: figures },
    {
      type: 'engine',
      name: 'onnx',
      device: 'cpu',
      passedOver: [{ name: 'webgpu', reason: slower, isSlower: true }],
    },
  ]);
  expect(stderr.split('\n')).toEqual([
    `engine    webgpu (gpu; ${figures})`,
    'engine    onnx (cpu)',
    `webgpu is not faster: ${slower}`,
    '',
  ]);
});

test('people get a line for what happened, with options as they type them', () => {
  const { stdout, stderr } = present([
    {
      type: 'engine',
      name: 'wasm',
      device: 'cpu',
      passedOver: [{ name: 'onnx', reason: 'It is not there.' }],
    },
    { type: 'warning', message: 'Pass `real` or `batchSize`.' },
    { type: 'real', origin: 'stand-in', count: 2048, rejects: 0 },
    { type: 'resume', phase: 'train', done: 3, total: 6 },
  ]);
  expect(stdout).toBe('');
  const [engine, ...lines] = stderr.split('\n');
  expect(engine).toContain('onnx would come first');
  expect(lines).toEqual([
    'Note: Pass --real or --batch-size.',
    'resume    3 of 6 training steps were done already',
    '',
  ]);
});

const moment: JobEvent = {
  ...{ type: 'moment', file: '', step: 3, change: 0.02 },
  labels: { pupil: { mean: 0.421, std: 0.3, unit: 'px', count: 24, lost: 0, abstained: 0 } },
};
const trained: readonly JobEvent[] = [
  { type: 'progress', phase: 'train', done: 0, total: 6 },
  { type: 'step', ...step },
  moment,
  { type: 'progress', phase: 'train', done: 3, total: 6 },
  { type: 'warning', message: 'Mind the `lambda`.' },
  { type: 'progress', phase: 'train', done: 6, total: 6, detail: 'update 1/2' },
  { type: 'progress', phase: 'refine', done: 1, total: 4 },
];

test('a terminal shows each phase in a few rows at its bottom, below what is said meanwhile', () => {
  const { stderr } = present(trained, { isTTY: true });
  expect(screenOf(stderr, 120)).toEqual([
    'Note: Mind the --lambda.',
    'train      ━━━━━━━━━━━━━━━━━━━━  6/6  100%',
    'losses     G_adv 0.81  L_reg 0.055  λ 1.9',
    'accuracy   D real 0.53 refined 0.70',
    'labels     pupil moved 0.42 ± 0.30 px',
    '           update 1/2',
    'refine     ━━━━━┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄  1/4  25%',
  ]);
});

test('a log has the same on one line', () => {
  expect(present(trained).stderr.split('\n')).toEqual([
    'Note: Mind the --lambda.',
    'train      6/6  100%  G_adv 0.81  L_reg 0.055  λ 1.9  D real 0.53 refined 0.70  pupil moved 0.42 ± 0.30 px  update 1/2',
    'refine     1/4  25%',
    '',
  ]);
});

function present(
  events: readonly JobEvent[],
  { json = false, isTTY = false }: { json?: boolean; isTTY?: boolean } = {},
) {
  const stdout = new Collector();
  const stderr = Object.assign(new Collector(), { isTTY, columns: 120 });
  const presenter = createPresenter(createOutput(stdout, stderr, json));
  for (const event of events) presenter.onEvent(event);
  presenter.end();
  return { stdout: stdout.text, stderr: stderr.text };
}

test('looks say what was judged, and the end what looking cost', () => {
  const signals = { step: 400, distance: 4.21, distanceBefore: 39.5 };
  const labels = { unit: 'px', median: 0.31, p95: 1, lost: 0, found: 90 };
  const use = { verdict: 'worse', score: 0.641, raw: 0.7, noise: 0.02, reason: 'Because.' };
  const outcome = { steps: 850, best: 400, ended: 'all steps of the recipe are done', symptoms: [] };
  const { stderr } = present([
    { type: 'look', signals: { ...signals, labels, use }, symptoms: [], best: 400 },
    { type: 'look', signals, symptoms: [], best: 300 },
    { type: 'outcome', ...outcome, timeShares: { looks: 0.034, use: 0.12 } },
    { type: 'outcome', ...outcome, timeShares: { looks: 0.034, use: 0 } },
  ] as unknown as JobEvent[]);
  const end =
    'trained   ended after 850 steps: all steps of the recipe are done; the refiner of step 400 is used';
  expect(stderr.split('\n')).toEqual([
    'look      step 400: distance to real 4.21 (synthetic 39.5), labels moved 0.31 px, use worse (0.64, raw 0.70), the best so far',
    'look      step 400: distance to real 4.21 (synthetic 39.5)',
    end,
    '          looks took 3.4% of the time, judging use 12%',
    end,
    '          looks took 3.4% of the time',
    '',
  ]);
});
