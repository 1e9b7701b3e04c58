import { OperatorError } from '../../postgres/operator-error.js';
import { createSealer } from '../credentials/sealer.js';

/** Private signing keys at rest: bound to the key's id, so that a row cannot be passed off as another. */
export interface KeyCipher {
  seal(kid: string, privateKey: string): Buffer;
  /** @throws Error naming the key id when it was sealed with another encryption key, or was changed. */
  open(kid: string, sealed: Buffer): string;
}

export function createKeyCipher(encryptionKey: Buffer): KeyCipher {
  const sealer = createSealer(encryptionKey, 'signing-key-encryption', 'cofferdam signing key');
  return Object.freeze({
    seal: sealer.seal,
    open(kid: string, sealed: Buffer) {
      try {
        return sealer.open(kid, sealed);
      } catch (cause) {
        throw new OperatorError(
          `signing key ${kid} cannot be decrypted: COFFERDAM_ENCRYPTION_KEY is not the one it was made with`,
          { cause },
        );
      }
    },
  });
}
