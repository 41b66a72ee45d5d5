import { expect, test, vi } from 'vitest';
import { Collector } from '../test/call-cli.ts';
import { screenOf } from '../test/screen.ts';
import { createOutput, duration, progressItems } from './output.ts';
import type { TextStream } from './terminal-block.ts';

test('durations are short to read', () => {
  expect([0, 9.4, 59.4, 59.6, 101, 3600, 3725].map(duration)).toEqual([
    '0s',
    '9s',
    '59s',
    '1m 0s',
    '1m 41s',
    '1h 0m',
    '1h 2m',
  ]);
});

test('progress says how far, how fast, how long still', () => {
  expect(progressItems(120, 850, 7.2)).toEqual(['120/850', '14%', '7.20/s', '1m 41s left']);
  expect(progressItems(0, 10, undefined)).toEqual(['0/10', '0%']);
  expect(progressItems(999, 1000, 123.4)).toEqual(['999/1000', '99%', '123/s', '0s left']);
  expect(progressItems(10, 10, 123.4)).toEqual(['10/10', '100%', '123/s']);
  expect(progressItems(0, 0, undefined)).toEqual(['0/0', '0%']);
});

test('results go to stdout, all else to stderr', () => {
  const { stdout, stderr, output } = surroundings();
  output.note('a note');
  output.warn('careful');
  output.event('step', { step: 1 });
  output.result(['done', 'next'], { count: 1 });
  expect(stdout.text).toBe('done\nnext\n');
  expect(stderr.text).toBe('a note\nNote: careful\n');
});

test('with json stdout holds one object a line', () => {
  const { stdout, stderr, output } = surroundings({ json: true });
  output.note('a note');
  output.event('step', { step: 1, text: 'two\nlines' });
  output.result(['done'], { count: 1 });
  output.failure(['failed'], { code: 'USAGE' });
  expect(stdout.text).toBe(
    '{"event":"step","step":1,"text":"two\\nlines"}\n{"event":"result","count":1}\n{"event":"error","code":"USAGE"}\n',
  );
  expect(stderr.text).toBe('a note\nfailed\n');
});

const rows = [
  { label: 'losses', items: ['G_adv 0.81', 'L_reg 0.055', 'λ 1.9'] },
  { label: 'accuracy', items: ['D real 0.53 refined 0.70'] },
];

test('a terminal shows progress in place, a few times a second, and lines above it', () => {
  const { stderr, output } = surroundings({ isTTY: true, columns: 80 });
  vi.useFakeTimers({ toFake: ['performance'] });
  try {
    const progress = output.progress('train', 4);
    progress.update(1, rows);
    progress.update(2);
    expect(screenOf(stderr.text, 80)[0]).toBe('train      ━━━━━┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄  1/4  25%');
    vi.advanceTimersByTime(150);
    progress.update(3, rows);
    output.note('look      step 3');
    const view = [
      'train      ━━━━━━━━━━━━━━━┄┄┄┄┄  3/4  75%',
      'losses     G_adv 0.81  L_reg 0.055  λ 1.9',
      'accuracy   D real 0.53 refined 0.70',
    ];
    expect(screenOf(stderr.text, 80)).toEqual(['look      step 3', ...view]);
    output.failure(['It failed.'], {});
    output.note('And that is all.');
    expect(screenOf(stderr.text, 80)).toEqual([
      'look      step 3',
      ...view,
      'It failed.',
      'And that is all.',
    ]);
  } finally {
    vi.useRealTimers();
  }
});

test('a narrow terminal gets more lines, a low one fewer, and one that becomes narrower is drawn again', () => {
  const { stderr, output } = surroundings({ isTTY: true, columns: 80, rows: 24 });
  const progress = output.progress('train', 4);
  progress.update(1, rows);
  const wide = stderr.text;
  Object.assign(stderr, { columns: 30 });
  stderr.emit('resize');
  const narrow = [
    'train  ━━━━━┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄',
    ' 1/4  25%',
    'losses  G_adv 0.81',
    ' L_reg 0.055  λ 1.9',
    'accuracy',
    ' D real 0.53 refined 0.70',
  ];
  // The terminal wraps what it shows to its new width, then gets what was written since.
  expect(screenOf(wide, 30)).toHaveLength(6);
  expect(screenOf(wide + stderr.text.slice(wide.length), 30)).toEqual(narrow);
  expect(narrow.every(({ length }) => length < 30)).toBe(true);
  Object.assign(stderr, { columns: 12, rows: 4 });
  const before = stderr.text.length;
  stderr.emit('resize');
  expect(screenOf(stderr.text.slice(before), 12)).toEqual(['train', ' ━━━━━┄┄┄┄…', ' 1/4  25%']);
  progress.end();
  expect(stderr.listenerCount('resize')).toBe(0);
});

test('a terminal that cannot move its cursor is treated as a log', () => {
  vi.stubEnv('TERM', 'dumb');
  try {
    const { stderr, output } = surroundings({ isTTY: true });
    const progress = output.progress('train', 4);
    progress.update(4, rows);
    progress.end();
    expect(stderr.text).toBe(
      'train      4/4  100%  G_adv 0.81  L_reg 0.055  λ 1.9  D real 0.53 refined 0.70\n',
    );
  } finally {
    vi.unstubAllEnvs();
  }
});

test('the last state is shown when progress ends, however soon', () => {
  const { stderr, output } = surroundings({ isTTY: true, columns: 80 });
  const progress = output.progress('train', 4);
  progress.update(1);
  progress.update(4);
  progress.end();
  progress.end();
  output.result(['done'], {});
  expect(screenOf(stderr.text, 80)).toEqual(['train      ━━━━━━━━━━━━━━━━━━━━  4/4  100%']);
});

test('passing progress leaves nothing on a terminal and nothing in a log', () => {
  const terminal = surroundings({ isTTY: true });
  const log = surroundings();
  for (const { output } of [terminal, log]) {
    const progress = output.progress('read', 2, { passing: true });
    progress.update(1);
    progress.update(2);
    progress.end();
    output.note('real      2 pictures');
  }
  expect(terminal.stderr.text).toContain('1/2');
  expect(screenOf(terminal.stderr.text, 80)).toEqual(['real      2 pictures']);
  expect(log.stderr.text).toBe('real      2 pictures\n');
});

test('a log gets a line of progress now and then, and the rate of the last half minute', () => {
  const { stderr, output } = surroundings();
  vi.useFakeTimers({ toFake: ['performance'] });
  try {
    const progress = output.progress('train', 600);
    for (let step = 1; step <= 250; step++) {
      progress.update(step);
      vi.advanceTimersByTime(step <= 50 ? 400 : 100);
    }
    progress.end();
  } finally {
    vi.useRealTimers();
  }
  // 2.5 a second for 20 s, then 10 a second.
  expect(stderr.text).toBe(
    [
      'train      26/600  4%  2.50/s  3m 50s left',
      'train      51/600  8%  2.50/s  3m 40s left',
      'train      151/600  25%  5.00/s  1m 30s left',
      'train      250/600  41%  7.49/s  47s left',
      '',
    ].join('\n'),
  );
});

function surroundings({
  json = false,
  ...terminal
}: {
  json?: boolean;
  isTTY?: boolean;
  columns?: number;
  rows?: number;
} = {}) {
  const stdout = new Collector();
  const stderr = Object.assign(new Collector(), terminal);
  return { stdout, stderr, output: createOutput(stdout as TextStream, stderr as TextStream, json) };
}
