import { createHash, timingSafeEqual } from 'node:crypto';
import { deriveKey } from './derived-key.js';

/**
 * What our own services show each other in `X-API-Key` when they run in different processes: known to whoever has the
 * installation's encryption key, so nothing more needs to be configured.
 */
export function deriveServiceKey(encryptionKey: Buffer): string {
  return `cfk_${deriveKey(encryptionKey, 'service-key').toString('base64url')}`;
}

/** Constant time over digests: neither content nor length can be felt out. */
export function isServiceKey(expected: string, sent: unknown): boolean {
  const digest = (text: string) => createHash('sha256').update(text, 'utf8').digest();
  return typeof sent === 'string' && timingSafeEqual(digest(sent), digest(expected));
}
