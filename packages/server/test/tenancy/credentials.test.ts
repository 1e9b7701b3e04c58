import { randomBytes } from 'node:crypto';
import { canonicalTenantId, type TenantId } from '@cofferdam/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createVault } from '../../src/tenancy/credentials.js';

const a = canonicalTenantId('00000000-0000-7000-8000-00000000000a') as TenantId;
const b = canonicalTenantId('00000000-0000-7000-8000-00000000000b') as TenantId;
const key = randomBytes(32);
const vault = createVault([key]);

test('what was sealed opens, and twice the same text looks different', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const sealed = vault.seal(a, 'runtime-login', text);
      expect(vault.open(a, 'runtime-login', sealed)).toBe(text);
      expect(vault.seal(a, 'runtime-login', text)).not.toBe(sealed);
    }),
  );
});

test('X-42: a ciphertext opens for its own tenant and purpose only', () => {
  const sealed = vault.seal(a, 'runtime-login', 'secret');
  expect(() => vault.open(b, 'runtime-login', sealed)).toThrow();
  expect(() => vault.open(a, 'migrator-login', sealed)).toThrow();
});

test('any changed character is noticed', () => {
  const sealed = vault.seal(a, 'runtime-login', 'secret');
  for (let i = 0; i < sealed.length - 1; i += 1) {
    const changed = `${sealed.slice(0, i)}${sealed[i] === 'A' ? 'B' : 'A'}${sealed.slice(i + 1)}`;
    // The last character of a base64url group may carry unused bits: only those may differ unnoticed.
    const same = changed
      .split('.')
      .map((part) => Buffer.from(part, 'base64url').toString('hex'))
      .join();
    if (
      same ===
      sealed
        .split('.')
        .map((part) => Buffer.from(part, 'base64url').toString('hex'))
        .join()
    )
      continue;
    expect(() => vault.open(a, 'runtime-login', changed), String(i)).toThrow();
  }
  expect(() => vault.open(a, 'runtime-login', `${sealed}.x`)).toThrow();
});

test('a new key seals while the old one still opens; an unknown key says which one it was', () => {
  const next = randomBytes(32);
  const sealed = vault.seal(a, 'runtime-login', 'secret');
  const both = createVault([next, key]);
  expect(both.open(a, 'runtime-login', sealed)).toBe('secret');
  expect(both.seal(a, 'runtime-login', 'x')).toContain(`.${both.keyId}.`);
  expect(() => createVault([next]).open(a, 'runtime-login', sealed)).toThrow(vault.keyId);
  expect(() => createVault([randomBytes(16)])).toThrow(/32 bytes/);
});
