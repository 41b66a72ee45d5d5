import { correctionKinds } from '../matching/corrections.ts';
import type { Matcher } from '../matching/matcher.ts';
import type { Treatment } from './treatment.ts';

/**
 * Corrections of light as a treatment; annotations pass through.
 *
 * @param name - `camera` for blur, noise and JPEG; `lit` for shading, sharpness and tone as well.
 */
export function matchLight(name: 'camera' | 'lit', matcher: Matcher): Treatment {
  return {
    name,
    describe: () =>
      matcher.corrections.length === 0
        ? 'nothing: no correction brings the sets closer'
        : matcher.corrections
            .map(
              ({ correction, strength }) => `${correction} ${strength} ${correctionKinds[correction].unit}`,
            )
            .join(', '),
    apply: (sample) => matcher.apply(sample),
    treat: (samples) => matcher.match(samples),
  };
}
