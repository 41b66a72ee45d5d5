import { html, type Markup, scriptJson } from '../html.ts';
import { documentOf } from '../page/document.ts';
import { type TuringResults, turingResults } from './results-view.ts';
import type { TrialPicture } from './trial.ts';

const style = `
.trial{text-align:center;max-width:40rem;margin-inline:auto}
.trial p{margin-inline:auto}
#picture{width:min(100%,30rem);height:auto;margin:1rem auto;border-radius:8px;border:1px solid var(--rule)}
.answers{display:grid;grid-template-columns:1fr 1fr;gap:.8rem}
.answers button{padding:1rem .5rem;font-weight:600;font-size:1.05rem}
.answers kbd{display:block;font:.8rem ui-monospace,monospace;color:var(--soft)}
.start{display:flex;flex-wrap:wrap;gap:.6rem;align-items:end}
label{display:grid;gap:.2rem}
progress{width:100%;accent-color:var(--c1)}
[role=alert]{color:var(--bad);font-weight:600}
[role=alert]:empty{display:none}
`;

/** What a subject sees; the script beside it asks for a name, shows pictures and saves answers. */
const trialBody = html`<section id="start"><h2>Which pictures are real?</h2><p>You will see one picture after another. Some were taken by a camera, the others were made by a computer. Say of each what you think it is; there is no time limit, and you may stop and go on later.</p><form class="start"><label>Your name or a number<input id="name" type="text" required maxlength="60" autocomplete="off"></label><button type="submit">Begin</button></form></section>
<section id="trial" class="trial" hidden><label class="soft"><span id="count"></span><progress id="done" max="1" value="0"></progress></label><img id="picture" alt="The picture to judge"><div class="answers"><button id="real" type="button">Real<kbd>R or ←</kbd></button><button id="made" type="button">Computer-made<kbd>C or →</kbd></button></div></section>
<section id="end" hidden><h2>Thank you</h2><p>All pictures are judged, and your answers are saved.</p><div id="outcome"></div><p><button id="another" type="button">Another person</button></p></section>
<p id="problem" role="alert"></p>`;

/**
 * Runs the trial by what `backend` offers: `open(name)` gives `{ pictures, answered }`, `save(name, index, key, said)` keeps
 * an answer before the next picture is shown and gives `{ answered, note }`, and `finish(name)` says what to show at the end.
 */
const trialScript = `
const runTrial = (backend) => {
  const at = (id) => document.getElementById(id);
  const show = (id) => ['start', 'trial', 'end'].forEach((one) => { at(one).hidden = one !== id; });
  let subject, pictures = [], index = 0, isBusy = false;
  const remember = (name) => { try { name ? sessionStorage.setItem('simgan-subject', name) : sessionStorage.removeItem('simgan-subject'); } catch {} };
  const step = async () => {
    at('problem').textContent = '';
    if (index >= pictures.length) {
      remember('');
      at('outcome').innerHTML = await backend.finish(subject);
      show('end');
      at('another').focus();
      return;
    }
    at('count').textContent = 'Picture ' + (index + 1) + ' of ' + pictures.length;
    at('done').max = pictures.length;
    at('done').value = index;
    at('picture').src = pictures[index].src;
    show('trial');
  };
  const begin = async (name) => {
    try {
      const state = await backend.open(name);
      subject = name;
      remember(name);
      pictures = state.pictures;
      index = state.answered;
      await step();
    } catch (error) { at('problem').textContent = error.message; }
  };
  const answer = async (said) => {
    if (isBusy || at('trial').hidden) return;
    isBusy = true;
    try {
      const { answered, note } = await backend.save(subject, index, pictures[index].key, said);
      index = answered;
      await step();
      if (note) at('problem').textContent = note;
    } catch (error) { at('problem').textContent = error.message; }
    isBusy = false;
  };
  document.querySelector('form.start').addEventListener('submit', (event) => {
    event.preventDefault();
    const name = at('name').value.trim();
    if (name) begin(name);
  });
  at('real').addEventListener('click', () => answer('real'));
  at('made').addEventListener('click', () => answer('made'));
  at('another').addEventListener('click', () => { at('name').value = ''; show('start'); at('name').focus(); });
  document.addEventListener('keydown', (event) => {
    if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || event.target === at('name')) return;
    const said = { r: 'real', ArrowLeft: 'real', c: 'made', ArrowRight: 'made' }[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (said) { event.preventDefault(); answer(said); }
  });
  let last = '';
  try { last = sessionStorage.getItem('simgan-subject') || ''; } catch {}
  if (last) begin(last);
};
`;

const serverScript = `
const ask = async (path, body) => {
  let response;
  try {
    response = await fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  } catch { throw new Error('The program that serves this page does not answer. Start it again; every answer so far is saved.'); }
  const value = await response.json();
  if (!response.ok) throw new Error(value.error);
  return value;
};
runTrial({
  open: (name) => ask('api/open', { name }),
  save: (name, index, key, said) => ask('api/answer', { name, index, key, said }),
  finish: async () => '',
});
`;

