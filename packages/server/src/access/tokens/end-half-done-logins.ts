import type { DirectoryTx } from '../directory/with-directory.js';
import { endMfaSessions } from '../mfa/mfa-store.js';
import { forgetDevices } from '../mfa/remembered-devices.js';
import { forgetAuthorizations } from '../oidc/forget-authorizations.js';

/**
 * After a change of password or factors every device shows the second factor again, and logins that are half done begin anew,
 * whichever way they came.
 */
export async function endHalfDoneLogins(tx: DirectoryTx, userId: string, now: Date): Promise<void> {
  await forgetDevices(tx, userId);
  await endMfaSessions(tx, userId, now);
  await forgetAuthorizations(tx, userId);
}
