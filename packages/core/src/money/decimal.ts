declare const canonical: unique symbol;
declare const nonNegative: unique symbol;

/**
 * An exact decimal, coefficient ÷ 10^scale. Frozen and canonical (no trailing zero in the fraction, one zero), so two
 * equal values have equal members. Made only by this file's functions.
 */
export interface Decimal {
  readonly coefficient: bigint;
  /** Fraction digits, ≥ 0. */
  readonly scale: number;
  readonly [canonical]: true;
}

/** A Decimal that is never below zero. Which way it moves is said by debit and credit, never by a sign. */
export type Amount = Decimal & { readonly [nonNegative]: true };

const ten = 10n;

function make(coefficient: bigint, scale: number): Decimal {
  let c = coefficient;
  let s = scale;
  if (c === 0n) s = 0;
  while (s > 0 && c % ten === 0n) {
    c /= ten;
    s -= 1;
  }
  return Object.freeze({ coefficient: c, scale: s }) as Decimal;
}

export const zero = make(0n, 0) as Amount;

/** coefficient ÷ 10^scale. Throws RangeError when the scale is no whole number ≥ 0. */
export function decimal(coefficient: bigint, scale = 0): Decimal {
  if (!Number.isInteger(scale) || scale < 0) throw new RangeError(`scale ${scale} is not a whole number ≥ 0`);
  return make(coefficient, scale);
}

export function add(a: Decimal, b: Decimal): Decimal {
  if (a.scale === b.scale) return make(a.coefficient + b.coefficient, a.scale);
  const scale = Math.max(a.scale, b.scale);
  return make(raise(a, scale) + raise(b, scale), scale);
}

export function subtract(a: Decimal, b: Decimal): Decimal {
  return add(a, negate(b));
}

export function negate(a: Decimal): Decimal {
  return a.coefficient === 0n ? a : (Object.freeze({ coefficient: -a.coefficient, scale: a.scale }) as Decimal);
}

/** Negative, zero or positive, as a is less than, equal to or greater than b. */
export function compare(a: Decimal, b: Decimal): -1 | 0 | 1 {
  const scale = Math.max(a.scale, b.scale);
  const left = raise(a, scale);
  const right = raise(b, scale);
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Canonical form makes this a comparison of members. */
export function equals(a: Decimal, b: Decimal): boolean {
  return a.coefficient === b.coefficient && a.scale === b.scale;
}

export function sign(a: Decimal): -1 | 0 | 1 {
  return a.coefficient < 0n ? -1 : a.coefficient > 0n ? 1 : 0;
}

/**
 * a × numerator ÷ 10^power, exactly: a division by a power of ten only moves the point, so nothing is ever rounded.
 * Percentages are such ratios (37 % = 37 ÷ 10²).
 */
export function multiplyByRatio(a: Decimal, numerator: bigint, power: number): Decimal {
  return decimal(a.coefficient * numerator, a.scale + power);
}

/** The value as an Amount. Throws RangeError when it is below zero: a caller's mistake, never a client's. */
export function toAmount(a: Decimal): Amount {
  if (a.coefficient < 0n) throw new RangeError('an amount is never below zero');
  return a as Amount;
}

function raise(a: Decimal, scale: number): bigint {
  return scale === a.scale ? a.coefficient : a.coefficient * ten ** BigInt(scale - a.scale);
}
