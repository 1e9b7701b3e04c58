import { formatDecimal } from '@cofferdam/core';
import { stringifyJson } from '../../packages/server/src/http/json.js';
import { EarlierTransactions } from '../../packages/server/src/ledger/posting/earlier-transactions.js';
import { BatchPlanner, type UnitOutcome } from '../../packages/server/src/ledger/posting/plan-batch.js';
import { type BatchOptions, KeyRaceLost } from '../../packages/server/src/ledger/posting/post-batch.js';
import type { CreatePosting } from '../../packages/server/src/ledger/posting/posting-types.js';
import { readRouteBook } from '../../packages/server/src/ledger/posting/route-book.js';
import { beginPosting } from '../../packages/server/src/ledger/storage/begin-posting.js';
import { readBatchContext } from '../../packages/server/src/ledger/storage/idempotency-keys.js';
import { lockBalances } from '../../packages/server/src/ledger/storage/lock-balances.js';
import { nothingEarlier } from '../../packages/server/src/ledger/storage/lock-transactions.js';
import { type TenantClient, withTenantClient } from '../../packages/server/src/ledger/storage/with-tenant.js';
import type { BatchWrites } from '../../packages/server/src/ledger/storage/write-batch.js';
import type { TenantContext } from '../../packages/server/src/postgres/tenant-context.js';

/**
 * One create in one database transaction, a prepared statement for each table, each sent when the one before has been
 * answered: lock in id order, check under the locks, write, commit. Begun as Cofferdam begins, with the same planner: without
 * it, each update passed over all balances.
 */
export function postOne(tenant: TenantContext, posting: CreatePosting, clock: BatchOptions): Promise<UnitOutcome> {
  return withTenantClient(tenant, async (client) => {
    await beginPosting(client);
    const { ledgerId, command, idempotency } = posting;
    const names = [...command.source, ...command.destination].map((leg) => ({
      ledgerId,
      alias: leg.accountAlias,
      key: leg.balanceKey,
    }));
    const balances = await lockBalances(client, names, []);
    const now = clock.now();
    const keys = idempotency === undefined ? [] : [{ ledgerId, hash: idempotency.hash }];
    const context = await readBatchContext(client, [ledgerId], keys, now);
    const routes = await readRouteBook(client, [posting], nothingEarlier, context);
    const earlier = new EarlierTransactions(nothingEarlier, now);
    const planner = new BatchPlanner({ balances, context, routes, earlier, now, newId: clock.newId });
    const outcome = planner.plan([posting]);
    const writes = planner.takeWrites(true);
    if (writes.transactions.length > 0) await write(client, writes);
    await client.query('commit');
    return outcome;
  });
}

async function write(client: TenantClient, writes: BatchWrites): Promise<void> {
  await insert(client, 'transaction', writes.transactions);
  await insert(client, 'operation', writes.operations);
  await updateBalances(client, writes);
  for (const key of writes.keys) {
    const { rowCount } = await client.query({
      name: 'claim-key',
      text: `insert into idempotency_key (ledger_id, key_hash, transaction_id, expires_at) values ($1, $2, $3, $4)
             on conflict (ledger_id, key_hash) do update set transaction_id = excluded.transaction_id,
             expires_at = excluded.expires_at, first_answer = null where idempotency_key.expires_at <= $5`,
      values: [key.ledgerId, key.hash, key.transactionId, key.expiresAt, writes.now],
    });
    if (rowCount !== 1) throw new KeyRaceLost();
  }
  const events = writes.events.map(({ event, recordId }) => ({ event, record_id: recordId }));
  await insert(client, 'outbox', events);
}

/** All rows in one statement; their members are named as the columns are. */
async function insert(client: TenantClient, table: string, rows: readonly object[]): Promise<void> {
  const columns = Object.keys(rows[0] as object);
  let parameter = 0;
  const tuples = rows.map(() => `(${columns.map(() => `$${++parameter}`).join(', ')})`);
  await client.query({
    name: `insert-${table}-${rows.length}`,
    text: `insert into ${table} (${columns.join(', ')}) values ${tuples.join(', ')}`,
    values: rows.flatMap((row) => Object.values(row).map(asParameter)),
  });
}

function asParameter(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? stringifyJson(value) : value;
}

async function updateBalances(client: TenantClient, { balances, now }: BatchWrites): Promise<void> {
  const tuples = balances.map((_, i) => {
    const [id, available, onHold, overdraft, version] = [1, 2, 3, 4, 5].map((n) => `$${i * 5 + n + 1}`);
    return `(${id}::uuid, ${available}::numeric, ${onHold}::numeric, ${overdraft}::numeric, ${version}::bigint)`;
  });
  await client.query({
    name: `update-balances-${balances.length}`,
    text: `update balance set available = n.available, on_hold = n.on_hold, overdraft_used = n.overdraft_used,
             version = n.version, updated_at = $1::timestamptz
           from (values ${tuples.join(', ')}) as n (id, available, on_hold, overdraft_used, version)
           where balance.id = n.id`,
    values: [
      now,
      ...balances.flatMap((b) => [
        b.id,
        formatDecimal(b.available),
        formatDecimal(b.onHold),
        formatDecimal(b.overdraftUsed),
        b.version,
      ]),
    ],
  });
}
