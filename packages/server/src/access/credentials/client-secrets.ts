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
  /** For a rotation: only the secret and what is kept of it. */
  newSecret(): Pick<ApplicationCredentials, 'clientSecret' | 'secretHmac'>;
  /** Constant time. At most two are kept; an application without a stored secret never matches, and takes as long. */
  matches(storedHmacs: readonly Buffer[] | undefined, clientSecret: string): boolean;
}

/**
 * Secrets of machine clients. They are random and long, so a keyed hash suffices (a slow one would buy nothing), and a
 * copy of the database alone does not even allow checking a guess.
 */
export function createClientSecrets(encryptionKey: Buffer, newId: () => string): ClientSecrets {
  const key = deriveKey(encryptionKey, 'client-secret-hmac');
  const hmacOf = (secret: string) => createHmac('sha256', key).update(secret, 'utf8').digest();
  const nobodys = randomBytes(32);
  // The prefix lets secret scanners recognise one that was pasted where it should not be.
  function newSecret() {
    const clientSecret = `cfs_${randomBytes(32).toString('base64url')}`;
    return { clientSecret, secretHmac: hmacOf(clientSecret) };
  }
  return Object.freeze({
    newSecret,
    newApplicationCredentials() {
      return { id: newId(), clientId: randomBytes(16).toString('hex'), ...newSecret() };
    },
    matches(storedHmacs: readonly Buffer[] | undefined, clientSecret: string) {
      const hmac = hmacOf(clientSecret);
      let matches = false;
      for (const stored of [storedHmacs?.[0], storedHmacs?.[1]]) {
        const usable = stored?.length === 32;
        const equal = timingSafeEqual(hmac, usable ? stored : nobodys);
        matches = (equal && usable) || matches;
      }
      return matches;
    },
  });
}
