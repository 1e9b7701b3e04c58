import { LosslessNumber, stringify } from 'lossless-json';

/** A JSON text that cannot be accepted. `message` is written for the client; `position` counts UTF-16 units from 0. */
export class JsonError extends SyntaxError {
  override readonly name = 'JsonError';
  readonly position: number;

  constructor(problem: string, position: number) {
    super(`${problem} at position ${position}`);
    this.position = position;
  }
}

/** Deeper than any body the API describes, and shallow enough that no recursion over a parsed body can exhaust the stack. */
const maxDepth = 64;

/**
 * Reads one JSON text (RFC 8259, strictly). Safe integers become numbers; every other number becomes a
 * `LosslessNumber` that keeps the digits as they were sent, because a float cannot hold an amount. A repeated member
 * name is refused even when both values are equal: two readers of such a text may see two different bodies.
 * `__proto__` becomes an ordinary own member. A lone surrogate becomes U+FFFD, because PostgreSQL refuses it in jsonb.
 * @throws JsonError
 */
export function parseJson(text: string): unknown {
  const reader = new Reader(text);
  return reader.document();
}

/**
 * Writes JSON: a `LosslessNumber` as its own digits, a bigint as digits, everything else as `JSON.stringify` does.
 * Such numbers are rare in answers (amounts are strings), so the native writer goes first; a number that it cannot write
 * is a TypeError or shows in its text, and only then everything is written digit by digit.
 */
export function stringifyJson(value: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // a bigint
  }
  if (text === undefined || text.includes(exactNumberMark)) text = stringify(value);
  return text ?? 'null';
}

/**
 * In what the native writer makes of a `LosslessNumber`; a text value that holds this is escaped and does not match. Begins
 * with a letter that is rare in answers: to search for the whole name took a fifth of the time of writing.
 */
const exactNumberMark = 'LosslessNumber":true';

const numberPattern = /-?(?:0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?/y;
const literals: readonly (readonly [string, unknown])[] = [
  ['true', true],
  ['false', false],
  ['null', null],
];

class Reader {
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  document(): unknown {
    const value = this.value(0);
    this.skipSpace();
    if (this.at < this.text.length) throw this.problem('unexpected text after the JSON value');
    return value;
  }

  private value(depth: number): unknown {
    const first = this.skipSpace();
    if (first === 0x22) return this.string();
    if (first === 0x7b) return this.object(depth);
    if (first === 0x5b) return this.array(depth);
    if (first === 0x2d || (first >= 0x30 && first <= 0x39)) return this.number();
    for (const [word, value] of literals) {
      if (this.text.startsWith(word, this.at)) {
        this.at += word.length;
        return value;
      }
    }
    throw this.problem(this.at < this.text.length ? 'unexpected character' : 'unexpected end of the JSON text');
  }

  private object(depth: number): Record<string, unknown> {
    if (depth >= maxDepth) throw this.problem(`nesting deeper than ${maxDepth} levels`);
    const result: Record<string, unknown> = {};
    this.at++;
    if (this.skipSpace() === 0x7d) {
      this.at++;
      return result;
    }
    for (;;) {
      if (this.skipSpace() !== 0x22) throw this.problem('expected a member name in double quotes');
      const nameAt = this.at;
      const name = this.string();
      if (this.skipSpace() !== 0x3a) throw this.problem('expected a colon');
      this.at++;
      const value = this.value(depth + 1);
      if (Object.hasOwn(result, name)) throw new JsonError(`duplicate member ${quote(name)}`, nameAt);
      if (name === '__proto__') {
        // An assignment would set the prototype instead of a member.
        Object.defineProperty(result, name, { value, configurable: true, enumerable: true, writable: true });
      } else {
        result[name] = value;
      }
      const next = this.skipSpace();
      this.at++;
      if (next === 0x7d) return result;
      if (next !== 0x2c) throw new JsonError('expected a comma or a closing brace', this.at - 1);
    }
  }

  private array(depth: number): unknown[] {
    if (depth >= maxDepth) throw this.problem(`nesting deeper than ${maxDepth} levels`);
    const result: unknown[] = [];
    this.at++;
    if (this.skipSpace() === 0x5d) {
      this.at++;
      return result;
    }
    for (;;) {
      result.push(this.value(depth + 1));
      const next = this.skipSpace();
      this.at++;
      if (next === 0x5d) return result;
      if (next !== 0x2c) throw new JsonError('expected a comma or a closing bracket', this.at - 1);
    }
  }

  private number(): number | LosslessNumber {
    numberPattern.lastIndex = this.at;
    const match = numberPattern.exec(this.text);
    if (!match) throw this.problem('malformed number');
    const digits = match[0];
    this.at += digits.length;
    const following = this.text.charCodeAt(this.at);
    if (following >= 0x30 && following <= 0x39) throw this.problem('malformed number');
    if (match[1] === undefined && match[2] === undefined) {
      const number = Number(digits);
      if (Number.isSafeInteger(number)) return number;
    }
    return new LosslessNumber(digits);
  }

  private string(): string {
    const { text } = this;
    const start = ++this.at;
    for (let at = start; at < text.length; at++) {
      const unit = text.charCodeAt(at);
      if (unit === 0x22) {
        this.at = at + 1;
        return text.slice(start, at);
      }
      if (unit === 0x5c) return this.escapedString(start, at);
      if (unit < 0x20) throw new JsonError('control character in a string', at);
    }
    throw new JsonError('unterminated string', start - 1);
  }

  /** The rare string with escapes: finds its end, then leaves the decoding to the native parser. */
  private escapedString(start: number, firstEscape: number): string {
    const { text } = this;
    let at = firstEscape;
    while (at < text.length && text.charCodeAt(at) !== 0x22) at += text.charCodeAt(at) === 0x5c ? 2 : 1;
    if (at >= text.length) throw new JsonError('unterminated string', start - 1);
    this.at = at + 1;
    let decoded: string;
    try {
      decoded = JSON.parse(text.slice(start - 1, at + 1));
    } catch {
      throw new JsonError('malformed escape or control character in a string', start - 1);
    }
    return decoded.replace(loneSurrogate, '\ufffd');
  }

  private skipSpace(): number {
    for (;;) {
      const unit = this.text.charCodeAt(this.at);
      if (unit !== 0x20 && unit !== 0x0a && unit !== 0x0d && unit !== 0x09) return unit;
      this.at++;
    }
  }

  private problem(text: string): JsonError {
    return new JsonError(text, this.at);
  }
}

const loneSurrogate = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

function quote(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name);
}
