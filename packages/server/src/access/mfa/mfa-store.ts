import { lockUser } from '../directory/users.js';
import type { DirectoryTx } from '../directory/with-directory.js';
import type { MfaKind } from '../tokens/session-tables.js';

/** A second factor that a person has switched on. */
export interface Factor {
  readonly kind: MfaKind;
  readonly preferred: boolean;
  readonly secretSealed: Buffer | null;
  readonly destination: string | null;
  readonly lastStep: number;
}

/** The preferred one first. Empty: the password is enough. */
export async function listEnabledFactors({ db, tenantId }: DirectoryTx, userId: string): Promise<Factor[]> {
  return db
    .selectFrom('user_mfa')
    .select(['kind', 'preferred', 'secret_sealed as secretSealed', 'destination', 'last_step as lastStep'])
    .where('tenant_id', '=', tenantId)
    .where('user_id', '=', userId)
    .where('state', '=', 'enabled')
    .orderBy('preferred', 'desc')
    .orderBy('kind')
    .execute();
}

export interface MfaSession {
  readonly userId: string;
  readonly clientId: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly ended: boolean;
  /** Wrong codes so far. */
  readonly attempts: number;
  readonly sends: number;
  readonly codeKind: 'email' | 'sms' | null;
  readonly codeHmac: Buffer | null;
}

export async function insertMfaSession(
  { db, tenantId }: DirectoryTx,
  hash: Buffer,
  { userId, clientId, createdAt, expiresAt }: Pick<MfaSession, 'userId' | 'clientId' | 'createdAt' | 'expiresAt'>,
): Promise<void> {
  await db
    .insertInto('mfa_session')
    .values({
      tenant_id: tenantId,
      token_hash: hash,
      user_id: userId,
      client_id: clientId,
      created_at: createdAt,
      expires_at: expiresAt,
      code_kind: null,
      code_hmac: null,
    })
    .execute();
}

/** The session between password and second factor, its person locked: undefined when there is none of that hash. */
export async function lockMfaSession(tx: DirectoryTx, hash: Buffer): Promise<MfaSession | undefined> {
  const { db, tenantId } = tx;
  const owner = await db
    .selectFrom('mfa_session')
    .select('user_id')
    .where('tenant_id', '=', tenantId)
    .where('token_hash', '=', hash)
    .executeTakeFirst();
  if (owner === undefined || !(await lockUser(tx, owner.user_id))) return undefined;
  const row = await db
    .selectFrom('mfa_session')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('token_hash', '=', hash)
    .executeTakeFirst();
  return (
    row && {
      userId: row.user_id,
      clientId: row.client_id,
      createdAt: new Date(row.created_at),
      expiresAt: new Date(row.expires_at),
      ended: row.ended_at !== null,
      attempts: row.attempts,
      sends: row.sends,
      codeKind: row.code_kind,
      codeHmac: row.code_hmac,
    }
  );
}

export interface MfaSessionChange {
  readonly attempts?: number;
  readonly sends?: number;
  readonly codeKind?: 'email' | 'sms';
  readonly codeHmac?: Buffer;
  readonly endedAt?: Date;
}

export async function updateMfaSession(
  { db, tenantId }: DirectoryTx,
  hash: Buffer,
  { attempts, sends, codeKind, codeHmac, endedAt }: MfaSessionChange,
): Promise<void> {
  await db
    .updateTable('mfa_session')
    .set({
      ...(attempts !== undefined && { attempts }),
      ...(sends !== undefined && { sends }),
      ...(codeKind !== undefined && { code_kind: codeKind }),
      ...(codeHmac !== undefined && { code_hmac: codeHmac }),
      ...(endedAt !== undefined && { ended_at: endedAt }),
    })
    .where('tenant_id', '=', tenantId)
    .where('token_hash', '=', hash)
    .execute();
}

/** Logins that wait for their second factor lead nowhere any more. Their rows stay: wrong codes are counted over all of an hour. */
export async function endMfaSessions({ db, tenantId }: DirectoryTx, userId: string, now: Date): Promise<void> {
  await db
    .updateTable('mfa_session')
    .set({ ended_at: now })
    .where('tenant_id', '=', tenantId)
    .where('user_id', '=', userId)
    .where('ended_at', 'is', null)
    .execute();
}

/** Wrong codes of one person since then, over all sessions: who knows the password cannot try for ever. */
export async function countWrongCodes({ db, tenantId }: DirectoryTx, userId: string, since: Date): Promise<number> {
  const { total } = await db
    .selectFrom('mfa_session')
    .select(({ fn }) => fn.sum<string | null>('attempts').as('total'))
    .where('tenant_id', '=', tenantId)
    .where('user_id', '=', userId)
    .where('created_at', '>', since.toISOString())
    .executeTakeFirstOrThrow();
  return Number(total ?? 0);
}

/** Marks a time step as used: the same code opens nothing a second time. */
export async function setLastStep({ db, tenantId }: DirectoryTx, userId: string, step: number): Promise<void> {
  await db
    .updateTable('user_mfa')
    .set({ last_step: step })
    .where('tenant_id', '=', tenantId)
    .where('user_id', '=', userId)
    .where('kind', '=', 'app')
    .execute();
}

/** Uses up a recovery code; false when there is none such. */
export async function spendRecoveryCode(
  { db, tenantId }: DirectoryTx,
  userId: string,
  hmac: Buffer,
  at: Date,
): Promise<boolean> {
  const row = await db
    .updateTable('recovery_code')
    .set({ used_at: at })
    .where('tenant_id', '=', tenantId)
    .where('user_id', '=', userId)
    .where('code_hmac', '=', hmac)
    .where('used_at', 'is', null)
    .returning('user_id')
    .executeTakeFirst();
  return row !== undefined;
}
