import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { OperatorError } from '../postgres/operator-error.js';

/** What a ciphertext is for: part of the authenticated data, so that one cannot be passed off as another. */
export type CredentialPurpose =
  | 'runtime-login'
  | 'migrator-login'
  | 'provisioning-input'
  | 'operation-input'
  | 'server-admin';

/** Encrypts what the control database must not be able to read. AES-256-GCM; text form `v1.<key id>.<iv>.<data and tag>`. */
export interface Vault {
  /** `subject`: the tenant's id, or `server:<id>`. */
  seal(subject: string, purpose: CredentialPurpose, text: string): string;
  /** Throws when the key is unknown or the text was made for another subject or purpose, or was changed. */
  open(subject: string, purpose: CredentialPurpose, sealed: string): string;
  /** Id of the key that seals now. */
  readonly keyId: string;
}

/** `keys`: 32 bytes each; the first seals, all of them open, so that a key can be replaced without a gap. */
export function createVault(keys: readonly [Buffer, ...Buffer[]]): Vault {
  const byId = new Map(keys.map((key) => [keyIdOf(key), key] as const));
  const [current] = keys;
  const keyId = keyIdOf(current);

  return Object.freeze({
    keyId,
    seal(subject: string, purpose: CredentialPurpose, text: string): string {
      const iv = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', current, iv).setAAD(boundTo(subject, purpose));
      const data = Buffer.concat([cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return `v1.${keyId}.${iv.toString('base64url')}.${data.toString('base64url')}`;
    },
    open(subject: string, purpose: CredentialPurpose, sealed: string): string {
      const [version, id, iv, data, ...rest] = sealed.split('.');
      if (version !== 'v1' || id === undefined || iv === undefined || data === undefined || rest.length > 0)
        throw new Error('a stored credential has an unknown form');
      const key = byId.get(id);
      if (key === undefined)
        throw new OperatorError(
          `a stored credential was sealed with the encryption key ${id}, and this process holds ${[...byId.keys()].join(', ')}: COFFERDAM_ENCRYPTION_KEY, or encryption-key in the data folder, is not the one it was made with`,
        );
      const bytes = Buffer.from(data, 'base64url');
      const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(iv, 'base64url'), { authTagLength: 16 })
        .setAAD(boundTo(subject, purpose))
        .setAuthTag(bytes.subarray(-16));
      return Buffer.concat([decipher.update(bytes.subarray(0, -16)), decipher.final()]).toString('utf8');
    },
  });
}

/** Names a key without telling anything about it. */
function keyIdOf(key: Buffer): string {
  if (key.length !== 32) throw new Error(`the encryption key must have 32 bytes, not ${key.length}`);
  return createHash('sha256').update('cofferdam key id\0').update(key).digest('hex').slice(0, 12);
}

function boundTo(subject: string, purpose: CredentialPurpose): Buffer {
  return Buffer.from(`cofferdam\0${subject}\0${purpose}`, 'utf8');
}

/** 256 random bits. */
export function newPassword(): string {
  return randomBytes(32).toString('base64url');
}
