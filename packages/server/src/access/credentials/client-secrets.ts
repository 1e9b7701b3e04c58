import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { deriveKey } from './derived-key.js';

export interface ApplicationCredentials {
  readonly id: string;
  readonly clientId: string;
  /** 256 random bits; shown once and kept by nobody here. */
  readonly clientSecret: string;
  /** What is kept instead: HMAC-SHA-256, 32 bytes. */
  readonly secretHmac: Buffer;
}

export interface ClientSecrets {
  newApplicationCredentials(): ApplicationCredentials;
  /** Constant time. An application without a stored secret never matches, and takes as long. */
  matches(storedHmac: Buffer | null | undefined, clientSecret: string): boolean;
}

/**
 * Secrets of machine clients. They are random and long, so a keyed hash suffices (a slow one would buy nothing), and a
 * copy of the database alone does not even allow checking a guess.
 */
export function createClientSecrets(encryptionKey: Buffer, newId: () => string): ClientSecrets {
  const key = deriveKey(encryptionKey, 'client-secret-hmac');
  const hmacOf = (secret: string) => createHmac('sha256', key).update(secret, 'utf8').digest();
  const nobodys = randomBytes(32);
  return Object.freeze({
    newApplicationCredentials() {
      const clientId = randomBytes(16).toString('hex');
      // The prefix lets secret scanners recognise one that was pasted where it should not be.
      const clientSecret = `cfs_${randomBytes(32).toString('base64url')}`;
      return { id: newId(), clientId, clientSecret, secretHmac: hmacOf(clientSecret) };
    },
    matches(storedHmac: Buffer | null | undefined, clientSecret: string) {
      const usable = storedHmac?.length === 32;
      const equal = timingSafeEqual(hmacOf(clientSecret), usable ? storedHmac : nobodys);
      return equal && usable;
    },
  });
}
