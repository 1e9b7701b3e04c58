import { deriveKey } from './derived-key.js';

/**
 * What our own services show each other in `X-API-Key` when they run in different processes: known to whoever has the
 * installation's encryption key, so nothing more needs to be configured.
 */
export function deriveServiceKey(encryptionKey: Buffer): string {
  return `cfk_${deriveKey(encryptionKey, 'service-key').toString('base64url')}`;
}
