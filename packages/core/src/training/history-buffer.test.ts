import { expect, test } from 'vitest';
import type { HostTensor } from '../host-tensor.ts';
import { createRng } from '../rng.ts';
import { HistoryBuffer } from './history-buffer.ts';

/** A batch of `batch` images of two pixels each, all with the value `mark`. */
const batchOf = (mark: number, batch = 4): HostTensor => ({
  data: new Float32Array(batch * 2).fill(mark),
  shape: [batch, 1, 2, 1],
});

/** The mark of each image of a batch. */
const marks = ({ data, shape }: HostTensor) =>
  Array.from({ length: shape[0]! }, (_, i) => {
    expect(data[2 * i]).toBe(data[2 * i + 1]);
    return data[2 * i]!;
  });

test('the buffer fills, and what comes out half is the past', () => {
  const buffer = new HistoryBuffer(8);
  const rng = createRng(1);
  expect(marks(buffer.mix(batchOf(1), rng.fork(1)))).toEqual([1, 1, 1, 1]);
  expect(buffer.size).toBe(2);
  expect(marks(buffer.mix(batchOf(2), rng.fork(2)))).toEqual([2, 2, 1, 1]);
  expect(buffer.size).toBe(4);
  const third = marks(buffer.mix(batchOf(3), rng.fork(3)));
  expect(third.slice(0, 2)).toEqual([3, 3]);
  expect(third.slice(2).every((mark) => mark < 3)).toBe(true);
  for (let mark = 4; mark < 20; mark++) buffer.mix(batchOf(mark), rng.fork(mark));
  expect(buffer.size).toBe(8);
});

test('a full buffer replaces half a batch of whole images at random places', () => {
  const rng = createRng(2);
  const buffer = new HistoryBuffer(10);
  for (let mark = 0; mark < 5; mark++) buffer.mix(batchOf(mark), rng.fork(mark));
  const places = new Set<number>();
  for (let mark = 100; mark < 140; mark++) {
    const before = buffer.entries.map((entry) => entry[0]!);
    buffer.mix(batchOf(mark), rng.fork(mark));
    const after = buffer.entries.map((entry) => [...entry]);
    const changed = after.flatMap((entry, i) => (entry[0] === before[i] ? [] : [i]));
    expect(changed).toHaveLength(2);
    for (const i of changed) expect(after[i]).toEqual([mark, mark]);
    for (const i of changed) places.add(i);
  }
  expect(places.size).toBe(10);
});

test('the past is drawn at random, from everywhere, without repetition', () => {
  const rng = createRng(3);
  const entries = Array.from({ length: 12 }, (_, i) => new Float32Array(2).fill(i));
  const seen = new Set<number>();
  const draws = new Set<string>();
  for (let draw = 0; draw < 60; draw++) {
    const past = marks(new HistoryBuffer(12, entries).mix(batchOf(99, 6), rng.fork(draw))).slice(3);
    expect(new Set(past).size).toBe(3);
    for (const mark of past) seen.add(mark);
    draws.add(past.join());
  }
  expect(seen.size).toBe(12);
  expect(draws.size).toBeGreaterThan(30);
});

test('the same source gives the same draw', () => {
  const mixed = () => {
    const buffer = new HistoryBuffer(
      4,
      Array.from({ length: 4 }, (_, i) => new Float32Array(2).fill(i)),
    );
    return marks(buffer.mix(batchOf(9), createRng(4)));
  };
  expect(mixed()).toEqual(mixed());
});

test('what is kept is a copy: a later write to the batch does not reach the past', () => {
  const buffer = new HistoryBuffer(4);
  const batch = batchOf(1);
  buffer.mix(batch, createRng(5));
  batch.data.fill(7);
  expect(buffer.entries.map((entry) => entry[0])).toEqual([1, 1]);
});

test('capacity 0 turns the history off, and an odd batch keeps its size', () => {
  const off = new HistoryBuffer(0);
  for (let mark = 0; mark < 3; mark++)
    expect(marks(off.mix(batchOf(mark), createRng(6)))).toEqual([mark, mark, mark, mark]);
  expect(off.size).toBe(0);
  const odd = new HistoryBuffer(3);
  odd.mix(batchOf(1, 3), createRng(7));
  expect(marks(odd.mix(batchOf(2, 3), createRng(8)))).toEqual([2, 2, 1]);
});
