import { hkdfSync } from 'node:crypto';

/** What a key is for. Each purpose has its own key, so that one leaking or being misused opens nothing else. */
export type KeyPurpose =
  | 'client-secret-hmac'
  | 'signing-key-encryption'
  | 'service-key'
  | 'mfa-secret-encryption'
  | 'mfa-code-hmac'
  | 'cookie-signing';

/** 32 bytes for one purpose of the Access Manager, from the installation's encryption key (32 bytes). */
export function deriveKey(encryptionKey: Buffer, purpose: KeyPurpose): Buffer {
  if (encryptionKey.length !== 32) throw new Error('the encryption key must have 32 bytes');
  return Buffer.from(hkdfSync('sha256', encryptionKey, 'cofferdam', `access:${purpose}`, 32));
}
