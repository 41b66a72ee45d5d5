/** What a shell would do more than start a program. */
const operators = new Set(['|', '||', '&', '&&', ';', '<', '>', '>>', '2>', '2>&1']);

/**
 * A program and its arguments out of one text, which no shell reads: spaces part words; within single quotes all is as
 * it stands; within double quotes so is all but `\"` and `\\`. Elsewhere a backslash is one, as in Windows' paths.
 *
 * @throws Error saying what is wrong.
 */
export function splitCommand(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (let at = 0; at < text.length; at++) {
    const letter = text[at]!;
    if (/\s/.test(letter)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (letter === '"' || letter === "'") {
      word ??= '';
      const start = at;
      for (at++; text[at] !== letter; at++) {
        if (at >= text.length) {
          throw new Error(
            `the quote ${letter} at ${JSON.stringify(text.slice(start, start + 20))} is not closed`,
          );
        }
        if (letter === '"' && text[at] === '\\' && /["\\]/.test(text[at + 1] ?? '')) at++;
        word += text[at];
      }
    } else word = (word ?? '') + letter;
  }
  if (word !== undefined) words.push(word);
  if (!words[0]) throw new Error('expected a program and its arguments but received nothing');
  const operator = operatorIn(text);
  if (operator) {
    throw new Error(
      `no shell reads it, and so no ${operator}: put the commands into a script, and name that`,
    );
  }
  return words;
}

/** A word that is an operator and is not quoted. */
function operatorIn(text: string): string | undefined {
  const bare = text.replace(/"(\\["\\]|[^"])*"|'[^']*'/g, 'quoted');
  return bare.split(/\s+/).find((word) => operators.has(word));
}
