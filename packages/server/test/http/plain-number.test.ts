import { expect, it } from 'vitest';
import { plainLength, plainNumber } from '../../src/http/plain-number.js';

it.each([
  ['1.50e1', '15.0'],
  ['1e2', '100'],
  ['1.5E+3', '1500'],
  ['1.5e-3', '0.0015'],
  ['-0.0', '0.0'],
  ['-0e5', '0'],
  ['0.001e2', '0.1'],
  ['123456789012345678901234567890', '123456789012345678901234567890'],
  ['-12.30', '-12.30'],
  ['100e-2', '1.00'],
])('%s is written %s', (text, plain) => {
  expect(plainNumber(text)).toBe(plain);
  expect(plainLength(text)).toBeGreaterThanOrEqual(plain.length);
});

it('knows the length of what it would not write', () => {
  expect(plainLength('1e200000')).toBeGreaterThan(200_000);
  expect(plainLength('1e-200000')).toBeGreaterThan(200_000);
  expect(plainLength(`1e${'9'.repeat(400)}`)).toBe(Number.POSITIVE_INFINITY);
});
