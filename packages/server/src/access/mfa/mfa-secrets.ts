import { createHmac, randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import type { TenantId } from '@cofferdam/core';
import { deriveKey } from '../credentials/derived-key.js';
import { createSealer } from '../credentials/sealer.js';

export interface OfUser {
  readonly tenantId: TenantId;
  readonly userId: string;
}

/** What is kept of second factors: TOTP secrets encrypted, codes as keyed hashes. */
export interface MfaSecrets {
  seal(user: OfUser, totpSecret: string): Buffer;
  open(user: OfUser, sealed: Buffer): string;
  /** Ten of 80 random bits each, in groups of four for people to write down; good once each. */
  newRecoveryCodes(): string[];
  /** Hyphens, spaces and letter case do not matter. */
  recoveryHmac(user: OfUser, code: string): Buffer;
  /** Six digits, for e-mail and SMS. */
  newPasscode(): string;
  passcodeHmac(user: OfUser, passcode: string): Buffer;
  /** Constant time. */
  equal(stored: Buffer | null, given: Buffer): boolean;
}

/** Without the look-alikes 0 and O, 1, I and L. */
const alphabet = '23456789ABCDEFGHJKMNPQRSTUVWXYZ';
const recoveryCodeCount = 10;

/**
 * Six digits can be tried out by whoever has a copy of the table; with a key that is not in the database they cannot.
 */
export function createMfaSecrets(encryptionKey: Buffer): MfaSecrets {
  const sealer = createSealer(encryptionKey, 'mfa-secret-encryption', 'cofferdam totp secret');
  const key = deriveKey(encryptionKey, 'mfa-code-hmac');
  const ownerOf = ({ tenantId, userId }: OfUser) => `${tenantId}/${userId}`;
  const hmac = (kind: string, user: OfUser, code: string) =>
    createHmac('sha256', key)
      .update(`${kind}\0${ownerOf(user)}\0${code}`, 'utf8')
      .digest();

  return Object.freeze({
    seal: (user: OfUser, secret: string) => sealer.seal(ownerOf(user), secret),
    open: (user: OfUser, sealed: Buffer) => sealer.open(ownerOf(user), sealed),
    newRecoveryCodes: () => Array.from({ length: recoveryCodeCount }, newRecoveryCode),
    recoveryHmac: (user: OfUser, code: string) => hmac('recovery', user, code.replace(/[\s-]/g, '').toUpperCase()),
    newPasscode: () => String(randomInt(1_000_000)).padStart(6, '0'),
    passcodeHmac: (user: OfUser, passcode: string) => hmac('passcode', user, passcode),
    equal: (stored: Buffer | null, given: Buffer) => timingSafeEqual(stored ?? randomBytes(32), given),
  });
}

function newRecoveryCode(): string {
  const letters = Array.from({ length: 16 }, () => alphabet[randomInt(alphabet.length)]).join('');
  return (letters.match(/.{4}/g) ?? []).join('-');
}
