import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { deriveKey, type KeyPurpose } from './derived-key.js';

const version = 1;

/** Secrets that must be read again, at rest: AES-256-GCM, each bound to what it belongs to. */
export interface Sealer {
  /** `owner`: the id of what the secret belongs to; a sealed value cannot be passed off as another's. */
  seal(owner: string, secret: string): Buffer;
  /** @throws Error when it was sealed with another encryption key or for another owner, or was changed */
  open(owner: string, sealed: Buffer): string;
}

/** `label` goes into what is authenticated: it tells kinds of secrets apart, as the purpose tells their keys apart. */
export function createSealer(encryptionKey: Buffer, purpose: KeyPurpose, label: string): Sealer {
  const key = deriveKey(encryptionKey, purpose);
  const boundTo = (owner: string) => Buffer.from(`${label}\0${owner}`, 'utf8');
  return Object.freeze({
    seal(owner: string, secret: string) {
      const iv = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(boundTo(owner));
      const data = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
      return Buffer.concat([Buffer.of(version), iv, data, cipher.getAuthTag()]);
    },
    open(owner: string, sealed: Buffer) {
      if (sealed[0] !== version) throw new Error('sealed in an unknown form');
      const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(1, 13), { authTagLength: 16 })
        .setAAD(boundTo(owner))
        .setAuthTag(sealed.subarray(-16));
      return Buffer.concat([decipher.update(sealed.subarray(13, -16)), decipher.final()]).toString('utf8');
    },
  });
}
