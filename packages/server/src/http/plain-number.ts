const number = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/** How a JSON number is written without an exponent: where its point stands among its digits. */
function layout(text: string) {
  const [, minus = '', whole = '', fraction = '', exponent = '0'] = number.exec(text) ?? [];
  return { minus, digits: whole + fraction, point: whole.length + Number(exponent) };
}

/** Length of `plainNumber(text)` or a little more, found without writing it: `1e999999999` is short as text only. */
export function plainLength(text: string): number {
  const { minus, digits, point } = layout(text);
  return minus.length + Math.max(digits.length, Math.abs(point), point > 0 ? point : digits.length - point) + 2;
}

/**
 * A JSON number as PostgreSQL's jsonb writes it back: no exponent, fraction digits kept (`1.50e1` is `15.0`). The
 * caller has checked `plainLength`.
 */
export function plainNumber(text: string): string {
  const { minus, digits, point } = layout(text);
  const padded = point <= 0 ? '0'.repeat(1 - point) + digits : digits.padEnd(point, '0');
  const split = Math.max(point, 1);
  const whole = padded.slice(0, split).replace(/^0+(?=\d)/, '');
  const fraction = padded.slice(split);
  const plain = fraction === '' ? whole : `${whole}.${fraction}`;
  return /[1-9]/.test(plain) ? minus + plain : plain;
}
