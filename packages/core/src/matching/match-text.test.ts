import { expect, test } from 'vitest';
import { formatMatch, parseMatch } from './match-text.ts';

test('settings survive formatting and parsing', () => {
  for (const text of [
    'none',
    'auto',
    'light',
    'histogram',
    'blur:0.7,histogram,noise:0.012,jpeg:0.4',
    'shading:0.2',
  ]) {
    expect(formatMatch(parseMatch(text))).toBe(text);
  }
  expect(parseMatch('blur:0.7, noise')).toEqual([
    { correction: 'blur', strength: 0.7 },
    { correction: 'noise' },
  ]);
  expect(formatMatch([])).toBe('none');
});

test('everything that cannot be read or applied is reported at once', () => {
  const problemsOf = (text: string) => {
    try {
      parseMatch(text);
    } catch (error) {
      return error;
    }
    return undefined;
  };
  const names = 'shading, blur, sharpen, histogram, equalize, noise, jpeg';
  expect(problemsOf('blurr:0.7,noise:much,auto')).toMatchObject({
    code: 'INVALID_ARGUMENT',
    problems: [
      `"blurr" is not a correction. Did you mean blur? Use ${names}`,
      '"noise:much" has no valid strength: write it as in blur:0.7',
      'auto cannot be combined with corrections',
    ],
  });
  expect(problemsOf('blur:99,blur:1,sharpen')).toMatchObject({
    problems: [
      'the strength of blur must be above 0 and at most 10 (px), not 99',
      'blur is given more than once',
      'blur and sharpen exclude each other',
    ],
  });
  expect(() => parseMatch('')).toThrow(`match: "" is not a correction. Use ${names}.`);
  expect(() => parseMatch('blur:')).toThrow('match: "blur:" has no valid strength');
  expect(() => parseMatch('blur:1:2')).toThrow('"blur:1:2" has no valid strength');
});
