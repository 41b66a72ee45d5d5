import { html, Markup } from '../html.ts';
import { pageStyle } from './style.ts';

/** Options for {@link documentOf}. */
export interface DocumentOptions {
  readonly title: string;
  readonly body: Markup;
  /** Rules beside those of all pages. */
  readonly style?: string;
  /** Run at the end of the page. */
  readonly script?: string;
  /** Where the page may send requests. Default: nowhere. */
  readonly connect?: "'self'";
}

/** Chooses the theme that the reader chose before, or leaves it to the system. Private windows may forbid storage. */
const themeScript = `
(() => {
  const root = document.documentElement;
  const button = document.getElementById('theme');
  const isDark = () => getComputedStyle(root).colorScheme === 'dark';
  const name = () => { button.textContent = isDark() ? 'Light' : 'Dark'; };
  try { const kept = localStorage.getItem('simgan-theme'); if (kept) root.dataset.theme = kept; } catch {}
  button.hidden = false;
  name();
  button.addEventListener('click', () => {
    root.dataset.theme = isDark() ? 'light' : 'dark';
    try { localStorage.setItem('simgan-theme', root.dataset.theme); } catch {}
    name();
  });
})();
`;

/** A whole page in one text: style, script and pictures are within it, and nothing else is ever loaded. */
export function documentOf({ title, body, style = '', script = '', connect }: DocumentOptions): string {
  const policy = `default-src 'none'; img-src data: 'self'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src ${connect ?? "'none'"}`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="referrer" content="no-referrer">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${new Markup(pageStyle + style)}</style>
</head>
<body>
<a class="skip" href="#content">Skip to the content</a>
${body}
<script>${new Markup(themeScript + script)}</script>
</body>
</html>
`.text;
}
