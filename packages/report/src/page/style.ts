/** @file The look of all pages: light and dark, from a phone to a wide screen, on paper. */

const light = `--back:#f6f5f1;--card:#fffefb;--ink:#1d1f23;--soft:#5a606b;--rule:#dedbd2;--c1:#1f5fd0;--c2:#c2410c;--c3:#0b7a54;--c4:#7c3aed;
--good:#0b7a54;--good-back:#e2f3ea;--bad:#b42318;--bad-back:#fbe7e3;--even:#6b5300;--even-back:#f7efd5;--open:#4b5563;--open-back:#ebecef;--focus:#1f5fd0;`;
const dark = `--back:#121417;--card:#1a1d22;--ink:#e9e8e4;--soft:#a2a8b3;--rule:#31353c;--c1:#82aeff;--c2:#ff9d66;--c3:#5fd6a6;--c4:#c8a2ff;
--good:#7fe0b5;--good-back:#12352a;--bad:#ff9d8f;--bad-back:#43201c;--even:#f0d27a;--even-back:#3a3116;--open:#c0c5ce;--open-back:#2a2e35;--focus:#82aeff;`;

/** The colors of a page, by what the system or the reader prefers; `scope` is what they hold for. */
export function colors(scope: string): string {
  return `${scope}{color-scheme:light;${light}}
@media (prefers-color-scheme:dark){${scope}:not([data-theme=light]){color-scheme:dark;${dark}}}
${scope}[data-theme=dark]{color-scheme:dark;${dark}}`;
}

/** A style whose colors are values in place of variables, for viewers that know no variables: those of the light page. */
export function inLightColors(style: string): string {
  const values = new Map(light.split(/;\s*/).map((rule) => rule.split(':') as [string, string]));
  return style.replace(/var\((--[a-z0-9-]+)\)/g, (whole, name: string) => values.get(name) ?? whole);
}

/** How plots look, in a page and in files of their own. */
export const plotStyle = `
.plot svg{display:block;width:100%;height:auto}
svg text{font:12px ui-sans-serif,system-ui,sans-serif;fill:var(--soft)}
svg .axis{font-size:12.5px;fill:var(--ink)}
svg .grid{stroke:var(--rule);stroke-width:1}
svg .line{fill:none;stroke:currentColor;stroke-width:1.8;stroke-linejoin:round;vector-effect:non-scaling-stroke}
svg .band{fill:currentColor;opacity:.16}
svg g circle{fill:currentColor}
svg .dots circle{opacity:.62}
svg line.reference,svg circle.reference{fill:none;stroke:var(--soft);stroke-dasharray:5 4;stroke-width:1.3}
svg .reference-band{fill:var(--soft);opacity:.13}
.c1{color:var(--c1)}.c2{color:var(--c2)}.c3{color:var(--c3)}.c4{color:var(--c4)}
figcaption{display:flex;flex-wrap:wrap;gap:.25rem 1rem;color:var(--soft);font-size:.86rem;margin-top:.35rem}
.key{display:inline-flex;align-items:center;gap:.4rem}
.key i{width:1.1rem;border-top:3px solid currentColor;display:inline-block}
.key i.reference{border-top:2px dashed var(--soft)}
`;

/** The style of a page. */
export const pageStyle = `
${colors(':root')}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--back);color:var(--ink);font:16px/1.55 ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;overflow-wrap:anywhere}
main,header.top,footer{max-width:68rem;margin:0 auto;padding:0 1rem}
header.top{padding-top:1.6rem;display:flex;flex-wrap:wrap;gap:.4rem 1rem;align-items:baseline;justify-content:space-between}
h1{font-size:clamp(1.45rem,1.1rem + 1.6vw,2.1rem);line-height:1.15;margin:0;letter-spacing:-.02em}
h2{font-size:1.28rem;letter-spacing:-.01em;margin:0 0 .3rem}
h3{font-size:1rem;margin:1.2rem 0 .3rem}
p{margin:.35rem 0 .8rem;max-width:62ch}
.soft,.lede{color:var(--soft)}
a{color:var(--c1)}
section{background:var(--card);border:1px solid var(--rule);border-radius:14px;padding:1.15rem 1.25rem 1.3rem;margin:1.1rem 0}
nav.contents{display:flex;flex-wrap:wrap;gap:.2rem 1rem;font-size:.92rem;margin:.9rem 0 0}
button,.button,input[type=text]{font:inherit;color:var(--ink);background:var(--card);border:1px solid var(--rule);border-radius:9px;padding:.42rem .85rem;cursor:pointer}
button:hover{border-color:var(--soft)}
button[aria-pressed=true]{background:var(--ink);color:var(--card)}
:focus-visible{outline:3px solid var(--focus);outline-offset:2px}
.skip{position:absolute;left:-999rem}.skip:focus{left:1rem;top:.5rem;background:var(--card);padding:.5rem;z-index:9}
img{image-rendering:pixelated;display:block;max-width:100%}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:.94rem}
caption{text-align:left;color:var(--soft);padding-bottom:.4rem}
th,td{text-align:right;padding:.42rem .6rem;border-bottom:1px solid var(--rule);vertical-align:middle}
th:first-child,td:first-child{text-align:left;padding-left:0}
thead th{font-weight:600;color:var(--soft);font-size:.86rem}
tbody th{font-weight:500}
tr.control :is(th,td){color:var(--soft);font-style:italic}
.scroll{overflow-x:auto}.scroll table{overflow-wrap:normal}.scroll td{white-space:nowrap}.scroll .texts td{white-space:normal;overflow-wrap:anywhere}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,25rem),1fr));gap:1rem 1.6rem}
.plots.squares{grid-template-columns:repeat(auto-fit,minmax(min(100%,18rem),1fr))}
figure{margin:0}.plot h3{margin-top:.2rem}
.square svg{max-width:26rem}
${plotStyle}
svg.interval{width:9rem;height:12px;color:var(--c1);overflow:visible;vertical-align:middle}
svg.interval .value{stroke:currentColor;stroke-width:3;vector-effect:non-scaling-stroke}
svg.interval .line{stroke-width:2.5}
code,pre{font:.88rem/1.5 ui-monospace,SFMono-Regular,Menlo,monospace}
pre{background:var(--back);border:1px solid var(--rule);border-radius:9px;padding:.7rem .9rem;overflow-x:auto;white-space:pre-wrap;margin:.4rem 0}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.25rem 1.2rem;margin:.5rem 0}
dt{color:var(--soft)}dd{margin:0;min-width:0}
ul{padding-left:1.2rem;margin:.4rem 0}
footer{color:var(--soft);font-size:.86rem;padding-bottom:2rem}
@media (max-width:34rem){section{padding:1rem .9rem;border-radius:10px}dl{grid-template-columns:1fr}dt{margin-top:.4rem}svg.interval{width:5rem}th,td{padding:.4rem .35rem}}
@media (prefers-reduced-motion:no-preference){button{transition:border-color .15s}}
@media print{section{break-inside:avoid}button,nav,.player{display:none}}
`;
