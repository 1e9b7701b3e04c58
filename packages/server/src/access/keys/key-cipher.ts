import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { deriveKey } from '../credentials/derived-key.js';

const version = 1;

/** Private signing keys at rest: AES-256-GCM, bound to the key's id, so that a row cannot be passed off as another. */
export interface KeyCipher {
  seal(kid: string, privateKey: string): Buffer;
  /** @throws Error naming the key id when it was sealed with another encryption key, or was changed. */
  open(kid: string, sealed: Buffer): string;
}

export function createKeyCipher(encryptionKey: Buffer): KeyCipher {
  const key = deriveKey(encryptionKey, 'signing-key-encryption');
  const boundTo = (kid: string) => Buffer.from(`cofferdam signing key\0${kid}`, 'utf8');
  return Object.freeze({
    seal(kid: string, privateKey: string) {
      const iv = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(boundTo(kid));
      const data = Buffer.concat([cipher.update(privateKey, 'utf8'), cipher.final()]);
      return Buffer.concat([Buffer.of(version), iv, data, cipher.getAuthTag()]);
    },
    open(kid: string, sealed: Buffer) {
      try {
        if (sealed[0] !== version) throw new Error('unknown form');
        const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(1, 13), { authTagLength: 16 })
          .setAAD(boundTo(kid))
          .setAuthTag(sealed.subarray(-16));
        return Buffer.concat([decipher.update(sealed.subarray(13, -16)), decipher.final()]).toString('utf8');
      } catch (cause) {
        throw new Error(
          `signing key ${kid} cannot be decrypted: COFFERDAM_ENCRYPTION_KEY is not the one it was made with`,
          { cause },
        );
      }
    },
  });
}
