import type { TreatedVerdict } from '@simgan/node';

/**
 * Ends a command with exit code 1 if pictures got worse and the user asked for that: exit code 0 only says that it ran.
 *
 * @throws SimganError REFINEMENT_WORSE.
 */
export async function failOn(isAsked: boolean, verdict: TreatedVerdict | undefined): Promise<void> {
  if (!isAsked || verdict?.verdict !== 'worse') return;
  const { SimganError } = await import('@simgan/core');
  throw new SimganError(
    'REFINEMENT_WORSE',
    'The pictures are worse than the synthetic ones, and --fail-if-worse was given. The reasons stand above.',
  );
}
