import { parseUuid } from '@cofferdam/core';
import type { DirectoryTx } from './with-directory.js';

export interface UserRecord {
  readonly id: string;
  readonly username: string;
  readonly email: string;
  readonly emailVerified: boolean;
  readonly firstName: string;
  readonly lastName: string;
  readonly passwordHash: string;
  readonly disabled: boolean;
}

const columns = [
  'id',
  'username',
  'email',
  'email_verified as emailVerified',
  'first_name as firstName',
  'last_name as lastName',
  'password_hash as passwordHash',
  'disabled_at as disabledAt',
] as const;

/** By user name only, upper and lower case alike: an e-mail of one person may be the user name of another. */
export async function findUserByUsername(
  { db, tenantId }: DirectoryTx,
  username: string,
): Promise<UserRecord | undefined> {
  const row = await db
    .selectFrom('app_user')
    .select(columns)
    .where('tenant_id', '=', tenantId)
    .where((where) => where(where.fn('lower', ['username']), '=', where.fn('lower', [where.val(username)])))
    .executeTakeFirst();
  return row && withoutInstant(row);
}

/** What a person who forgot the password remembers: the user name, or else the e-mail. */
export async function findUserToReset(tx: DirectoryTx, text: string): Promise<UserRecord | undefined> {
  const byName = await findUserByUsername(tx, text);
  if (byName !== undefined) return byName;
  const row = await tx.db
    .selectFrom('app_user')
    .select(columns)
    .where('tenant_id', '=', tx.tenantId)
    .where((where) => where(where.fn('lower', ['email']), '=', where.fn('lower', [where.val(text)])))
    .executeTakeFirst();
  return row && withoutInstant(row);
}

/** Anything that is no UUID is nobody's id. */
export async function findUserById({ db, tenantId }: DirectoryTx, text: string): Promise<UserRecord | undefined> {
  const id = parseUuid(text);
  if (id === undefined) return undefined;
  const row = await db
    .selectFrom('app_user')
    .select(columns)
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst();
  return row && withoutInstant(row);
}

/**
 * Whether the password is still the one that was verified, held so until the end of the transaction: whoever changes it at
 * the same time either comes before, and the login fails, or after, and ends the session that the login has made.
 */
export async function holdPassword(
  { db, tenantId }: DirectoryTx,
  { id, passwordHash }: Pick<UserRecord, 'id' | 'passwordHash'>,
): Promise<boolean> {
  const row = await db
    .selectFrom('app_user')
    .select('id')
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .where('password_hash', '=', passwordHash)
    .where('disabled_at', 'is', null)
    .forShare()
    .executeTakeFirst();
  return row !== undefined;
}

/**
 * The same for whoever goes on to change the user. Locked before it is read: of two at once both would read the old one, and the
 * second wait for the first only to overwrite it.
 */
export async function lockPassword(tx: DirectoryTx, user: Pick<UserRecord, 'id' | 'passwordHash'>): Promise<boolean> {
  return (await lockUser(tx, user.id)) && holdPassword(tx, user);
}

/**
 * Until the end of the transaction: of two that read something of this user and act upon it, the second sees what the first did.
 * False: no such user.
 */
export async function lockUser({ db, tenantId }: DirectoryTx, id: string): Promise<boolean> {
  const row = await db
    .selectFrom('app_user')
    .select('id')
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .forNoKeyUpdate()
    .executeTakeFirst();
  return row !== undefined;
}

function withoutInstant<R extends { disabledAt: string | null }>({ disabledAt, ...rest }: R) {
  return { ...rest, disabled: disabledAt !== null };
}

/** What a token calls a person: first and last name, else the user name. */
export function displayNameOf({ firstName, lastName, username }: UserRecord): string {
  return `${firstName} ${lastName}`.trim() || username;
}
