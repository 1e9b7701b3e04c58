import { type Decimal, decimal } from './decimal.js';

/** How much of a number from outside is taken. More is refused, never rounded. */
export interface DecimalBounds {
  /** Digits before the point, leading zeros apart. */
  readonly integerDigitsMax: number;
  /** Digits after the point, trailing zeros apart. */
  readonly fractionDigitsMax: number;
}

/** What a request may say. What the books already hold is read without bounds. */
export const inputBounds: DecimalBounds = Object.freeze({ integerDigitsMax: 64, fractionDigitsMax: 32 });

export type DecimalProblem = 'not_a_decimal' | 'too_many_integer_digits' | 'too_many_fraction_digits';

/** The text is no decimal, or one beyond the bounds. */
export class DecimalError extends RangeError {
  override readonly name = 'DecimalError';
  readonly problem: DecimalProblem;
  constructor(problem: DecimalProblem, message: string) {
    super(message);
    this.problem = problem;
  }
}

const pattern = /^([+-]?)(?=\.?\d)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;

/** Longer than any number within the bounds with zeros to spare; keeps the pattern and BigInt away from huge texts. */
const textLengthMax = 4096;

/**
 * Reads plain (`-12.50`) and exponent (`1.25e3`) form, every digit exact. Throws DecimalError.
 * Bounds are checked before anything of the exponent's size is built, so `1e999999` costs nothing.
 */
export function parseDecimal(text: string, bounds: DecimalBounds = inputBounds): Decimal {
  const match = text.length <= textLengthMax ? pattern.exec(text) : null;
  if (match === null) throw new DecimalError('not_a_decimal', 'must be a decimal number such as "12.50"');
  const [, signText, whole = '', fraction = '', exponentText = '0'] = match;
  const digits = (whole + fraction).replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return decimal(0n);
  // value = 0.<digits> × 10^point = significant × 10^-scale
  const exponent = Number(exponentText); // may be infinite: both checks below hold for it
  const scale = fraction.length - exponent - (digits.length - significant.length);
  const integerDigits = significant.length - scale;
  if (integerDigits > bounds.integerDigitsMax)
    throw new DecimalError(
      'too_many_integer_digits',
      `must have at most ${bounds.integerDigitsMax} digits before the decimal point`,
    );
  if (scale > bounds.fractionDigitsMax)
    throw new DecimalError(
      'too_many_fraction_digits',
      `must have at most ${bounds.fractionDigitsMax} digits after the decimal point`,
    );
  const magnitude = scale < 0 ? BigInt(significant) * 10n ** BigInt(-scale) : BigInt(significant);
  return decimal(signText === '-' ? -magnitude : magnitude, Math.max(scale, 0));
}

const storedPattern = /^(-?)(\d+)(?:\.(\d+))?$/;

/** Reads what PostgreSQL's numeric prints: plain form, no bounds. Throws DecimalError (NaN and infinities included). */
export function parseStoredDecimal(text: string): Decimal {
  const match = storedPattern.exec(text);
  if (match === null) throw new DecimalError('not_a_decimal', `stored number ${text} is no finite decimal`);
  const [, signText, whole = '', fraction = ''] = match;
  const magnitude = BigInt(whole + fraction);
  return decimal(signText === '-' ? -magnitude : magnitude, fraction.length);
}

/** Plain form, trailing zeros trimmed: `1500.25`, `100`, `-0.5`. The only form that goes to clients and into the books. */
export function formatDecimal(value: Decimal): string {
  if (value.scale === 0) return value.coefficient.toString();
  const negative = value.coefficient < 0n;
  const digits = (negative ? -value.coefficient : value.coefficient).toString().padStart(value.scale + 1, '0');
  const point = digits.length - value.scale;
  return `${negative ? '-' : ''}${digits.slice(0, point)}.${digits.slice(point)}`;
}
