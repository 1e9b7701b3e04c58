import { malformed, meaningless } from './dsl-error.js';
import type { Token } from './tokenize.js';

/** Most digits of a number: more than any amount that is taken, less than what would cost time. */
const digitsMax = 100;

/** Walks over tokens; what is not there is refused with its place and what would be right. */
export class TokenReader {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  /** `( name`, of the names given; answers which. */
  open<N extends string>(...names: readonly N[]): N {
    const open = this.#next();
    if (open.kind !== '(') throw this.#unexpected(open, `"(${names[0]}"`);
    return this.word(...names);
  }

  close(): void {
    const token = this.#next();
    if (token.kind !== ')') throw this.#unexpected(token, '")"');
  }

  end(): void {
    const token = this.#peek();
    if (token.kind !== 'end') throw this.#unexpected(token, 'the end of the file');
  }

  /** `( name … )`. */
  clause<T>(name: string, read: () => T): T {
    this.open(name);
    const value = read();
    this.close();
    return value;
  }

  /** The same, or nothing. */
  optional<T>(name: string, read: () => T): T | undefined {
    return this.isOpen(name) ? this.clause(name, read) : undefined;
  }

  isOpen(name: string): boolean {
    const word = this.#tokens[this.#at + 1];
    return this.#peek().kind === '(' && word?.kind === 'word' && word.text === name;
  }

  /** One of the words given. */
  word<W extends string>(...words: readonly W[]): W {
    const token = this.#next();
    const word = token.kind === 'word' ? words.find((one) => one === token.text) : undefined;
    if (word === undefined) throw this.#unexpected(token, words.map((one) => `"${one}"`).join(' or '));
    return word;
  }

  skipWord(word: string): boolean {
    const token = this.#peek();
    if (token.kind !== 'word' || token.text !== word) return false;
    this.#at += 1;
    return true;
  }

  /** A word that is no keyword. `what`: for the message. */
  name(what: string): string {
    const token = this.#next();
    if (token.kind !== 'word' || token.text.startsWith(':') || token.text === '->') throw this.#unexpected(token, what);
    return token.text;
  }

  string(): string {
    const token = this.#next();
    if (token.kind !== 'string') throw this.#unexpected(token, 'a text in double quotes');
    return token.text;
  }

  /** `n|scale`. The scale is read and has no effect: `1000|2` is 1000 (ledger-api §5.1). */
  amount(): string {
    const token = this.#next();
    if (token.kind !== 'word') throw this.#unexpected(token, 'an amount such as 1000|2');
    const [whole = '', scale, ...rest] = token.text.split('|');
    if (scale === undefined || rest.length > 0) throw this.#unexpected(token, 'an amount such as 1000|2');
    if (whole.startsWith('$') || scale.startsWith('$'))
      throw meaningless(token, `variables are not filled in, and ${shown(token)} needs a number`);
    if (!/^\d+$/.test(whole) || !/^\d+$/.test(scale))
      throw this.#unexpected(token, 'an amount of whole numbers such as 1000|2');
    if (whole.length > digitsMax) throw meaningless(token, `an amount has at most ${digitsMax} digits`);
    return whole;
  }

  /** A whole number from 1 to 100. */
  percentage(): number {
    const token = this.#next();
    if (token.kind !== 'word' || !/^(?:\d+|\$.+)$/.test(token.text)) throw this.#unexpected(token, 'a whole number');
    const percentage = /^\d{1,3}$/.test(token.text) ? Number(token.text) : 0;
    if (percentage < 1 || percentage > 100)
      throw meaningless(token, `a share is a whole number from 1 to 100, not ${shown(token)}`);
    return percentage;
  }

  /** `(key value)+`; values become texts. */
  pairs(): Record<string, string> {
    const pairs = new Map<string, string>();
    do {
      const open = this.#next();
      if (open.kind !== '(') throw this.#unexpected(open, 'a pair such as (key value)');
      const key = this.#text('a key');
      if (pairs.has(key.text)) throw meaningless(key, `the key ${shown(key)} stands here twice`);
      pairs.set(key.text, this.#text('a value').text);
      this.close();
    } while (this.#peek().kind === '(');
    return Object.fromEntries(pairs);
  }

  #text(what: string): Token {
    const token = this.#next();
    if (token.kind !== 'word' && token.kind !== 'string') throw this.#unexpected(token, what);
    return token;
  }

  #peek(): Token {
    const token = this.#tokens[Math.min(this.#at, this.#tokens.length - 1)];
    if (token === undefined) throw new Error('a list of tokens has its end');
    return token;
  }

  #next(): Token {
    const token = this.#peek();
    this.#at += 1;
    return token;
  }

  #unexpected(token: Token, expected: string) {
    return malformed(
      token,
      `expected ${expected}, found ${token.kind === 'end' ? 'the end of the file' : shown(token)}`,
    );
  }
}

function shown({ text }: Token): string {
  return `"${text.length > 40 ? `${text.slice(0, 40)}…` : text}"`;
}
