/** @file Corrections of light as one line of text: `blur:0.7,histogram,noise:0.012`. */
import { SimganError } from '../errors.ts';
import { suggestion } from '../suggestion.ts';
import {
  type CorrectionSpec,
  correctionNames,
  type MatchKind,
  type MatchSetting,
  matchProblems,
} from './corrections.ts';

/** Formats a setting as one line for {@link parseMatch}; a strength that will be measured is left out. */
export function formatMatch(setting: MatchSetting): string {
  if (typeof setting === 'string') return setting;
  if (setting.length === 0) return 'none';
  return setting
    .map(({ correction, strength }) => (strength === undefined ? correction : `${correction}:${strength}`))
    .join(',');
}

/**
 * Parses `none`, `auto`, `light`, `histogram`, or corrections separated by commas, each with its strength after a colon, or
 * without one to have it measured.
 *
 * @throws SimganError INVALID_ARGUMENT with everything that cannot be parsed or applied in `problems`.
 * @example
 * const match = parseMatch('blur:0.7,histogram');
 */
export function parseMatch(text: string): MatchSetting {
  if (isKind(text)) return text;
  const problems: string[] = [];
  const corrections = text.split(',').flatMap((part): CorrectionSpec[] => {
    const [written = '', strength, ...rest] = part.trim().split(':');
    const correction = correctionNames.find((name) => name === written);
    if (!correction) {
      problems.push(
        isKind(written)
          ? `${written} cannot be combined with corrections`
          : `${JSON.stringify(written)} is not a correction.${suggestion(written, correctionNames)} Use ${correctionNames.join(', ')}`,
      );
      return [];
    }
    if (strength === undefined) return [{ correction }];
    const number = Number(strength);
    if (rest.length > 0 || strength.trim() === '' || !Number.isFinite(number)) {
      problems.push(`${JSON.stringify(part.trim())} has no valid strength: write it as in blur:0.7`);
      return [];
    }
    return [{ correction, strength: number }];
  });
  if (problems.length === 0) problems.push(...matchProblems(corrections));
  if (problems.length > 0) {
    throw new SimganError('INVALID_ARGUMENT', `match: ${problems.join('; ')}.`, { problems });
  }
  return corrections;
}

function isKind(text: string): text is MatchKind {
  return text === 'none' || text === 'auto' || text === 'light' || text === 'histogram';
}
