import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createMfaSecrets } from '../../src/access/mfa/mfa-secrets.js';
import { matchingStep, newTotpSecret, totpUrl } from '../../src/access/mfa/totp.js';
import { newTenantId } from './support/access-installation.js';

/** RFC 6238 appendix B, SHA-1; the last six of its eight digits. The secret is "12345678901234567890" in base32. */
const rfcSecret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';

describe('TOTP', () => {
  it.each([
    [59, '287082'],
    [1_111_111_109, '081804'],
    [1_111_111_111, '050471'],
    [1_234_567_890, '005924'],
    [2_000_000_000, '279037'],
    [20_000_000_000, '353130'],
  ])('has the code of RFC 6238 at %d s', (seconds, code) => {
    expect(matchingStep(rfcSecret, code, new Date(seconds * 1_000))).toBe(Math.floor(seconds / 30));
  });

  it('accepts the step before and the step after, and says which it was', () => {
    const at = (seconds: number) => new Date(seconds * 1_000);
    expect(matchingStep(rfcSecret, '287082', at(89))).toBe(1);
    expect(matchingStep(rfcSecret, '287082', at(29))).toBe(1);
    expect(matchingStep(rfcSecret, '287082', at(90))).toBeUndefined();
    for (const code of ['', '28708', '2870822', '28708a', ' 287082', '２８７０８２'])
      expect(matchingStep(rfcSecret, code, at(59))).toBeUndefined();
  });

  it('has secrets of 160 bits, and a URL for authenticator apps', () => {
    const secret = newTotpSecret();
    expect(secret).toMatch(/^[A-Z2-7]{32}$/);
    const url = new URL(totpUrl(secret, { issuer: 'Bank A', account: 'owner@example.com' }));
    expect([url.protocol, url.host]).toEqual(['otpauth:', 'totp']);
    expect(url.searchParams.get('secret')).toBe(secret);
    expect(url.searchParams.get('issuer')).toBe('Bank A');
  });

  it('keeps secrets encrypted and bound to their owner', () => {
    const secrets = createMfaSecrets(randomBytes(32));
    const [one, two] = [
      { tenantId: newTenantId(), userId: 'a' },
      { tenantId: newTenantId(), userId: 'a' },
    ];
    const sealed = secrets.seal(one, rfcSecret);
    expect(sealed.toString('latin1')).not.toContain(rfcSecret);
    expect(secrets.open(one, sealed)).toBe(rfcSecret);
    expect(() => secrets.open(two, sealed)).toThrow();
    expect(secrets.recoveryHmac(one, 'ABCD-EFGH')).toEqual(secrets.recoveryHmac(one, ' abcdefgh'));
    expect(secrets.recoveryHmac(one, 'ABCD')).not.toEqual(secrets.recoveryHmac(two, 'ABCD'));
    expect(secrets.equal(null, secrets.passcodeHmac(one, '123456'))).toBe(false);
  });
});