/** Truth is covered by a stream of numbers from a key that is in the page as well: no secret, only not to be seen by chance. */
const exportScript = `
const data = JSON.parse(document.getElementById('data').textContent);
const uncover = (text, key) => {
  let state = 0;
  for (const letter of key) state = (Math.imul(state, 31) + letter.charCodeAt(0)) >>> 0;
  return [...atob(text)].map((letter) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    return String.fromCharCode(letter.charCodeAt(0) ^ (state & 255));
  }).join('');
};
const slot = (name) => 'simgan-turing-' + data.id + '-' + name;
const read = (name) => { try { return JSON.parse(localStorage.getItem(slot(name)) || '[]'); } catch { return []; } };
const shuffled = (name) => {
  let state = 1;
  for (const letter of data.id + name) state = (Math.imul(state, 31) + letter.charCodeAt(0)) >>> 0;
  let start = 0;
  return data.blocks.flatMap((length) => {
    const order = data.pictures.slice(start, start + length);
    start += length;
    for (let i = order.length - 1; i > 0; i--) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      const j = Math.floor((state / 4294967296) * (i + 1));
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  });
};
runTrial({
  open: async (name) => ({ pictures: shuffled(name), answered: read(name).length }),
  save: async (name, index, key, said) => {
    const answers = read(name);
    if (answers.length !== index) return { answered: answers.length, note: 'This picture was judged in another window.' };
    answers.push({ key, said });
    try { localStorage.setItem(slot(name), JSON.stringify(answers)); }
    catch { throw new Error('This browser does not keep anything here, so the answer is not saved. Open the page in a window that is not private.'); }
    return { answered: answers.length };
  },
  finish: async (name) => {
    const truth = JSON.parse(uncover(data.truth, data.id));
    const answers = read(name);
    const score = (kind) => {
      const asked = answers.filter(({ key }) => truth[key] === kind || truth[key] === kind + '-real');
      const right = asked.filter(({ key, said }) => (truth[key] === kind) === (said === 'made')).length;
      return { right, of: asked.length };
    };
    const line = (label, { right, of }, article) => of === 0 ? '' : '<li>' + label + ': ' + right + ' of ' + of + ' right, p = ' + data.p[of][right].toPrecision(2) + ' (article: ' + article + ')</li>';
    const file = JSON.stringify({ test: data.id, subject: name, answers });
    const link = 'data:application/json;base64,' + btoa(unescape(encodeURIComponent(file)));
    return '<ul>' + line('real against refined', score('refined'), '517 of 1000') + line('real against synthetic', score('synthetic'), '162 of 200') + '</ul><p><a id="save" class="button" download="answers.json" href="' + link + '">Save the answers</a> and send the file to whoever gave you this page.</p>';
  },
});
`;

/** The page of a server that knows the truth: it holds neither pictures nor what they are. */
export function renderTuringPage(title: string): string {
  return documentOf({
    title: `${title}: which pictures are real?`,
    body: frame(title, html`${trialBody}<p class="soft"><a href="results">Results</a></p>`),
    style,
    script: trialScript + serverScript,
    connect: "'self'",
  });
}

/** What came of a test so far, as a page. */
export function renderTuringResults(title: string, results: TuringResults): string {
  return documentOf({
    title: `${title}: results of a visual Turing test`,
    body: frame(title, html`${turingResults(results)}<p><a href="./">Back to the test</a></p>`),
    style,
  });
}

/** A test in a file of its own. */
export interface ExportedTrial {
  /** Identifies the test. */
  readonly id: string;
  readonly title: string;
  /** One part of the test after the other. */
  readonly pictures: readonly TrialPicture[];
  /** How many pictures each part has. */
  readonly blocks: readonly number[];
  /** By key: `refined`, `refined-real`, `synthetic`, `synthetic-real`. */
  readonly truth: Readonly<Record<string, string>>;
  /** By the number of pictures: p-values by the number of right answers. */
  readonly p: Readonly<Record<number, readonly number[]>>;
}

/**
 * The test in one file that needs no server. What is true stands in the file, covered but not secret: whoever wants to read
 * it can, and the page says so.
 */
export function renderExportedTrial({ id, title, pictures, blocks, truth, p }: ExportedTrial): string {
  const data = { id, pictures, blocks, p, truth: cover(JSON.stringify(truth), id) };
  const note = html`<p class="soft">This file holds its own solution, covered but not secret: it is for people who want to help, not for an exam.</p>`;
  return documentOf({
    title: `${title}: which pictures are real?`,
    body: html`${frame(title, html`${trialBody}${note}`)}<script id="data" type="application/json">${scriptJson(data)}</script>`,
    style,
    script: trialScript + exportScript,
  });
}

function frame(title: string, content: Markup): Markup {
  return html`<header class="top"><h1>${title}</h1><button id="theme" type="button" hidden>Dark</button></header><main id="content">${content}</main>`;
}

/** Covers a text of ASCII letters; the page takes the cover off. */
function cover(text: string, key: string): string {
  let state = 0;
  for (const letter of key) state = (Math.imul(state, 31) + letter.charCodeAt(0)) >>> 0;
  const covered = Array.from(text, (letter) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) >>> 0;
    return String.fromCharCode(letter.charCodeAt(0) ^ (state & 255));
  });
  return btoa(covered.join(''));
}
