import { type UseVerdict, useVerdict } from '@simgan/core/evaluation';
import { expect, test } from 'vitest';
import { type Climber, climb, recommendation } from './climb.ts';
import { type RungName, rungNames, withRung } from './rungs.ts';
import type { Stack } from './stack.ts';

const noise = { score: 0, agreement: 0, stability: 0 };

/** Scores of stacks by their names; what is not there is refused. */
function climber(scores: Readonly<Record<string, number>>, skipped: readonly RungName[] = []) {
  const judged: string[] = [];
  const scoreOf = ({ names }: Stack) => {
    const score = scores[names.join('+') || 'raw'];
    const kept = score === undefined ? 0.1 : 1;
    return {
      ...{ score: score ?? 0.99, agreement: 0.8, stability: 0.8 },
      ...{ readsRaw: kept, readable: 1, information: 1 },
    };
  };
  const means: Climber = {
    async prepare(name, standing) {
      if (skipped.includes(name)) return { skipped: `Skipped: no ${name}.` };
      return { stack: { ...standing, names: withRung(standing.names, name) }, what: name };
    },
    async judge(standing, above) {
      judged.push(`${[...above.keys()].join(',')} on ${standing.names.join('+') || 'raw'}`);
      const raw = scoreOf(standing);
      const treatments: Record<string, UseVerdict> = {};
      for (const [name, stack] of above)
        treatments[name] = useVerdict(scoreOf(stack), raw, { kind: 'class', noise });
      return { raw, noise, treatments, recommended: 'raw' };
    },
    compare: (score, below) => useVerdict(score, below, { kind: 'class', noise }),
  };
  return { means, judged };
}

const taken = (found: Awaited<ReturnType<typeof climb>>) =>
  found.rungs.filter((rung) => rung.taken).map(({ name, below }) => `${name} on ${below}`);

test('a rung is taken only if it is better than what stands below it', async () => {
  const { means, judged } = climber({
    raw: 0.5,
    randomized: 0.56,
    framed: 0.8,
    'randomized+framed': 0.57,
    'randomized+camera': 0.61,
    'randomized+lit': 0.62,
    'randomized+camera+refined': 0.59,
    'randomized+camera+warped': 0.7,
    'randomized+camera+warped+pseudo-labeled': 0.75,
  });
  const found = await climb(means);
  // Framed alone would have been better than raw; on top of what stands it is not.
  expect(taken(found)).toEqual([
    ...['randomized on raw', 'camera on randomized', 'warped on randomized,camera'],
    'pseudo-labeled on randomized,camera,warped',
  ]);
  expect(found.stack.names).toEqual(['randomized', 'camera', 'warped', 'pseudo-labeled']);
  expect(judged).toEqual([
    'randomized,framed,grounded,camera,lit on raw',
    'framed,grounded,camera,lit on randomized',
    'refined,warped on randomized+camera',
    'pseudo-labeled on randomized+camera+warped',
  ]);
  const lit = found.rungs.find(({ name }) => name === 'lit')!;
  expect(lit).toMatchObject({ below: 'camera', taken: false, verdict: { verdict: 'no different' } });
  expect(recommendation(found)).toMatch(
    /^Use randomized,camera,warped,pseudo-labeled\. Networks .* more consistently/,
  );
});

test('nothing is taken where nothing is better, and what is refused never is', async () => {
  const { means } = climber({ raw: 0.5, randomized: 0.51, camera: 0.5, lit: 0.3, refined: 0.515 });
  const found = await climb(means);
  expect(taken(found)).toEqual([]);
  expect(found.rungs.map(({ name }) => name)).toEqual([
    ...['randomized', 'framed', 'grounded', 'camera', 'lit', 'refined', 'warped', 'pseudo-labeled'],
  ]);
  expect(found.rungs.find(({ name }) => name === 'framed')!.verdict!.verdict).toBe('refused');
  expect(recommendation(found)).toContain('Leave the pictures as they are');
});

test('rungs are reported in their order, whichever is known first', async () => {
  const { means } = climber({ raw: 0.5, randomized: 0.56, 'randomized+framed': 0.6 }, ['grounded', 'lit']);
  const { rungs } = await climb(means);
  expect(rungs.map(({ name }) => name)).toEqual(rungNames);
});

test('skipped rungs are not judged and say why; an alternative that is better still replaces the lower', async () => {
  const { means, judged } = climber({ raw: 0.5, camera: 0.55, lit: 0.6 }, [
    'randomized',
    'framed',
    'refined',
    'warped',
    'pseudo-labeled',
  ]);
  const found = await climb(means);
  expect(judged).toEqual(['grounded,camera,lit on raw']);
  expect(found.stack.names).toEqual(['lit']);
  expect(found.rungs.find(({ name }) => name === 'framed')).toMatchObject({
    reason: 'Skipped: no framed.',
    taken: false,
  });
});
