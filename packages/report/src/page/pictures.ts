/** @file The sections of a report that show pictures. */
import { html, type Markup } from '../html.ts';
import type { ReportData } from '../report-data.ts';

/** Synthetic, refined and what changed, side by side, with a way to blink between the first two. */
export function tripletSection({ triplets, real, size }: ReportData): Markup | undefined {
  if (triplets.length === 0) return undefined;
  const pixels = (src: string, alt: string) =>
    html`<img src="${src}" alt="${alt}" width="${size.width}" height="${size.height}">`;
  return html`<section id="pictures"><div class="bar"><h2>Before and after</h2><button id="blink" type="button" aria-pressed="false" hidden>Blink</button></div>
<p class="soft">The same label holds for both pictures of a pair. Press a refined picture to see the one it was made of. In the third picture <b class="c2">orange</b> became brighter and <b class="c1">blue</b> darker; full color is a quarter of the range.</p>
<div class="triplets">${triplets.map(
    ({ id, synthetic, refined, difference }) => html`<article><div class="row">
<figure>${pixels(synthetic, `Synthetic picture ${id}`)}<figcaption>synthetic</figcaption></figure>
<figure><button class="flip" type="button" aria-pressed="false" aria-label="Show what picture ${id} was made of">${pixels(refined, `Refined picture ${id}`)}<img class="before" src="${synthetic}" alt="" width="${size.width}" height="${size.height}"></button><figcaption>refined</figcaption></figure>
<figure>${pixels(difference, `What changed in picture ${id}`)}<figcaption>change</figcaption></figure></div>
<p class="id soft">${id}</p></article>`,
  )}</div>
${real.length > 0 && html`<h3>Real pictures</h3><div class="real">${real.map((src, i) => pixels(src, `Real picture ${i + 1}`))}</div>`}</section>`;
}

/** The same samples at every moment of the training: figure 6 of the article. */
export function timelineSection({ moments, triplets, steps, best }: ReportData): Markup | undefined {
  if (moments.length === 0 || triplets.length === 0) return undefined;
  const last = moments.at(-1)!;
  const of = steps === undefined ? '' : ` of ${steps}`;
  const caption = ({ step, change, labels }: (typeof moments)[number]) => {
    const [first] = Object.entries(labels);
    const moved = first ? `, ${first[0]} moved ${first[1].mean.toFixed(2)} ${first[1].unit}` : '';
    return `step ${step}${of}: changes ${(100 * change).toFixed(1)} %${moved}`;
  };
  return html`<section id="timeline"><h2>Timeline</h2>
<p class="soft">The same pictures, refined at ${moments.length} moments of the training with the averaged weights of that moment.${best !== undefined && ` The refiner that is used is that of step ${best}, the best one.`}</p>
<div class="player" hidden><img id="frame" src="${last.strip}" alt="Refined pictures at the chosen step">
<div class="bar"><button id="play" type="button" aria-pressed="false">Play</button><input id="moment" type="range" min="0" max="${moments.length - 1}" value="${moments.length - 1}" aria-label="Moment of the training" aria-describedby="caption"><output id="caption" class="soft">${caption(last)}</output></div></div>
<details ${moments.length <= 6 && 'open'}><summary>All moments</summary><ol class="moments">${moments.map(
    (moment) =>
      html`<li><img src="${moment.strip}" data-caption="${caption(moment)}" alt="Refined pictures at step ${moment.step}" loading="lazy"><span class="soft">${caption(moment)}</span></li>`,
  )}</ol></details></section>`;
}

/** The style of these sections. */
export const pictureStyle = `
.bar{display:flex;flex-wrap:wrap;gap:.5rem 1rem;align-items:center;justify-content:space-between}
.triplets{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,25rem),1fr));gap:1rem 1.4rem;margin-top:.6rem}
.triplets article{min-width:0}.row{display:grid;grid-template-columns:repeat(3,1fr);gap:.4rem}
.row img{width:100%;height:auto;border-radius:5px}
.flip{padding:0;border:0;background:none;position:relative;display:block;width:100%;border-radius:5px}
.flip .before{position:absolute;inset:0;visibility:hidden}
.flip[aria-pressed=true] .before,.blinking .flip .before.on{visibility:visible}
.flip[aria-pressed=true]{background:none;box-shadow:0 0 0 2px var(--focus)}
.id{font-size:.78rem;margin:.1rem 0 0}
.real{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(22%,7rem),1fr));gap:.4rem}
.real img{width:100%;height:auto;border-radius:5px}
.player img{width:100%;height:auto;border-radius:5px}
.player .bar{margin-top:.6rem;justify-content:flex-start}
.player input{flex:1 1 12rem;min-width:8rem;accent-color:var(--c1)}
output{font-variant-numeric:tabular-nums;font-size:.92rem}
.moments{list-style:none;padding:0;margin:.6rem 0 0;display:grid;gap:.6rem}
.moments img{width:100%;height:auto;border-radius:4px}.moments span{font-size:.84rem}
summary{cursor:pointer;color:var(--soft);margin-top:.7rem}
`;

/** Blinks and plays; at two pictures a second at most, and never by itself. */
export const pictureScript = `
(() => {
  const blink = document.getElementById('blink');
  if (blink) {
    blink.hidden = false;
    const section = document.getElementById('pictures');
    let timer;
    blink.addEventListener('click', () => {
      const on = blink.getAttribute('aria-pressed') !== 'true';
      blink.setAttribute('aria-pressed', String(on));
      section.classList.toggle('blinking', on);
      clearInterval(timer);
      const befores = section.querySelectorAll('.before');
      const flip = () => befores.forEach((image) => image.classList.toggle('on'));
      befores.forEach((image) => image.classList.remove('on'));
      if (on) timer = setInterval(flip, 600);
    });
    section.querySelectorAll('.flip').forEach((button) => {
      const caption = button.nextElementSibling;
      button.addEventListener('click', () => {
        const before = button.getAttribute('aria-pressed') !== 'true';
        button.setAttribute('aria-pressed', String(before));
        caption.textContent = before ? 'synthetic' : 'refined';
      });
    });
  }
  const player = document.querySelector('.player');
  if (player) {
    player.hidden = false;
    const frames = [...document.querySelectorAll('.moments img')];
    const [frame, slider, caption, play] = ['frame', 'moment', 'caption', 'play'].map((id) => document.getElementById(id));
    const show = () => {
      const chosen = frames[Number(slider.value)];
      frame.src = chosen.src;
      caption.textContent = chosen.dataset.caption;
    };
    slider.addEventListener('input', show);
    let timer;
    play.addEventListener('click', () => {
      const on = play.getAttribute('aria-pressed') !== 'true';
      play.setAttribute('aria-pressed', String(on));
      play.textContent = on ? 'Pause' : 'Play';
      clearInterval(timer);
      if (!on) return;
      timer = setInterval(() => {
        slider.value = String((Number(slider.value) + 1) % frames.length);
        show();
      }, 500);
    });
  }
})();
`;
