import { setTimeout as delay } from 'node:timers/promises';
import type { TenantId } from '@cofferdam/core';
import { quoteIdentifier as id, quoteLiteral } from '../../postgres/identifiers.js';
import { getOperation } from '../operations.js';
import { changeSharedRights } from '../walls/serialize.js';
import { compareFrozen, prepareComparison } from './content.js';
import { type Comparison, detailsOf, type Place } from './move-record.js';
import type { MoveTools } from './prepare-place.js';
import { beginAtEnd, type Direction, endOfLog, lagBehind, type OpenPlace } from './replication.js';

export interface SwitchOutcome {
  /** From the hold to this. */
  readonly pauseMs: number;
  /** Everything: before the pause, or in it when the books are copied in it. */
  readonly compared: Comparison;
  /** In the pause of a move by replication: everything again, or of large tables what was written since. */
  readonly comparedAgain?: Comparison;
}

export interface ChangeOver {
  readonly tenantId: TenantId;
  readonly operationId: string;
  /** Serves now. */
  readonly sender: OpenPlace;
  /** Follows the sender, and serves from the switch on. */
  readonly receiver: OpenPlace;
  readonly direction: Direction;
  /** What the schema of the receiver is called once it serves. */
  readonly schema: string;
  /** Writes down that the receiver serves, in the control database, in one commit. */
  readonly commit: (outcome: SwitchOutcome) => Promise<void>;
}

/** All of it must fit: what is not done by then is taken back, and tried again later. A process hears of the end a moment after it. */
const budgetMs = 1_400;
/** A process hears of a hold within 500 ms and closes its connections; whoever has not by then is shut out. */
export const politeMs = 900;

/** The pause did not fit; nothing has changed. */
export class PauseTooLong extends Error {
  override readonly name = 'PauseTooLong';
}

/**
 * Writes pause, the receiver gets the last of them, both are compared, and the receiver takes over. Requests are held by the
 * processes; the wall is that the sender's login may not connect any more. Whatever fails before the commit is taken back.
 * @throws PauseTooLong, ContentDiffers
 */
export async function changeOver(tools: MoveTools, change: ChangeOver): Promise<void> {
  const { sender, receiver, direction } = change;
  const { compared, since } = await compareFrozen(sender, receiver, direction);
  await tools.boundary?.('worked', `${direction}-compare`);
  const comparison = await prepareComparison(sender, receiver, since);
  await begin(tools, change, '3 s');
  const started = performance.now();
  const left = () => {
    const ms = budgetMs - (performance.now() - started);
    if (ms <= 0) throw new PauseTooLong('the switch did not fit into the pause; everything is as it was');
    return ms;
  };
  let done = false;
  try {
    await tools.boundary?.('worked', `${direction}-hold`);
    await shutOut(sender, started + politeMs);
    await tools.boundary?.('worked', `${direction}-shut`);
    await fenceEvents(sender, change.operationId);
    const end = await endOfLog(sender);
    while (((await lagBehind(sender, direction, end)) ?? 1) > 0) {
      left();
      await delay(5);
    }
    const [comparedAgain] = await Promise.all([comparison.run(left()), takeSequences(change)]);
    if (direction === 'move') await beginAtEnd(receiver, 'back');
    left();
    await rename(receiver.client, sender.place.store.schema, change.schema);
    await setPath(receiver, change.schema);
    await tools.boundary?.('worked', `${direction}-rename`);
    left();
    await change.commit({ pauseMs: Math.round(performance.now() - started), compared, comparedAgain });
    done = true;
  } catch (error) {
    if (isTimeout(error)) throw new PauseTooLong('the comparison did not fit into the pause; everything is as it was');
    throw error;
  } finally {
    if (!done) await takeBack(tools, change);
    await comparison.close();
  }
}

const isTimeout = (error: unknown) => (error as { code?: unknown }).code === '57014';

/**
 * Every process is told to hold the tenant's requests; by the control database's clock the hold ends by itself after `atMost`,
 * an interval.
 */
export async function begin(
  { control }: MoveTools,
  { tenantId, operationId }: ChangeOver,
  atMost: string,
): Promise<void> {
  await control.change(async ({ client, nextVersion }) => {
    await client.query(`update operation set details = details || '{"pausing": true}' where id = $1`, [operationId]);
    const version = await nextVersion();
    await client.query(
      `with held as (
         update placement set hold_until = clock_timestamp() + $3::interval, config_version = $2 where tenant_id = $1)
       update tenant set version = $2 where id = $1`,
      [tenantId, version, atMost],
    );
  });
}

/** Returns when the sender's login has no session and can get none; until `politeUntil` sessions may end by themselves. */
export async function shutOut({ server, place }: OpenPlace, politeUntil: number): Promise<void> {
  const login = place.store.runtimeLogin;
  const sessions = async () => {
    const { rows } = await server.cluster.query<{ count: number }>(
      'select count(*)::integer as count from pg_stat_activity where usename = $1',
      [login],
    );
    return rows[0]?.count ?? 0;
  };
  while ((await sessions()) > 0 && performance.now() < politeUntil) await delay(10);
  await server.cluster.query(`alter role ${id(login)} nologin`);
  // One that was being opened meanwhile, or of a process that has not heard.
  while ((await sessions()) > 0)
    await server.cluster.query('select pg_terminate_backend(pid, 200) from pg_stat_activity where usename = $1', [
      login,
    ]);
}

