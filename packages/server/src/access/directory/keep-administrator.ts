import { AccessError } from '../access-errors.js';
import { adminGroup } from '../permissions/roles.js';
import type { DirectoryTx } from './with-directory.js';

/**
 * Runs a change after which a tenant must still have an administrator who can log in: nobody else could ever make one. Such
 * changes of one tenant wait for each other, so that two who put each other out do not both succeed.
 * @throws AccessError IDE-0110
 */
export async function keepAnAdministrator(tx: DirectoryTx, change: () => Promise<void>): Promise<void> {
  const { db, tenantId } = tx;
  const group = await db
    .selectFrom('user_group')
    .select('id')
    .where('tenant_id', '=', tenantId)
    .where('name', '=', adminGroup)
    .forNoKeyUpdate()
    .executeTakeFirst();
  await change();
  const left = await db
    .selectFrom('user_group_membership as member')
    .innerJoin('app_user', (join) =>
      join.onRef('app_user.tenant_id', '=', 'member.tenant_id').onRef('app_user.id', '=', 'member.user_id'),
    )
    .select('app_user.id')
    .where('member.tenant_id', '=', tenantId)
    .where('member.group_id', '=', group?.id ?? null)
    .where('app_user.disabled_at', 'is', null)
    .limit(1)
    .executeTakeFirst();
  if (left !== undefined) return;
  throw new AccessError('last_administrator', {
    message: `This is the last user in ${adminGroup} who can log in: put another one there first.`,
  });
}
