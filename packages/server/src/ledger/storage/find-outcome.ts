import type { TenantClient } from './with-tenant.js';

/** What became of a database transaction whose answer was lost. */
export type CommitOutcome = 'committed' | 'aborted' | 'in progress';

/**
 * The rows decide: after a failover the new server may have other transactions under the same number. The number only
 * tells whether the answer may still change. A number that this server does not know has left nothing here.
 */
export async function findOutcome(
  client: TenantClient,
  xid: string,
  transactionIds: readonly string[],
  changedStatus: readonly { readonly transactionId: string; readonly status: string }[],
): Promise<CommitOutcome> {
  if ((await statusOf(client, xid)) === 'in progress') return 'in progress';
  const { rows } = await client.query<{ found: boolean }>(
    `select exists (select from transaction where id = any($1::uuid[]))
         or exists (select from unnest($2::uuid[], $3::text[]) as n (id, status)
                    join transaction t on t.id = n.id and t.status = n.status) as found`,
    [transactionIds, changedStatus.map((c) => c.transactionId), changedStatus.map((c) => c.status)],
  );
  return rows[0]?.found === true ? 'committed' : 'aborted';
}

/**
 * Ends the session that still has the database transaction `xid` open; what it has committed stays. The number alone may
 * after a crash belong to somebody else, so both must be the same. The login may end its own sessions and no others.
 * One that waits for a synchronous replica is left alone: cut short, its commit would show before the replica has it.
 */
export async function endUnfinished(client: TenantClient, session: number, xid: string): Promise<void> {
  await client.query(
    `select pg_terminate_backend(pid) from pg_stat_activity
     where pid = $1 and backend_xid = $2::xid8::xid and usename = current_user
       and wait_event is distinct from 'SyncRep'`,
    [session, xid],
  );
}

/** Process id, on the server, of the session behind a client. */
export function sessionOf(client: TenantClient): number {
  return (client as unknown as { readonly processID: number | null }).processID ?? 0;
}

async function statusOf(client: TenantClient, xid: string): Promise<string | null> {
  try {
    const { rows } = await client.query<{ status: string | null }>('select pg_xact_status($1::xid8) as status', [xid]);
    return rows[0]?.status ?? null;
  } catch (error) {
    // "transaction ID … is in the future": another server than the one that gave the number.
    if ((error as { code?: unknown }).code === '22023') return null;
    throw error;
  }
}
