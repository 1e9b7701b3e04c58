import type { DirectoryTx } from '../directory/with-directory.js';

/** Seconds that a refresh token lives (access-manager §5). Each use makes a new one. */
export const refreshLifetimeSeconds = 86_400;

export interface Session {
  readonly id: string;
  readonly kind: 'person' | 'application';
  /** User id, or client id. */
  readonly subject: string;
  readonly clientId: string;
  readonly createdAt: Date;
  readonly endedAt: Date | undefined;
}

export interface NewRefreshToken {
  readonly hash: Buffer;
  readonly sessionId: string;
  readonly at: Date;
  /** The access token that goes out with it. */
  readonly access: { readonly tokenId: string; readonly expiresAt: Date };
}

export async function insertSession(
  { db, tenantId }: DirectoryTx,
  { id, kind, subject, clientId, createdAt }: Omit<Session, 'endedAt'>,
): Promise<void> {
  await db
    .insertInto('login_session')
    .values({
      tenant_id: tenantId,
      id,
      kind,
      subject,
      client_id: clientId,
      created_at: createdAt,
      expires_at: expiryOf(createdAt),
      end_reason: null,
    })
    .execute();
}

export async function insertRefreshToken({ db, tenantId }: DirectoryTx, token: NewRefreshToken): Promise<void> {
  await db
    .insertInto('refresh_token')
    .values({
      tenant_id: tenantId,
      token_hash: token.hash,
      session_id: token.sessionId,
      issued_at: token.at,
      expires_at: expiryOf(token.at),
      access_jti: token.access.tokenId,
      access_expires_at: token.access.expiresAt,
    })
    .execute();
}

/** A refresh token and its family, both locked until the end of the transaction: of two users at once the second waits. */
export async function lockRefreshToken(
  tx: DirectoryTx,
  hash: Buffer,
): Promise<{ session: Session; expiresAt: Date; used: boolean } | undefined> {
  const { db, tenantId } = tx;
  // The family first, by a look without lock: everyone who ends families locks in this order too.
  const found = await db
    .selectFrom('refresh_token')
    .select('session_id')
    .where('tenant_id', '=', tenantId)
    .where('token_hash', '=', hash)
    .executeTakeFirst();
  const session = found && (await lockSession(tx, found.session_id));
  if (session === undefined) return undefined;
  const token = await db
    .selectFrom('refresh_token')
    .select(['expires_at', 'used_at'])
    .where('tenant_id', '=', tenantId)
    .where('token_hash', '=', hash)
    .executeTakeFirstOrThrow();
  return { session, expiresAt: new Date(token.expires_at), used: token.used_at !== null };
}

export async function lockSession({ db, tenantId }: DirectoryTx, id: string): Promise<Session | undefined> {
  const row = await db
    .selectFrom('login_session')
    .select(['id', 'kind', 'subject', 'client_id', 'created_at', 'ended_at'])
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirst();
  return (
    row && {
      id: row.id,
      kind: row.kind,
      subject: row.subject,
      clientId: row.client_id,
      createdAt: new Date(row.created_at),
      endedAt: row.ended_at === null ? undefined : new Date(row.ended_at),
    }
  );
}

/** The old token is spent and the family lives on with the new one. */
export async function rotateRefreshToken(tx: DirectoryTx, oldHash: Buffer, next: NewRefreshToken): Promise<void> {
  const { db, tenantId } = tx;
  await db
    .updateTable('refresh_token')
    .set({ used_at: next.at })
    .where('tenant_id', '=', tenantId)
    .where('token_hash', '=', oldHash)
    .execute();
  await insertRefreshToken(tx, next);
  await db
    .updateTable('login_session')
    .set({ expires_at: expiryOf(next.at) })
    .where('tenant_id', '=', tenantId)
    .where('id', '=', next.sessionId)
    .execute();
}

function expiryOf(issuedAt: Date): Date {
  return new Date(issuedAt.getTime() + refreshLifetimeSeconds * 1_000);
}
