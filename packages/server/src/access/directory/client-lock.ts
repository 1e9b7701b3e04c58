import { sql } from 'kysely';
import type { DirectoryTx } from './with-directory.js';

/**
 * A client's logins hold it together, to the end of their transaction; whoever changes the client has it alone: waits for those
 * under way, and then sees what they have opened. An advisory lock and not the row's: a shared lock on a row lets newcomers pass
 * whoever waits, and somebody who hammers with a leaked secret could keep its rotation waiting for ever. Here all wait in order.
 */
export async function holdClient({ db, tenantId }: DirectoryTx, clientId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock_shared(hashtextextended(${lockName(tenantId, clientId)}, 0))`.execute(db);
}

/** The other side of `holdClient`. Take it before what is to be withdrawn is looked up. */
export async function lockClient({ db, tenantId }: DirectoryTx, clientId: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${lockName(tenantId, clientId)}, 0))`.execute(db);
}

function lockName(tenantId: string, clientId: string): string {
  return `client ${tenantId} ${clientId}`;
}
