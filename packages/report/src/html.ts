/** @file Markup from data: whatever is put into a template is escaped, unless it is markup itself. */

/** Markup that is safe to put into a page. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What a template takes: texts and numbers are escaped, lists are joined, `undefined` and `false` are nothing. */
export type Content = Markup | string | number | undefined | false | readonly Content[];

/**
 * A template of markup.
 *
 * For example `` html`<p title="${name}">${lines.map((line) => html`<b>${line}</b>`)}</p>`.text ``.
 */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Markup {
  const parts = strings.map((string, i) => string + (i < values.length ? textOf(values[i]) : ''));
  return new Markup(parts.join(''));
}

function textOf(value: Content): string {
  if (value instanceof Markup) return value.text;
  if (value === undefined || value === false) return '';
  if (typeof value === 'string' || typeof value === 'number') return escaped(String(value));
  return value.map(textOf).join('');
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`);
}

/** JSON that may stand within a script of a page: no text in it can end the script. */
export function scriptJson(value: unknown): Markup {
  return new Markup(
    JSON.stringify(value).replace(
      /[<\u2028\u2029]/g,
      (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
    ),
  );
}
