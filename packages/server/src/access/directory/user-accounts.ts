import type { Updateable } from 'kysely';
import { isUniqueViolation } from '../../postgres/pg-errors.js';
import { AccessError } from '../access-errors.js';
import type { DirectoryTables } from './tables.js';
import type { DirectoryTx } from './with-directory.js';

/** A user as the tenant's administrators see it: no hash. */
export interface UserAccount {
  readonly id: string;
  readonly username: string;
  readonly email: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly disabled: boolean;
  /** Names, in their order. */
  readonly groups: readonly string[];
}

export interface NewUser {
  readonly id: string;
  readonly username: string;
  readonly email: string;
  readonly firstName: string;
  readonly lastName: string;
  readonly passwordHash: string;
}

export interface ListPage {
  readonly limit: number;
  readonly offset: number;
}

const columns = [
  'id',
  'username',
  'email',
  'first_name as firstName',
  'last_name as lastName',
  'disabled_at as disabledAt',
] as const;

export async function listUsers(
  tx: DirectoryTx,
  { limit, offset }: ListPage,
): Promise<{ items: UserAccount[]; total: number }> {
  const { db, tenantId } = tx;
  const { total } = await db
    .selectFrom('app_user')
    .select(({ fn }) => fn.countAll<number>().as('total'))
    .where('tenant_id', '=', tenantId)
    .executeTakeFirstOrThrow();
  const rows = await db
    .selectFrom('app_user')
    .select(columns)
    .where('tenant_id', '=', tenantId)
    .orderBy('created_at')
    .orderBy('id')
    .limit(limit)
    .offset(offset)
    .execute();
  return { items: await withGroups(tx, rows), total: Number(total) };
}

export async function findUserAccount(tx: DirectoryTx, id: string): Promise<UserAccount | undefined> {
  const rows = await tx.db
    .selectFrom('app_user')
    .select(columns)
    .where('tenant_id', '=', tx.tenantId)
    .where('id', '=', id)
    .execute();
  return (await withGroups(tx, rows))[0];
}

/** @throws AccessError IDE-0100 when the tenant has no such user */
export async function getUserAccount(tx: DirectoryTx, id: string): Promise<UserAccount> {
  const user = await findUserAccount(tx, id);
  if (user === undefined) throw userNotFound();
  return user;
}

export function userNotFound(): AccessError {
  return new AccessError('user_not_found', { message: 'There is no user with this id.' });
}

/** @throws AccessError IDE-0101 when the user name or the e-mail is taken in this tenant */
export async function insertUser({ db, tenantId }: DirectoryTx, user: NewUser, now: Date): Promise<void> {
  const { id, username, email, firstName, lastName, passwordHash } = user;
  await db
    .insertInto('app_user')
    .values({
      tenant_id: tenantId,
      id,
      username,
      email,
      first_name: firstName,
      last_name: lastName,
      password_hash: passwordHash,
      created_at: now,
      updated_at: now,
    })
    .execute()
    .catch(refuseTaken);
}

/** @throws AccessError IDE-0100, IDE-0101 */
export async function updateUser(
  { db, tenantId }: DirectoryTx,
  id: string,
  changes: Updateable<DirectoryTables['app_user']>,
  now: Date,
): Promise<void> {
  const changed = await db
    .updateTable('app_user')
    .set({ ...changes, updated_at: now })
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .returning('id')
    .executeTakeFirst()
    .catch(refuseTaken);
  if (changed === undefined) throw userNotFound();
}

/** @throws AccessError IDE-0100 */
export async function deleteUser({ db, tenantId }: DirectoryTx, id: string): Promise<void> {
  const gone = await db
    .deleteFrom('app_user')
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .returning('id')
    .executeTakeFirst();
  if (gone === undefined) throw userNotFound();
}

function refuseTaken(error: unknown): never {
  if (!isUniqueViolation(error)) throw error;
  throw new AccessError('user_taken', { message: 'The user name or the e-mail is taken by another user.' });
}

async function withGroups<R extends { id: string; disabledAt: string | null }>(
  { db, tenantId }: DirectoryTx,
  users: readonly R[],
): Promise<(Omit<R, 'disabledAt'> & { disabled: boolean; groups: string[] })[]> {
  if (users.length === 0) return [];
  const memberships = await db
    .selectFrom('user_group_membership as member')
    .innerJoin('user_group', (join) =>
      join.onRef('user_group.tenant_id', '=', 'member.tenant_id').onRef('user_group.id', '=', 'member.group_id'),
    )
    .select(['member.user_id as userId', 'user_group.name'])
    .where('member.tenant_id', '=', tenantId)
    .where(
      'member.user_id',
      'in',
      users.map(({ id }) => id),
    )
    .orderBy('user_group.name')
    .execute();
  return users.map(({ disabledAt, ...user }) => ({
    ...user,
    disabled: disabledAt !== null,
    groups: memberships.filter(({ userId }) => userId === user.id).map(({ name }) => name),
  }));
}
