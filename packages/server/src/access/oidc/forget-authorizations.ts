import { sql } from 'kysely';
import type { DirectoryTx } from '../directory/with-directory.js';

/**
 * Logins at the login page that are half done begin anew: the password was right and the browser has not gone on, or a code has
 * not been exchanged. Codes that were stay, so that one that comes again is known for what it is.
 */
export async function forgetAuthorizations({ db, tenantId }: DirectoryTx, userId: string): Promise<void> {
  await db
    .deleteFrom('oidc_record')
    .where('tenant_id', '=', tenantId)
    .where('kind', 'in', ['Interaction', 'AuthorizationCode'])
    .where('consumed_at', 'is', null)
    .where(sql<boolean>`${userId} in (payload::jsonb ->> 'accountId', payload::jsonb #>> '{result,login,accountId}')`)
    .execute();
}
