import { LedgerError } from '@cofferdam/core';

/**
 * A decimal as the whole number and scale that rates are kept in: 5.25 is 525 and 2. By its digits, never through a
 * float. Throws 0047 for more digits than a whole number can hold.
 */
export function toRateAndScale(decimal: string): { readonly rate: number; readonly scale: number } {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(decimal) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+(?=\d)/, '');
  let scale = fraction.length - Number(exponent);
  let text = digits;
  while (scale > 0 && text.endsWith('0') && text.length > 1) {
    text = text.slice(0, -1);
    scale -= 1;
  }
  if (/^0*$/.test(text)) return { rate: 0, scale: 0 };
  if (scale < 0 && scale > -20) {
    text += '0'.repeat(-scale);
    scale = 0;
  }
  const rate = Number(`${sign === '-' ? '-' : ''}${text}`);
  if (Number.isSafeInteger(rate) && scale >= 0 && scale <= 1_000) return { rate, scale };
  throw new LedgerError('bad_request', {
    detail: 'The request has invalid fields: rate has more digits than a rate can have (15).',
    errors: [{ location: 'rate', message: 'rate must have at most 15 digits' }],
  });
}
