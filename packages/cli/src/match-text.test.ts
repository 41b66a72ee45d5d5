import { expect, test } from 'vitest';
import { formatMatch, parseMatch } from './match-text.ts';

test('what is written is read, and written again', () => {
  for (const text of ['none', 'auto', 'histogram', 'blur:0.7,histogram,noise:0.012', 'shading:0.2']) {
    expect(formatMatch(parseMatch(text))).toBe(text);
  }
  expect(parseMatch('blur:0.7, noise')).toEqual([
    { correction: 'blur', strength: 0.7 },
    { correction: 'noise' },
  ]);
  expect(formatMatch([])).toBe('none');
});

test('what cannot be read is said, all of it', () => {
  const expected =
    'expected none, auto, or some of shading, blur, sharpen, histogram, equalise, noise such as blur:0.7,histogram, but ';
  expect(() => parseMatch('blurr:0.7,noise:much,auto')).toThrow(
    `${expected}"blurr" is no correction: did you mean blur?; "noise:much" does not say how strong, as blur:0.7 does; auto stands alone`,
  );
  expect(() => parseMatch('')).toThrow(`${expected}"" is no correction`);
  expect(() => parseMatch('blur:')).toThrow('"blur:" does not say how strong');
  expect(() => parseMatch('blur:1:2')).toThrow('"blur:1:2" does not say how strong');
});
