import { expect, test } from 'vitest';
import { parseTreat, rungsOf, treatText, withRung } from './rungs.ts';

test('choices survive their text, in the order of the ladder', () => {
  for (const text of ['raw', 'auto', 'randomized', 'randomized,framed,refined']) {
    const treat = parseTreat(text);
    const names = rungsOf(treat);
    expect(names === 'auto' ? names : treatText(names)).toBe(text);
  }
  expect(treatText(rungsOf(['refined', 'framed']) as [])).toBe('framed,refined');
});

test('everything that is wrong with a choice is said at once', () => {
  expect(() => parseTreat('refinde,camera,lit,camera')).toThrow(
    expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      problems: [
        expect.stringMatching(/^`treat`: there is no treatment "refinde"; .* Did you mean refined\?$/),
        '`treat`: camera and lit exclude each other.',
        '`treat`: camera is given more than once.',
        '`treat`: lit and camera exclude each other.',
      ],
    }),
  );
});

test('a rung replaces its alternative and leaves the others', () => {
  expect(withRung(['randomized', 'camera'], 'lit')).toEqual(['randomized', 'lit']);
  expect(withRung(['framed', 'refined'], 'warped')).toEqual(['framed', 'warped']);
});
