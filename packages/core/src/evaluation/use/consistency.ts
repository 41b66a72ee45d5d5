import { mean, std } from '../../statistics.ts';
import { agreement } from './agreement.ts';
import { type Answers, pickAnswers } from './answers.ts';
import { information } from './information.ts';
import type { UseNoise, UseScore } from './verdict.ts';

/**
 * How consistent the answers of several networks to real pictures are.
 *
 * @param networks - for each network its answers to `count` pictures, then to variations of all of them, once or more.
 * @param labels - the true answers of the set that the networks were trained on.
 */
export function consistency(
  networks: readonly Answers[],
  count: number,
  labels: Answers,
): Pick<UseScore, 'score' | 'agreement' | 'stability' | 'information'> {
  const views = networks.map((answers) => viewsOf(answers, count));
  const plain = views.map(([first]) => first!);
  const between = mean(
    plain.flatMap((one, index) => plain.slice(index + 1).map((other) => agreement(one, other))),
  );
  const within = mean(
    views.flatMap(([first, ...varied]) => varied.map((answers) => agreement(first!, answers))),
  );
  return {
    score: Math.max(0, between) * Math.max(0, within),
    agreement: between,
    stability: within,
    information: mean(plain.map((answers) => information(answers, labels))),
  };
}

/**
 * How far the score and its factors differ with the seeds alone: standard deviations over pairs of networks that were
 * trained on one set, for the mean of the pairs of `repeats` networks.
 */
export function noiseOf(
  networks: readonly Answers[],
  count: number,
  labels: Answers,
  repeats: number,
): UseNoise {
  const pairs = networks.flatMap((one, index) => networks.slice(index + 1).map((other) => [one, other]));
  const found = pairs.map((pair) => consistency(pair, count, labels));
  const noise = (figure: keyof UseNoise) =>
    std(
      found.map((one) => one[figure]),
      1,
    ) * Math.sqrt(2 / repeats);
  return { score: noise('score'), agreement: noise('agreement'), stability: noise('stability') };
}

/** The answers to the pictures, and to each variation of them. */
function viewsOf(answers: Answers, count: number): Answers[] {
  const all = answers.kind === 'class' ? answers.chosen.length : answers.numbers.length;
  return Array.from({ length: all / count }, (_, view) =>
    pickAnswers(
      answers,
      Array.from({ length: count }, (_, index) => view * count + index),
    ),
  );
}
