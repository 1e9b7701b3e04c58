import fc from 'fast-check';
import { isLosslessNumber, LosslessNumber } from 'lossless-json';
import { describe, expect, it } from 'vitest';
import { JsonError, parseJson, stringifyJson } from '../../src/http/json.js';

/** What `JSON.parse` would have made of it, to compare with. */
function toFloats(value: unknown): unknown {
  if (isLosslessNumber(value)) return Number(value.value);
  if (Array.isArray(value)) return value.map(toFloats);
  if (typeof value !== 'object' || value === null) return value;
  const result = {};
  for (const [key, inner] of Object.entries(value)) {
    Object.defineProperty(result, key, {
      value: toFloats(inner),
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return result;
}

function digits(value: unknown): string | undefined {
  return isLosslessNumber(value) ? value.value : undefined;
}

describe('parseJson', () => {
  it('reads whatever JSON.stringify writes as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.json(), fc.constantFrom(undefined, 1, '\t\r\n'), (text, indent) => {
        const pretty = JSON.stringify(JSON.parse(text), null, indent);
        expect(toFloats(parseJson(pretty))).toEqual(JSON.parse(pretty));
      }),
      { numRuns: 500 },
    );
  });

  it('accepts no text that JSON.parse refuses, and refuses only duplicates and depth beyond it', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '"a"',
      '1',
      '-',
      '0',
      '.',
      'e',
      '+',
      ' ',
      '\\',
      'u',
      'true',
      'null',
      '\n',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 12 }), (parts) => {
        const text = parts.join('');
        let expected: unknown;
        let isJson = true;
        try {
          expected = JSON.parse(text);
        } catch {
          isJson = false;
        }
        try {
          expect(toFloats(parseJson(text))).toEqual(expected);
          expect(isJson, text).toBe(true);
        } catch (error) {
          if (!(error instanceof JsonError)) throw error;
          if (isJson) expect(error.message).toMatch(/duplicate/);
        }
      }),
      { numRuns: 5_000 },
    );
  });

  it.each([
    ['40 digits', '1234567890123456789012345678901234567890'],
    ['40 digits with a fraction', '12345678901234567890.12345678901234567890'],
    ['a fraction', '0.1'],
    ['trailing zeros', '100.00'],
    ['an exponent', '1e400'],
    ['a negative exponent', '-1E-400'],
    ['beyond the safe integers', '9007199254740993'],
  ])('keeps the digits of %s', (_name, text) => {
    expect(digits(parseJson(text))).toBe(text);
    expect(stringifyJson(parseJson(`{"a":[${text}]}`))).toBe(`{"a":[${text}]}`);
  });

  it('reads safe integers as numbers', () => {
    for (const number of [0, -1, 42, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]) {
      expect(parseJson(String(number))).toBe(number);
    }
  });

  it.each([
    '{"a":1,"a":1}',
    '{"a":1,"a":2}',
    '{"a":{"b":null,"b":null}}',
    '[{"a":1,"\\u0061":1}]',
    '{"__proto__":1,"__proto__":1}',
  ])('refuses a repeated member: %s', (text) => {
    expect(() => parseJson(text)).toThrow(/duplicate member/);
  });

  it.each(['01', '1.', '.5', '+1', '-', '1e', '0x1', 'NaN', 'Infinity', '1_0', '--1', '1.2.3'])(
    'refuses the number %s',
    (text) => {
      expect(() => parseJson(text)).toThrow(JsonError);
    },
  );

  it.each([
    '',
    ' ',
    '{',
    '[1,]',
    '{"a":1,}',
    "{'a':1}",
    '{a:1}',
    '"\t"',
    '"\\x"',
    '"\\u12"',
    '"a',
    '1 2',
    'nul',
    '\ufeff{}',
    '{}}',
  ])('refuses %j', (text) => {
    expect(() => parseJson(text)).toThrow(JsonError);
  });

  it('refuses 100,000 levels without exhausting the stack', () => {
    expect(() => parseJson('['.repeat(100_000))).toThrow(/nesting/);
    expect(() => parseJson('{"a":'.repeat(100_000))).toThrow(/nesting/);
  });

  it('makes __proto__ and constructor ordinary members', () => {
    const value = parseJson('{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}}}') as object;
    expect(Object.keys(value)).toEqual(['__proto__', 'constructor']);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
    expect(stringifyJson(value)).toContain('"__proto__":{"polluted":true}');
  });

  it('does not take an object for an exact number', () => {
    const value = parseJson('{"isLosslessNumber":true,"value":"1"}');
    expect(isLosslessNumber(value)).toBe(false);
    expect(stringifyJson(value)).toBe('{"isLosslessNumber":true,"value":"1"}');
  });

  it('replaces lone surrogates and keeps pairs', () => {
    expect(parseJson('"\\ud800 \\udc00 \\ud83d\\ude00"')).toBe('\ufffd \ufffd 😀');
  });
});

describe('stringifyJson', () => {
  it('writes exact numbers and bigints as digits among other members', () => {
    const value = { a: new LosslessNumber('0.10'), b: 12345678901234567890n, c: 'x', d: [null, true], e: undefined };
    expect(stringifyJson(value)).toBe('{"a":0.10,"b":12345678901234567890,"c":"x","d":[null,true]}');
  });

  it('gives back what parseJson read', () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false } as never), fc.bigInt(), (value, big) => {
        const text = JSON.stringify({ value, list: [1] }).replace('[1]', `[${big},${big}.50]`);
        expect(stringifyJson(parseJson(stringifyJson(parseJson(text))))).toBe(stringifyJson(parseJson(text)));
        expect(stringifyJson(parseJson(text))).toContain(`${big}.50`);
      }),
    );
  });
});
