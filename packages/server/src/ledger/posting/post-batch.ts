import { isConnectionLost } from '../../postgres/pg-errors.js';
import type { TenantContext } from '../../postgres/tenant-context.js';
import { beginPosting } from '../storage/begin-posting.js';
import { sessionOf } from '../storage/find-outcome.js';
import { readBatchContext } from '../storage/idempotency-keys.js';
import { type BalanceName, lacksCompanion, lockBalances } from '../storage/lock-balances.js';
import { lockEarlierRows, nothingEarlier } from '../storage/lock-transactions.js';
import { type TenantClient, withTenantClient } from '../storage/with-tenant.js';
import { type BatchWrites, isKeyRace, type StatusChange, writeBatch } from '../storage/write-batch.js';
import { nameOf } from './books-overlay.js';
import { readStoredLegs } from './build-rows.js';
import { EarlierTransactions } from './earlier-transactions.js';
import { BatchPlanner, type Unit, type UnitOutcome } from './plan-batch.js';
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
  /** The session's process id on the server. */
  readonly session: number;
  constructor(planned: PlannedBatch, xid: string, session: number, cause: unknown) {
    super('the answer to COMMIT was lost', { cause });
    this.planned = planned;
    this.xid = xid;
    this.session = session;
  }
}

export interface BatchOptions {
  readonly now: () => Date;
  readonly newId: () => string;
  /** Postings that one statement writes, default 100: while PostgreSQL works on them, this process plans the next ones. */
  readonly partMax?: number;
}

/** What a batch says to its units, and by what its outcome can be asked for later. */
export interface PlannedBatch {
  readonly units: readonly UnitOutcome[];
  readonly transactionIds: readonly string[];
  readonly statusChanges: readonly StatusChange[];
}

const partMaxDefault = 100;

/**
 * One attempt at a batch, in one transaction: locks, plan, write, commit. Its members are taken when the connection is
 * there; undefined when there are none any more. Throws KeyRaceLost, OutcomeUnknown, or the
 * database's own error; then nothing has been written (OutcomeUnknown apart). The order of locks is the same for every
 * writer: transactions by id, balances by id, keys in key order (design.md).
 */
export function postBatch(
  tenant: TenantContext,
  take: () => readonly Unit[],
  options: BatchOptions,
  onWriting: () => void = () => {},
): Promise<PlannedBatch | undefined> {
  return withTenantClient(tenant, async (client) => {
    const units = take();
    if (units.length === 0) return undefined;
    const { planner, xid } = await readUnderLocks(client, units, options);
    const sent = new SentWrites();
    const planned = await planAndWrite(client, units, planner, sent, options.partMax ?? partMaxDefault);
    if (sent.isEmpty) {
      await client.query('rollback');
      return planned;
    }
    const committed = sent.commit(client);
    onWriting();
    const failure = await committed;
    if (isConnectionLost(failure)) throw new OutcomeUnknown(planned, xid, sessionOf(client), failure);
    if (failure !== undefined) throw isKeyRace(failure) ? new KeyRaceLost() : failure;
    return planned;
  });
}

/** Sends each part as soon as it is planned. */
async function planAndWrite(
  client: TenantClient,
  units: readonly Unit[],
  planner: BatchPlanner,
  sent: SentWrites,
  partMax: number,
): Promise<PlannedBatch> {
  const outcomes: UnitOutcome[] = [];
  const transactionIds: string[] = [];
  const statusChanges: StatusChange[] = [];
  let postings = 0;
  for (const [i, unit] of units.entries()) {
    outcomes.push(planner.plan(unit));
    postings += unit.length;
    const isLast = i === units.length - 1;
    if (postings < partMax && !isLast) continue;
    postings = 0;
    const writes = planner.takeWrites(isLast);
    for (const { id } of writes.transactions) transactionIds.push(id);
    statusChanges.push(...writes.statusChanges);
    sent.write(client, writes);
    if (!isLast) await handOver();
  }
  return { units: outcomes, transactionIds, statusChanges };
}

/** The driver hands what it was given to the kernel at the end of the running step, not before. */
function handOver(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}

/**
 * Statements on their way whose answers nobody has waited for. COMMIT follows them at once; a write that fails, lost keys
 * included, turns those after it into errors and COMMIT into a rollback.
 */
class SentWrites {
  readonly #answers: Promise<unknown>[] = [];
  #failure: unknown;

