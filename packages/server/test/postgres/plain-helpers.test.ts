import { expect, test } from 'vitest';
import { derivePassword } from '../../src/postgres/derived-password.js';
import { quoteIdentifier, quoteLiteral } from '../../src/postgres/identifiers.js';
import { asAdmin } from '../support/cluster.js';

test('identifiers: plain names pass, anything else is refused', () => {
  expect(quoteIdentifier('t_0af3')).toBe('"t_0af3"');
  for (const name of ['', '1a', 'a b', 'a"b', "a'b", 'a;b', 'a.b', 'ä', 'a\0', 'a'.repeat(64)])
    expect(() => quoteIdentifier(name), name).toThrow('not a plain database name');
});

test('literals: PostgreSQL reads back what was given', async () => {
  const texts = ["it's", 'back\\slash', "\\' or 1=1 --", '$$', 'ünïcödé', ''];
  const read = await asAdmin(async (admin) => {
    const select = `select ${texts.map((text, index) => `${quoteLiteral(text)}::text as c${index}`).join(', ')}`;
    return Object.values((await admin.query<Record<string, string>>(select)).rows[0] ?? {});
  });
  expect(read).toEqual(texts);
  expect(() => quoteLiteral('a\0b')).toThrow('control characters');
});

test('derived passwords: the same for key and role, different for any other, never the key', () => {
  const key = Buffer.alloc(32, 7);
  const password = derivePassword(key, 'cofferdam_ledger');
  expect(password).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect(derivePassword(Buffer.alloc(32, 7), 'cofferdam_ledger')).toBe(password);
  expect(derivePassword(key, 'cofferdam_access')).not.toBe(password);
  expect(derivePassword(Buffer.alloc(32, 8), 'cofferdam_ledger')).not.toBe(password);
  expect(() => derivePassword(Buffer.alloc(31), 'x')).toThrow('32 bytes');
});
