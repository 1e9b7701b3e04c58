import type { TenantId } from '@cofferdam/core';
import { AccessError } from '../access-errors.js';
import { findUserById } from '../directory/users.js';
import { type AccessStore, withDirectory } from '../directory/with-directory.js';

/** A code on its way to a person. Holds a secret: never for a log. */
export interface CodeMessage {
  readonly tenantId: TenantId;
  readonly userId: string;
  readonly kind: 'email' | 'sms';
  /** E-mail address or telephone number. */
  readonly destination: string;
  /** Six digits. */
  readonly code: string;
  readonly expiresInSeconds: number;
}

/** Delivers a code; rejects when it cannot. */
export type SendCode = (message: CodeMessage) => Promise<void>;

/**
 * Sends a code; e-mails go to the address that the directory has now.
 * @throws AccessError AUT-1099 when there is no sender or it fails
 */
export async function deliverCode(
  store: AccessStore,
  sendCode: SendCode | undefined,
  message: Omit<CodeMessage, 'destination'> & { readonly destination: string | null },
): Promise<void> {
  const { tenantId, userId, destination, ...rest } = message;
  const user =
    destination === null ? await withDirectory(store, tenantId, (tx) => findUserById(tx, userId)) : undefined;
  const address = destination ?? user?.email;
  const failed = (log?: unknown) =>
    new AccessError('unavailable', {
      message: 'The code cannot be sent at the moment. Use another second factor or a recovery code.',
      log,
    });
  if (sendCode === undefined || address === undefined) throw failed();
  await sendCode({ ...rest, tenantId, userId, destination: address }).catch((error: unknown) => {
    throw failed(error);
  });
}
