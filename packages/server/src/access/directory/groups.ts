import { parseUuid } from '@cofferdam/core';
import { AccessError } from '../access-errors.js';
import { isRoleName, type RoleName } from '../permissions/roles.js';
import type { ListPage } from './user-accounts.js';
import type { DirectoryTx } from './with-directory.js';

export interface GroupRecord {
  readonly id: string;
  readonly name: string;
  /** RFC 3339. */
  readonly createdAt: string;
  /** User names. */
  readonly users: readonly string[];
  readonly roles: readonly RoleName[];
}

export async function listGroups(
  tx: DirectoryTx,
  { limit, offset }: ListPage,
): Promise<{ items: GroupRecord[]; total: number }> {
  const { db, tenantId } = tx;
  const { total } = await db
    .selectFrom('user_group')
    .select(({ fn }) => fn.countAll<number>().as('total'))
    .where('tenant_id', '=', tenantId)
    .executeTakeFirstOrThrow();
  const rows = await groups(tx).orderBy('name').limit(limit).offset(offset).execute();
  return { items: await withMembers(tx, rows), total: Number(total) };
}

export async function findGroup(tx: DirectoryTx, id: string): Promise<GroupRecord | undefined> {
  return (await withMembers(tx, await groups(tx).where('id', '=', id).execute()))[0];
}

/**
 * Ids of groups given by id or name, each once.
 * @throws AccessError IDE-0102 for one that this tenant does not have
 */
export async function resolveGroups(tx: DirectoryTx, wanted: readonly string[]): Promise<string[]> {
  if (wanted.length === 0) return [];
  const known = await groups(tx).execute();
  const ids = new Set<string>();
  for (const [at, text] of wanted.entries()) {
    const uuid = parseUuid(text);
    const group = known.find(({ id, name }) => name === text || id === uuid);
    if (group === undefined)
      throw new AccessError('group_unknown', {
        message: `groups[${at}] is neither the name nor the id of a group; GET /v1/groups lists those there are.`,
      });
    ids.add(group.id);
  }
  return [...ids];
}

/** Puts the user into exactly these groups. */
export async function setGroups(
  { db, tenantId }: DirectoryTx,
  userId: string,
  groupIds: readonly string[],
): Promise<void> {
  await db
    .deleteFrom('user_group_membership')
    .where('tenant_id', '=', tenantId)
    .where('user_id', '=', userId)
    .execute();
  if (groupIds.length === 0) return;
  await db
    .insertInto('user_group_membership')
    .values(groupIds.map((id) => ({ tenant_id: tenantId, user_id: userId, group_id: id })))
    .execute();
}

function groups({ db, tenantId }: DirectoryTx) {
  return db
    .selectFrom('user_group')
    .select(['id', 'name', 'created_at as createdAt'])
    .where('tenant_id', '=', tenantId);
}

async function withMembers<R extends { id: string }>(
  { db, tenantId }: DirectoryTx,
  rows: readonly R[],
): Promise<(R & { users: string[]; roles: RoleName[] })[]> {
  if (rows.length === 0) return [];
  const ids = rows.map(({ id }) => id);
  const members = await db
    .selectFrom('user_group_membership as member')
    .innerJoin('app_user', (join) =>
      join.onRef('app_user.tenant_id', '=', 'member.tenant_id').onRef('app_user.id', '=', 'member.user_id'),
    )
    .select(['member.group_id as groupId', 'app_user.username'])
    .where('member.tenant_id', '=', tenantId)
    .where('member.group_id', 'in', ids)
    .orderBy('app_user.username')
    .execute();
  const roles = await db
    .selectFrom('group_role')
    .select(['group_id as groupId', 'role'])
    .where('tenant_id', '=', tenantId)
    .where('group_id', 'in', ids)
    .orderBy('role')
    .execute();
  return rows.map((row) => ({
    ...row,
    users: members.filter(({ groupId }) => groupId === row.id).map(({ username }) => username),
    roles: roles
      .filter(({ groupId }) => groupId === row.id)
      .map(({ role }) => role)
      .filter(isRoleName),
  }));
}
