import { hkdfSync } from 'node:crypto';

/**
 * The password of one of our own service logins, derived from the installation's encryption key (32 bytes) and the
 * role's name: nothing needs storing, and every process that holds the key arrives at the same one. Tenant logins
 * have random passwords instead. 43 characters, base64url.
 */
export function derivePassword(encryptionKey: Buffer, role: string): string {
  if (encryptionKey.length !== 32) throw new Error('the encryption key must have 32 bytes');
  const bytes = hkdfSync('sha256', encryptionKey, 'cofferdam', `postgres-login:${role}`, 32);
  return Buffer.from(bytes).toString('base64url');
}
