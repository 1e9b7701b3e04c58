import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalTenantId, parseUuid } from './ids.js';

describe('canonicalTenantId', () => {
  test('is idempotent, and nothing but ASCII letters, digits, - and _ comes out (X-10)', () => {
    fc.assert(
      fc.property(fc.oneof(fc.uuid(), fc.string({ maxLength: 300 }), fc.string({ unit: 'binary' })), (text) => {
        const id = canonicalTenantId(text);
        if (id === undefined) return;
        expect(canonicalTenantId(id)).toBe(id);
        expect(id).toMatch(/^[A-Za-z0-9][A-Za-z0-9_-]{0,255}$/);
      }),
    );
  });

  test.each([
    ['0198C0DE-0000-7000-8000-00000000ABCD', '0198c0de00007000800000000000abcd'],
    ['0198c0de00007000800000000000ABCD', '0198c0de00007000800000000000abcd'],
    ['imported-Bank_1', 'imported-Bank_1'],
  ])('%s becomes %s', (text, id) => expect(canonicalTenantId(text)).toBe(id));

  test.each([
    '',
    ' a',
    'a ',
    'a\u0000',
    'urn:uuid:0198c0de-0000-7000-8000-00000000abcd',
    '{0198c0de}',
    'é',
    'a'.repeat(257),
    '-a',
  ])('refuses %j', (text) => expect(canonicalTenantId(text)).toBeUndefined());
});

test('parseUuid reads leniently and answers one form', () => {
  expect(parseUuid('0198C0DE00007000800000000000ABCD')).toBe('0198c0de-0000-7000-8000-00000000abcd');
  expect(parseUuid('0198c0de-0000-7000-8000-00000000abc')).toBeUndefined();
});
