import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { add, compare, decimal, equals, multiplyByRatio, sign, subtract, toAmount, zero } from './decimal.js';
import { DecimalError, formatDecimal, inputBounds, parseDecimal, parseStoredDecimal } from './decimal-text.js';

const anyDecimal = fc
  .tuple(fc.bigInt({ min: -(10n ** 60n), max: 10n ** 60n }), fc.integer({ min: 0, max: 32 }))
  .map(([coefficient, scale]) => decimal(coefficient, scale));

describe('Decimal', () => {
  it('is canonical, frozen, and has one zero', () => {
    const value = decimal(1500n, 2);
    expect(value).toEqual({ coefficient: 15n, scale: 0 });
    expect(Object.isFrozen(value)).toBe(true);
    expect(decimal(0n, 9)).toEqual(zero);
    expect(() => decimal(1n, -1)).toThrow(RangeError);
    expect(() => toAmount(decimal(-1n))).toThrow(RangeError);
  });

  it('adds and subtracts exactly, at any scale', () => {
    fc.assert(
      fc.property(anyDecimal, anyDecimal, anyDecimal, (a, b, c) => {
        expect(equals(add(a, b), add(b, a))).toBe(true);
        expect(equals(add(add(a, b), c), add(a, add(b, c)))).toBe(true);
        expect(equals(subtract(add(a, b), b), a)).toBe(true);
        expect(compare(a, b)).toBe(sign(subtract(a, b)));
        expect(equals(a, b)).toBe(compare(a, b) === 0);
      }),
    );
  });

  it('splits by percentages without losing anything', () => {
    fc.assert(
      fc.property(anyDecimal, fc.integer({ min: 0, max: 100 }), (a, percent) => {
        const part = multiplyByRatio(a, BigInt(percent), 2);
        const rest = multiplyByRatio(a, BigInt(100 - percent), 2);
        expect(equals(add(part, rest), a)).toBe(true);
      }),
    );
  });
});

describe('decimal text', () => {
  it('survives a round trip, digit for digit', () => {
    fc.assert(
      fc.property(anyDecimal, (a) => {
        const text = formatDecimal(a);
        expect(text).toMatch(/^-?(0|[1-9]\d*)(\.\d*[1-9])?$/);
        expect(equals(parseDecimal(text), a)).toBe(true);
        expect(equals(parseStoredDecimal(text), a)).toBe(true);
      }),
    );
  });

  it('holds 64 digits before and 32 after the point', () => {
    const text = `${'9'.repeat(64)}.${'1'.repeat(32)}`;
    expect(formatDecimal(parseDecimal(text))).toBe(text);
    expect(formatDecimal(parseDecimal('12345678901234567890.1234567890123456789'))).toBe(
      '12345678901234567890.1234567890123456789',
    );
  });

  it.each([
    ['100.00', '100'],
    ['0100', '100'],
    ['-0', '0'],
    ['0.0', '0'],
    ['1e3', '1000'],
    ['1.25E+2', '125'],
    ['125e-2', '1.25'],
    ['0.000e9', '0'],
    ['0e999999', '0'],
    ['1000e-3', '1'],
    ['+5', '5'],
    ['.5', '0.5'],
    ['5.', '5'],
    [`${'0'.repeat(200)}1.5${'0'.repeat(200)}`, '1.5'],
  ])('reads %s as %s', (text, expected) => {
    expect(formatDecimal(parseDecimal(text))).toBe(expected);
  });

  it.each(['', ' ', '.', '-', '1,5', '1.2.3', '0x10', 'NaN', 'Infinity', '1e', '--1', '1 ', '9'.repeat(5000)])(
    'refuses %s as no decimal',
    (text) => {
      expect(() => parseDecimal(text)).toThrow(expect.objectContaining({ problem: 'not_a_decimal' }));
    },
  );

  it.each([
    ['1'.repeat(65), 'too_many_integer_digits'],
    ['1e64', 'too_many_integer_digits'],
    ['1e999999', 'too_many_integer_digits'],
    [`0.${'1'.repeat(33)}`, 'too_many_fraction_digits'],
    [`1e${'9'.repeat(400)}`, 'too_many_integer_digits'],
    [`1e-${'9'.repeat(400)}`, 'too_many_fraction_digits'],
    ['1e-33', 'too_many_fraction_digits'],
    ['1e-999999', 'too_many_fraction_digits'],
  ])('refuses %s, it never rounds', (text, problem) => {
    expect(() => parseDecimal(text)).toThrow(expect.objectContaining({ problem }));
  });

  it('says in the refusal what would be right', () => {
    expect(() => parseDecimal('1e64')).toThrow(`at most ${inputBounds.integerDigitsMax} digits`);
    expect(() => parseStoredDecimal('NaN')).toThrow(DecimalError);
  });
});