/**
 * Events before this row carry transaction ids of the sender's cluster, those after it such of the receiver's: they are not
 * compared with each other (ledger migration 0006). Nobody writes now, so all that is before it is committed.
 */
export async function fenceEvents({ client, place }: OpenPlace, operationId: string): Promise<void> {
  const { schema, ownerRole } = place.store;
  await client.query(
    `begin; set local role ${id(ownerRole)};
     insert into ${id(schema)}.outbox (event, record_id) values ('books.moved', ${quoteLiteral(operationId)}); commit`,
  );
}

/** Rows are carried, not where the sequences are. */
export async function takeSequences({ sender, receiver }: ChangeOver): Promise<void> {
  const { schema, ownerRole } = sender.place.store;
  const { rows } = await sender.client.query<{ name: string; last: string | null }>(
    `select sequencename as name, last_value::text as last from pg_sequences where schemaname = $1`,
    [schema],
  );
  const set = rows
    .filter(({ last }) => last !== null)
    .map(({ name, last }) => `select setval('${id(schema)}.${id(name)}', ${quoteLiteral(String(last))}::bigint)`);
  if (set.length > 0) {
    // A connection of its own: the comparison reads on the other one.
    const client = await receiver.server.connect(receiver.place.store.database, schema);
    try {
      await client.query(`set role ${id(ownerRole)}; ${set.join('; ')}`);
    } finally {
      await client.end();
    }
  }
}

/** Nothing when it has that name already. */
export async function rename(client: OpenPlace['client'], from: string, to: string): Promise<void> {
  if (from === to) return;
  const { rows } = await client.query<{ from: boolean; to: boolean }>(
    'select to_regnamespace($1) is not null as from, to_regnamespace($2) is not null as to',
    [`"${from}"`, `"${to}"`],
  );
  if (rows[0]?.from === true && rows[0].to === false)
    await client.query(`alter schema ${id(from)} rename to ${id(to)}`);
}

/** As before the pause: also by whoever finds a pause that nobody ended. Idempotent. */
export async function takeBack(
  { control }: MoveTools,
  change: Pick<ChangeOver, 'tenantId' | 'operationId' | 'sender' | 'receiver' | 'schema'>,
): Promise<void> {
  const { sender, receiver, tenantId, operationId } = change;
  // The answer to the commit of a switch may have been lost: it ends the pausing, and then there is nothing to take back.
  const { pausing } = detailsOf(await getOperation(control.pool, operationId));
  if (pausing !== true) return;
  await rename(receiver.client, change.schema, sender.place.store.schema);
  await letIn(sender);
  await control.change(async ({ client, nextVersion }) => {
    await client.query(`update operation set details = details - 'pausing' where id = $1`, [operationId]);
    const version = await nextVersion();
    await client.query(
      `with held as (update placement set hold_until = null, config_version = $2 where tenant_id = $1)
       update tenant set version = $2 where id = $1`,
      [tenantId, version],
    );
  });
}

/** The run-time login and the migrator of a place may connect. Idempotent. */
export async function letIn({ server, place }: OpenPlace): Promise<void> {
  const { database, runtimeLogin, migratorLogin } = place.store;
  await server.cluster.query(`alter role ${id(runtimeLogin)} login; alter role ${id(migratorLogin)} login`);
  await changeSharedRights(
    server.cluster,
    `grant connect on database ${id(database)} to ${id(runtimeLogin)}, ${id(migratorLogin)}`,
  );
}

/** Neither login of a place that no longer serves can do anything; on one server the migrator goes on at the other place. */
export async function lockOut({ server, place }: OpenPlace, keepsMigrator: boolean): Promise<void> {
  const { database, runtimeLogin, migratorLogin } = place.store;
  await server.cluster.query(`alter role ${id(runtimeLogin)} nologin`);
  if (!keepsMigrator) await server.cluster.query(`alter role ${id(migratorLogin)} nologin`);
  await changeSharedRights(
    server.cluster,
    `revoke all on database ${id(database)} from ${id(runtimeLogin)}, ${id(migratorLogin)}`,
  );
  await server.cluster.query('select pg_terminate_backend(pid) from pg_stat_activity where usename = $1', [
    runtimeLogin,
  ]);
}

/** Where the sessions of a place's logins find their tables by default. */
export async function setPath(
  { server, place }: { server: OpenPlace['server']; place: Place },
  schema: string,
): Promise<void> {
  const { runtimeLogin, migratorLogin } = place.store;
  await server.cluster.query(
    `alter role ${id(runtimeLogin)} set search_path = ${id(schema)}; alter role ${id(migratorLogin)} set search_path = ${id(schema)}`,
  );
}
