import { expect, test, vi } from 'vitest';
import { Collector } from '../test/call-cli.ts';
import { createOutput, duration, progressLine, type TextStream } from './output.ts';

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

test('a line of progress says what, how far, how fast, how long still', () => {
  expect(progressLine('train', 120, 850, 7.2, 'R: 1')).toBe(
    'train      120/850  14%  7.20/s  1m 41s left  R: 1',
  );
  expect(progressLine('refine', 0, 10, undefined, '')).toBe('refine     0/10  0%');
  expect(progressLine('refine', 999, 1000, 123.4, '')).toBe('refine     999/1000  99%  123/s  0s left');
  expect(progressLine('refine', 10, 10, 123.4, '')).toBe('refine     10/10  100%  123/s');
  expect(progressLine('read', 0, 0, undefined, '')).toBe('read       0/0  0%');
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

test('a terminal sees progress on one line, which is closed before anything else is written', () => {
  const { stderr, output } = surroundings({ isTTY: true, columns: 30 });
  vi.useFakeTimers({ toFake: ['performance'] });
  try {
    const progress = output.progress('train', 4);
    progress.update(1, 'a note that is far too long for thirty columns');
    progress.update(2);
    vi.advanceTimersByTime(150);
    progress.update(3);
    output.failure(['It failed.'], {});
    expect(stderr.text).toBe(
      '\rtrain      1/4  25%  a note t\u001b[K\rtrain      3/4  75%\u001b[K\nIt failed.\n',
    );
  } finally {
    vi.useRealTimers();
  }
});

test('the last state is shown when progress ends, however soon', () => {
  const { stderr, output } = surroundings({ isTTY: true, columns: 80 });
  const progress = output.progress('train', 4);
  progress.update(1);
  progress.update(4);
  progress.end();
  progress.end();
  expect(stderr.text).toBe('\rtrain      1/4  25%\u001b[K\rtrain      4/4  100%\u001b[K\n');
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
  expect(terminal.stderr.text).toBe('\rread       1/2  50%\u001b[K\r\u001b[Kreal      2 pictures\n');
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
} = {}) {
  const stdout = new Collector();
  const stderr = Object.assign(new Collector(), terminal);
  return { stdout, stderr, output: createOutput(stdout as TextStream, stderr as TextStream, json) };
}
