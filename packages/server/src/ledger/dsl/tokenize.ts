import { malformed, type Position } from './dsl-error.js';

/** `word`: a name, number or keyword; `string`: what stood between quotes. */
export interface Token extends Position {
  readonly kind: '(' | ')' | 'word' | 'string' | 'end';
  readonly text: string;
}

const blank = /\s/;
const closesWord = /[\s()"]/;

/** The tokens of a text, with an `end` after the last. Throws `invalid_dsl_file_format` for a string that never ends. */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  let line = 1;
  let lineStart = 0;
  const here = (): Position => ({ line, column: at - lineStart + 1 });
  while (at < source.length) {
    const character = source.charAt(at);
    if (character === '\n') {
      line += 1;
      lineStart = at + 1;
      at += 1;
    } else if (blank.test(character)) {
      at += 1;
    } else if (character === '(' || character === ')') {
      tokens.push({ kind: character, text: character, ...here() });
      at += 1;
    } else if (character === '"') {
      const start = here();
      const { text, next, newLines, lastNewLine } = readString(source, at, start);
      tokens.push({ kind: 'string', text, ...start });
      at = next;
      if (newLines > 0) [line, lineStart] = [line + newLines, lastNewLine + 1];
    } else {
      const start = here();
      const from = at;
      while (at < source.length && !closesWord.test(source.charAt(at))) at += 1;
      tokens.push({ kind: 'word', text: source.slice(from, at), ...start });
    }
  }
  tokens.push({ kind: 'end', text: '', ...here() });
  return tokens;
}

/** From its opening quote on. `\"` and `\\` stand for the character itself. */
function readString(source: string, open: number, start: Position) {
  let text = '';
  let newLines = 0;
  let lastNewLine = 0;
  for (let at = open + 1; at < source.length; at += 1) {
    const character = source.charAt(at);
    if (character === '"') return { text, next: at + 1, newLines, lastNewLine };
    const escaped = character === '\\' && /["\\]/.test(source.charAt(at + 1));
    if (escaped) at += 1;
    text += source.charAt(at);
    if (character === '\n') [newLines, lastNewLine] = [newLines + 1, at];
  }
  throw malformed(start, 'this string has no closing quote');
}
