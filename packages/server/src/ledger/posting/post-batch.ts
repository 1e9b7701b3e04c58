import { isConnectionLost } from '../../postgres/pg-errors.js';
import type { TenantContext } from '../../postgres/tenant-context.js';
import { beginPosting } from '../storage/begin-posting.js';
import { readBatchContext } from '../storage/idempotency-keys.js';
import { type BalanceName, lacksCompanion, lockBalances } from '../storage/lock-balances.js';
import { lockEarlierRows } from '../storage/lock-transactions.js';
import { type TenantClient, withTenantClient } from '../storage/with-tenant.js';
import { writeBatch } from '../storage/write-batch.js';
import { nameOf } from './books-overlay.js';
import { readStoredLegs } from './build-rows.js';
import { EarlierTransactions } from './earlier-transactions.js';
import { type PlannedBatch, planBatch, type Unit } from './plan-batch.js';
import type { Posting, TransitionPosting } from './posting-types.js';
import { readRouteBook } from './route-book.js';

/** Another process claimed one of the batch's keys first. Nothing is written; run again, its member is a replay then. */
export class KeyRaceLost extends Error {
  override readonly name = 'KeyRaceLost';
}

/** The connection broke between COMMIT and its answer: the batch is in the books, or it is not. */
export class OutcomeUnknown extends Error {
  override readonly name = 'OutcomeUnknown';
  readonly planned: PlannedBatch;
  readonly xid: string;
  constructor(planned: PlannedBatch, xid: string, cause: unknown) {
    super('the answer to COMMIT was lost', { cause });
    this.planned = planned;
    this.xid = xid;
  }
}

export interface BatchClock {
  readonly now: () => Date;
  readonly newId: () => string;
}

/**
 * One attempt at a batch, in one transaction: locks, plan, write, commit. Throws KeyRaceLost, OutcomeUnknown, or the
 * database's own error; then nothing has been written (OutcomeUnknown apart). The order of locks is the same for every
 * writer: transactions by id, balances by id, keys in key order (design.md).
 */
export function postBatch(tenant: TenantContext, units: readonly Unit[], clock: BatchClock): Promise<PlannedBatch> {
  return withTenantClient(tenant, async (client) => {
    await beginPosting(client);
    const planned = await planUnderLocks(client, units, clock);
    if (isEmpty(planned)) {
      await client.query('rollback');
      return planned;
    }
    const { keysClaimed, xid } = await writeBatch(client, planned.writes);
    if (keysClaimed < planned.writes.keys.length) throw new KeyRaceLost();
    await commit(client, planned, xid);
    return planned;
  });
}

async function planUnderLocks(client: TenantClient, units: readonly Unit[], clock: BatchClock): Promise<PlannedBatch> {
  const postings = units.flat();
  const creates = postings.filter((posting) => posting.kind === 'create');
  const ending = postings.filter(isTransition);
  const reverts = postings.filter((posting) => posting.kind === 'revert');
  const idsOf = (list: readonly { readonly transactionId: string }[]) => [...new Set(list.map((p) => p.transactionId))];
  const earlier = await lockEarlierRows(client, idsOf(ending), idsOf(reverts));

  const names = new Map<string, BalanceName>();
  const name = (ledgerId: string, alias: string, key: string) => {
    names.set(nameOf(ledgerId, alias, key), { ledgerId, alias, key });
  };
  for (const { ledgerId, command } of creates) {
    for (const leg of command.source) name(ledgerId, leg.accountAlias, leg.balanceKey);
    for (const leg of command.destination) name(ledgerId, leg.accountAlias, leg.balanceKey);
  }
  const reverted = new Set(reverts.map((posting) => posting.transactionId));
  for (const row of earlier.operations)
    if (reverted.has(row.transaction_id)) name(row.ledger_id, row.account_alias, row.balance_key);
  const held = earlier.transactions.flatMap((row) => readStoredLegs(row).map((leg) => leg.balanceId));
  const lock = () => lockBalances(client, [...names.values()], [...new Set(held)]);
  let balances = await lock();
  if (lacksCompanion(balances)) balances = await lock();

  const now = clock.now();
  const keys = creates.flatMap((c) => (c.idempotency ? [{ ledgerId: c.ledgerId, hash: c.idempotency.hash }] : []));
  const ledgerIds = [...new Set(postings.map((posting) => posting.ledgerId))];
  const context = await readBatchContext(client, ledgerIds, keys, now);
  const routes = await readRouteBook(client, postings, earlier, context);
  return planBatch(units, {
    balances,
    context,
    routes,
    earlier: new EarlierTransactions(earlier, now),
    now,
    newId: clock.newId,
  });
}

function isTransition(posting: Posting): posting is TransitionPosting {
  return posting.kind === 'commit' || posting.kind === 'cancel';
}

/** Every accepted unit writes a transaction or changes one's status; otherwise all were refused or are replays. */
function isEmpty({ writes }: PlannedBatch): boolean {
  return writes.transactions.length === 0 && writes.statusChanges.length === 0;
}

async function commit(client: TenantClient, planned: PlannedBatch, xid: string): Promise<void> {
  try {
    const { command } = await client.query('commit');
    // PostgreSQL answers ROLLBACK, without an error, when the transaction had already failed.
    if (command !== 'COMMIT') throw new Error(`commit was answered with ${command}`);
  } catch (error) {
    if (isConnectionLost(error)) throw new OutcomeUnknown(planned, xid, error);
    throw error;
  }
}