  /**
   * A part of refused units and replays writes nothing: every accepted unit has a transaction or changes one's status. The
   * last part may still have the balances and keys of those before it.
   */
  write(client: TenantClient, writes: BatchWrites): void {
    const { transactions, statusChanges, balances, keys } = writes;
    const isEmpty = transactions.length + statusChanges.length + balances.length + keys.length === 0;
    if (!isEmpty) this.#send(writeBatch(client, writes));
  }

  get isEmpty(): boolean {
    return this.#answers.length === 0;
  }

  /** What failed first; undefined when the transaction has committed. */
  async commit(client: TenantClient): Promise<unknown> {
    const committed = client.query('commit');
    this.#send(committed);
    await Promise.all(this.#answers);
    if (this.#failure !== undefined) return this.#failure;
    // PostgreSQL answers ROLLBACK, without an error, when the transaction had already failed.
    const { command } = await committed;
    return command === 'COMMIT' ? undefined : new Error(`commit was answered with ${command}`);
  }

  #send(answer: Promise<unknown>): void {
    this.#answers.push(
      answer.catch((error: unknown) => {
        this.#failure ??= error;
      }),
    );
  }
}

interface ReadUnderLocks {
  readonly planner: BatchPlanner;
  /** The database's own number of this transaction, by which its outcome can be asked for later. */
  readonly xid: string;
}

/**
 * Statements that need nothing of each other's answers are sent together: on a busy process every answer waits for its
 * turn in the event loop, so round trips, not statements, are what a batch waits for.
 */
async function readUnderLocks(
  client: TenantClient,
  units: readonly Unit[],
  clock: BatchOptions,
): Promise<ReadUnderLocks> {
  const postings = units.flat();
  const creates = postings.filter((posting) => posting.kind === 'create');
  const begun = beginPosting(client);
  const earlier = await lockEarlier(client, postings, begun);

  const names = new Map<string, BalanceName>();
  const name = (ledgerId: string, alias: string, key: string) => {
    names.set(nameOf(ledgerId, alias, key), { ledgerId, alias, key });
  };
  for (const { ledgerId, command } of creates) {
    for (const leg of command.source) name(ledgerId, leg.accountAlias, leg.balanceKey);
    for (const leg of command.destination) name(ledgerId, leg.accountAlias, leg.balanceKey);
  }
  const reverted = new Set(postings.flatMap((posting) => (posting.kind === 'revert' ? [posting.transactionId] : [])));
  for (const row of earlier.operations)
    if (reverted.has(row.transaction_id)) name(row.ledger_id, row.account_alias, row.balance_key);
  // A hold may be committed by this batch and reverted behind that.
  for (const row of earlier.transactions)
    if (reverted.has(row.id))
      for (const leg of readStoredLegs(row)) name(row.ledger_id, leg.accountAlias, leg.balanceKey);
  const held = earlier.transactions.flatMap((row) => readStoredLegs(row).map((leg) => leg.balanceId));
  const keys = creates.flatMap((c) => (c.idempotency ? [{ ledgerId: c.ledgerId, hash: c.idempotency.hash }] : []));
  const ledgerIds = [...new Set(postings.map((posting) => posting.ledgerId))];
  const now = clock.now();
  const lockAndRead = () =>
    Promise.all([
      lockBalances(client, [...names.values()], [...new Set(held)]),
      readBatchContext(client, ledgerIds, keys, now),
      begun,
    ]);
  let [balances, context] = await lockAndRead();
  if (lacksCompanion(balances)) [balances, context] = await lockAndRead();
  const routes = await readRouteBook(client, postings, earlier, context);
  const planner = new BatchPlanner({
    balances,
    context,
    routes,
    earlier: new EarlierTransactions(earlier, now),
    now,
    newId: clock.newId,
  });
  return { planner, xid: context.xid };
}

async function lockEarlier(client: TenantClient, postings: readonly Posting[], begun: Promise<void>) {
  const idsOf = (list: readonly { readonly transactionId: string }[]) => [...new Set(list.map((p) => p.transactionId))];
  const ending = postings.filter(isTransition);
  const reverts = postings.filter((posting) => posting.kind === 'revert');
  if (ending.length === 0 && reverts.length === 0) return nothingEarlier;
  await begun;
  return lockEarlierRows(client, idsOf(ending), idsOf(reverts));
}

function isTransition(posting: Posting): posting is TransitionPosting {
  return posting.kind === 'commit' || posting.kind === 'cancel';
}
