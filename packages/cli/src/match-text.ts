/** @file Photometric corrections as one writes them in a line: `blur:0.7,histogram,noise:0.012`. */
import type { CorrectionName, CorrectionSpec, MatchSetting } from '@simgan/core';
import { suggestion } from './options.ts';

// Named here and checked by type, because importing them would load the engines to print a help page.
const names = [
  'shading',
  'blur',
  'sharpen',
  'histogram',
  'equalise',
  'noise',
] as const satisfies readonly CorrectionName[];

/** A setting in one line, as {@link parseMatch} reads it; a strength is left out where it is to be measured. */
export function formatMatch(setting: MatchSetting): string {
  if (typeof setting === 'string') return setting;
  if (setting.length === 0) return 'none';
  return setting
    .map(({ correction, strength }) => (strength === undefined ? correction : `${correction}:${strength}`))
    .join(',');
}

/**
 * Reads `none`, `auto`, `histogram`, or corrections separated by commas, each with its strength after a colon, or
 * without one where it is to be measured.
 *
 * @throws Error saying everything that cannot be read; whether strengths are in bounds is for core to say
 */
export function parseMatch(text: string): MatchSetting {
  if (text === 'none' || text === 'auto' || text === 'histogram') return text;
  const problems: string[] = [];
  const corrections = text.split(',').map((part): CorrectionSpec | undefined => {
    const [written = '', strength, ...rest] = part.trim().split(':');
    const correction = names.find((name) => name === written);
    if (!correction) {
      problems.push(
        written === 'none' || written === 'auto'
          ? `${written} stands alone`
          : `${JSON.stringify(written)} is no correction${suggestion(written, names).replace(' Did', ': did')}`,
      );
      return undefined;
    }
    if (strength === undefined) return { correction };
    const number = Number(strength);
    if (rest.length > 0 || strength.trim() === '' || !Number.isFinite(number)) {
      problems.push(`${JSON.stringify(part.trim())} does not say how strong, as blur:0.7 does`);
    }
    return { correction, strength: number };
  });
  if (problems.length > 0) {
    throw new Error(
      `expected none, auto, or some of ${names.join(', ')} such as blur:0.7,histogram, but ${problems.join('; ')}`,
    );
  }
  return corrections.filter((one) => one !== undefined);
}
