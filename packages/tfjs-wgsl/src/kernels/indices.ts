/** Index arithmetic with constants: row-major strides, coordinates and broadcasting. */
import { type Shape, size } from '@simgan/tfjs-trace/graph';

/** Elements between neighbors along each axis. */
export const stridesOf = (shape: Shape): number[] => shape.map((_, axis) => size(shape.slice(axis + 1)));

/** The coordinate of element `index` along each axis of `shape`. */
export function coordinatesOf(index: string, shape: Shape): string[] {
  const strides = stridesOf(shape);
  return shape.map((length, axis) => {
    if (length === 1) return '0u';
    const quotient = strides[axis] === 1 ? index : `(${index}) / ${strides[axis]}u`;
    return axis === 0 || shape.slice(0, axis).every((before) => before === 1)
      ? `(${quotient})`
      : `((${quotient}) % ${length}u)`;
  });
}

/** The element at coordinates. */
export function elementAt(coordinates: readonly string[], shape: Shape): string {
  const strides = stridesOf(shape);
  const terms = coordinates.flatMap((at, axis) =>
    at === '0u' ? [] : [strides[axis] === 1 ? at : `${at} * ${strides[axis]}u`],
  );
  return terms.length > 0 ? `(${terms.join(' + ')})` : '0u';
}

/**
 * Where an operand of shape `to` is read for element `index` of a result of shape `from`, to which it broadcasts. `same`:
 * at the index itself; `run`: four neighbors of the result read four neighbors; `repeat`: they read one element;
 * `scattered`: neither.
 */
export interface Reading {
  readonly kind: 'same' | 'run' | 'repeat' | 'scattered';
  at(index: string): string;
}

export function readingOf(from: Shape, to: Shape): Reading {
  const aligned = from.map((_, axis) => to.at(axis - from.length) ?? 1);
  const axes = from
    .map((length, axis) => ({ length, isRead: aligned[axis] !== 1 }))
    .filter(({ length }) => length > 1);
  if (axes.every(({ isRead }) => isRead)) return { kind: 'same', at: (index) => index };
  if (axes.every(({ isRead }) => !isRead)) return { kind: 'repeat', at: () => '0u' };
  const merged: { length: number; isRead: boolean }[] = [];
  for (const axis of axes) {
    const last = merged.at(-1);
    if (last?.isRead === axis.isRead) last.length *= axis.length;
    else merged.push({ ...axis });
  }
  const lengths = merged.map(({ length }) => length);
  const read = merged.map(({ length, isRead }) => (isRead ? length : 1));
  const inner = merged.at(-1)!;
  return {
    kind: inner.length % 4 !== 0 ? 'scattered' : inner.isRead ? 'run' : 'repeat',
    at: (index) =>
      elementAt(
        coordinatesOf(index, lengths).map((at, axis) => (merged[axis]!.isRead ? at : '0u')),
        read,
      ),
  };
}
