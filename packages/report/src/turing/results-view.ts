import { html, type Markup } from '../html.ts';
import { articleTuring } from './trial.ts';

/** Answers to one kind of test: refined or synthetic pictures beside real ones. */
export interface TuringScore {
  readonly correct: number;
  readonly total: number;
  /** The probability of at least as many right answers by guessing: exact, binomial, one-sided. */
  readonly p: number;
  /** Answers by truth, then by what was said: `real`, and `made` for refined or synthetic. */
  readonly confusion: {
    readonly real: { readonly real: number; readonly made: number };
    readonly made: { readonly real: number; readonly made: number };
  };
}

/** What came of a visual Turing test. */
export interface TuringResults {
  readonly subjects: readonly { readonly name: string; readonly answered: number; readonly total: number }[];
  readonly refined: TuringScore;
  readonly control: TuringScore;
}

/** The tables of a visual Turing test, with the article's figures beside them. */
export function turingResults({ subjects, refined, control }: TuringResults): Markup {
  const row = (
    name: string,
    { correct, total, p }: TuringScore,
    article: { correct: number; total: number },
  ) =>
    html`<tr><th scope="row">${name}</th><td>${correct} of ${total}</td><td>${total === 0 ? '—' : `${((100 * correct) / total).toFixed(1)} %`}</td><td>${total === 0 ? '—' : shown(p)}</td><td>${article.correct} of ${article.total} (${((100 * article.correct) / article.total).toFixed(1)} %)</td></tr>`;
  const confusion = (name: string, { confusion: { real, made }, total }: TuringScore) =>
    total > 0 &&
    html`<div class="scroll"><table><caption>What was said of real and of ${name} pictures</caption><thead><tr><th scope="col">truth</th><th scope="col">said real</th><th scope="col">said computer-made</th></tr></thead><tbody><tr><th scope="row">real</th><td>${real.real}</td><td>${real.made}</td></tr><tr><th scope="row">${name}</th><td>${made.real}</td><td>${made.made}</td></tr></tbody></table></div>`;
  return html`<section id="results"><h2>Results</h2><p class="soft">Half of the answers right is guessing: then nobody can tell the pictures from real ones. p is the probability of at least as many right answers by guessing alone.</p>
<div class="scroll"><table><caption>Right answers of ${subjects.length} subject${subjects.length === 1 ? '' : 's'}</caption><thead><tr><th scope="col">real against</th><th scope="col">right</th><th scope="col">share</th><th scope="col">p</th><th scope="col">article</th></tr></thead><tbody>${row('refined', refined, articleTuring.refined)}${row('synthetic (control)', control, articleTuring.control)}</tbody></table></div>
${confusion('refined', refined)}${confusion('synthetic', control)}
<div class="scroll"><table><caption>Subjects</caption><thead><tr><th scope="col">name</th><th scope="col">answered</th></tr></thead><tbody>${subjects.map(({ name, answered, total }) => html`<tr><th scope="row">${name}</th><td>${answered} of ${total}</td></tr>`)}</tbody></table></div></section>`;
}

function shown(p: number): string {
  return p < 0.001 ? p.toExponential(1) : p.toFixed(3);
}
