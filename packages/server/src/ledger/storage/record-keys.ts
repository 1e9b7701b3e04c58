import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { stringifyJson } from '../../http/json.js';
import type { TenantTx } from './with-tenant.js';

/** A create that the client may repeat: scope, kind and key together are one (ledger-api §5.10). */
export interface RecordClaim {
  readonly scopeId: string;
  readonly kind: 'holder' | 'instrument';
  readonly key: string;
  readonly ttlSeconds: number;
}

export interface Remembered {
  readonly answer: unknown;
  readonly replayed: boolean;
}

/**
 * Runs `create` once for a claim and remembers what it answers, in the same commit; a repeat gets that answer. A twin
 * under way waits at the key for our commit; a refused create leaves no key, so that it may be tried again.
 * Without a claim `create` simply runs: two equal bodies are two requests.
 */
export async function createOnce(
  tx: TenantTx,
  now: Date,
  claim: RecordClaim | undefined,
  create: () => Promise<unknown>,
): Promise<Remembered> {
  if (claim === undefined) return { answer: await create(), replayed: false };
  const hash = createHash('sha256').update(`${claim.kind}\0${claim.key}`).digest();
  const at = now.toISOString();
  const expiresAt = new Date(now.getTime() + claim.ttlSeconds * 1_000).toISOString();
  await forgetExpired(tx, at);
  const { rows: claimed } = await sql`
    insert into record_key (scope_id, key_hash, expires_at) values (${claim.scopeId}, ${hash}, ${expiresAt})
    on conflict (scope_id, key_hash) do update set expires_at = excluded.expires_at, first_answer = null
      where record_key.expires_at <= ${at}
    returning 1`.execute(tx);
  const own = sql`scope_id = ${claim.scopeId} and key_hash = ${hash}`;
  if (claimed.length === 0) {
    const { rows } = await sql<{ first_answer: unknown }>`select first_answer from record_key where ${own}`.execute(tx);
    return { answer: rows[0]?.first_answer, replayed: true };
  }
  const answer = await create();
  await sql`update record_key set first_answer = ${stringifyJson(answer)} where ${own}`.execute(tx);
  return { answer, replayed: false };
}

/** A few at a time, by those who add some: the table stays as small as what is alive. */
async function forgetExpired(tx: TenantTx, at: string): Promise<void> {
  await sql`delete from record_key where ctid = any(array(
    select ctid from record_key where expires_at <= ${at} order by expires_at limit 10 for update skip locked
  ))`.execute(tx);
}
