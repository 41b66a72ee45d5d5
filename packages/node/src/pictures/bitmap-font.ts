/** @file A font of our own, 5 x 7 dots: machines without fonts must be able to label a picture too. */

/** Size of a character in dots. */
export const GLYPH = { width: 5, height: 7 } as const;

// Each glyph is seven rows of five dots from the top; a row is one digit in base 32, its highest bit at the left.
// biome-ignore format: a table of glyphs reads as a table
const glyphs: Readonly<Record<string, string>> = {
  A: '4AHHVHH', B: 'UHHUHHU', C: 'EHGGGHE', D: 'UHHHHHU', E: 'VGGUGGV', F: 'VGGUGGG', G: 'EHGNHHF', H: 'HHHVHHH',
  I: 'E44444E', J: '72222IC', K: 'HIKOKIH', L: 'GGGGGGV', M: 'HRLLHHH', N: 'HHPLJHH', O: 'EHHHHHE', P: 'UHHUGGG',
  Q: 'EHHHLID', R: 'UHHUKIH', S: 'FGGE11U', T: 'V444444', U: 'HHHHHHE', V: 'HHHHHA4', W: 'HHHLLLA', X: 'HHA4AHH',
  Y: 'HHHA444', Z: 'V1248GV',
  0: 'EHJLPHE', 1: '4C4444E', 2: 'EH1248V', 3: 'V2421HE', 4: '26AIV22', 5: 'VGU11HE', 6: '68GUHHE', 7: 'V124888',
  8: 'EHHEHHE', 9: 'EHHF12C',
  ' ': '0000000', '.': '00000CC', ',': '0000C48', ':': '0CC0CC0', '-': '000V000', '+': '044V440', '/': '01248G0',
  '(': '2488842', ')': '8422248', '%': 'OP248J3', '=': '00V0V00', '?': 'EH12404', '#': 'AAVAVAA', _: '000000V',
  "'": '4480000',
};

// For characters that the font lacks.
const box = 'VHHHHHV';

/** Whether a character has a dot at a place; small letters are drawn as capitals. */
export function hasDot(character: string, x: number, y: number): boolean {
  const rows = glyphs[character.toUpperCase()] ?? box;
  return ((Number.parseInt(rows[y]!, 32) >> (GLYPH.width - 1 - x)) & 1) === 1;
}
