import type { TenantId } from '@cofferdam/core';
import { finishOperation, getOperation, type Operation, recordProgress } from '../operations.js';
import { getPlacement } from '../placement.js';
import { underTenantLock } from '../tenant-lock.js';
import { findTenant, lockTenant } from '../tenant-record.js';
import { changeOver, letIn, lockOut, PauseTooLong, rename, type SwitchOutcome, takeBack } from './change-over.js';
import { changeOverPaused } from './change-over-paused.js';
import { analyze } from './copy-books.js';
import { leavePlace } from './leave-place.js';
import {
  detailsOf,
  isSameServer,
  type MoveDetails,
  type MoveSecrets,
  type MoveStep,
  moveSteps,
  type Place,
} from './move-record.js';
import { type MoveTools, makeTables, type Preparation, preparePlace } from './prepare-place.js';
import { copied, endOfLog, follow, lagBehind, type OpenPlace, offer, unfollow, withdraw } from './replication.js';

const pollMs = 250;
/** After a pause that did not fit. */
const againMs = 3_000;
const pausesMax = 5;
/** Closer than this the rest is applied within the pause. */
const nearBytes = 256 * 1024;

interface Run extends Preparation {
  readonly operation: Operation;
  readonly tenantId: TenantId;
}

/**
 * Does what is due of one move. Answers when to come again, in milliseconds; undefined: it waits for the operator, has ended,
 * or another process is at it. Each part is idempotent, so a killed one is simply done again.
 */
export async function advanceMove(tools: MoveTools, operationId: string): Promise<number | undefined> {
  const { pool } = tools.control;
  const { tenantId } = await getOperation(pool, operationId);
  if (tenantId === null) throw new Error(`move ${operationId} is of no tenant`);
  return underTenantLock(tools.control, tenantId, async () => {
    const operation = await getOperation(pool, operationId);
    if (operation.state !== 'running') return undefined;
    const tenant = await findTenant(pool, tenantId);
    if (tenant === undefined || operation.input === null) throw new Error(`move ${operationId} has lost its tenant`);
    const secrets = JSON.parse(tools.vault.open(tenantId, 'operation-input', operation.input)) as MoveSecrets;
    const placement = await getPlacement(pool, tenantId);
    const run: Run = { operation, tenantId, tenant, placement, secrets, details: detailsOf(operation) };
    switch (run.details.phase) {
      case 'copy':
        return copy(tools, run);
      case 'settle':
        return settle(tools, run);
      case 'await':
        return undefined;
      case 'confirm':
        return confirm(tools, run);
      case 'revert':
        return revert(tools, run);
      case 'clear':
        return clear(tools, run);
    }
  });
}

async function opened<T>(
  tools: MoveTools,
  places: readonly [Place, Place],
  work: (one: OpenPlace, two: OpenPlace) => Promise<T>,
): Promise<T> {
  const open = async (place: Place): Promise<OpenPlace> => {
    const server = await tools.admin.server(place.serverId);
    return { place, server, client: await server.connect(place.store.database, place.store.schema) };
  };
  const one = await open(places[0]);
  try {
    const two = await open(places[1]);
    try {
      return await work(one, two);
    } finally {
      await two.client.end().catch(() => {});
    }
  } finally {
    await one.client.end().catch(() => {});
  }
}

async function record(
  { control }: MoveTools,
  { operation }: Run,
  step: MoveStep,
  details: Partial<MoveDetails> = {},
): Promise<void> {
  await recordProgress(control.pool, operation.id, { step, done: moveSteps.indexOf(step), details });
}

/** From nothing at the new place to the switch. */
async function copy(tools: MoveTools, run: Run): Promise<number> {
  const { from, to } = run.details;
  if (run.operation.step === null) {
    await record(tools, run, 'prepare');
    return 0;
  }
  if (run.operation.step === 'prepare') {
    await preparePlace(tools, run);
    await tools.boundary?.('worked', 'move-prepare');
    return opened(tools, [from, to], async (sender, receiver) => {
      await makeTables(tools, run, sender, receiver);
      await tools.boundary?.('worked', 'move-tables');
      if (run.details.method === 'pause') {
        await record(tools, run, 'copy');
        return 0;
      }
      await offer(sender, 'move', run.secrets.replication);
      await follow(receiver, sender, 'move', { password: run.secrets.replication, copy: true });
      await tools.boundary?.('worked', 'move-follow');
      await record(tools, run, 'copy');
      return pollMs;
    });
  }
  return opened(tools, [from, to], async (sender, receiver) => {
    if (run.details.pausing === true)
      await takeBack(tools, { ...run, operationId: run.operation.id, sender, receiver, schema: to.store.schema });
    if (run.details.method === 'pause')
      return switchOver(tools, run, { sender, receiver, direction: 'move', schema: to.store.schema });
    const tables = await copied(receiver, 'move');
    const lagBytes = await lagBehind(sender, 'move', await endOfLog(sender));
    await record(tools, run, 'copy', { tables, ...(lagBytes === undefined ? {} : { lagBytes }) });
    if (tables.copied < tables.of || lagBytes === undefined || lagBytes > nearBytes) return pollMs;
    // The way back exists before there is anything to send on it.
    await offer(
      { ...receiver, place: { ...to, store: { ...to.store, schema: from.store.schema } } },
      'back',
      run.secrets.replication,
    );
    await tools.boundary?.('worked', 'move-offer-back');
    await record(tools, run, 'compare');
    return switchOver(tools, run, { sender, receiver, direction: 'move', schema: to.store.schema });
  });
}

async function switchOver(
  tools: MoveTools,
  run: Run,
  way: Pick<Parameters<typeof changeOver>[1], 'sender' | 'receiver' | 'direction' | 'schema'>,
): Promise<number> {
  const { control } = tools;
  const change = {
    ...way,
    tenantId: run.tenantId,
    operationId: run.operation.id,
    commit: (outcome: SwitchOutcome) => commitSwitch(tools, run, way.direction, outcome),
  };
  try {
    if (run.details.method === 'pause')
      await changeOverPaused(tools, change, (done, of) => record(tools, run, 'copy', { tables: { copied: done, of } }));
    else await changeOver(tools, change);
    await tools.boundary?.('worked', `${way.direction}-switch`);
    return 0;
  } catch (error) {
    if (!(error instanceof PauseTooLong) || run.operation.attempts + 1 >= pausesMax) throw error;
    await control.pool.query('update operation set error = $2, attempts = attempts + 1 where id = $1', [
      run.operation.id,
      error.message,
    ]);
    return againMs;
  }
}

/** One commit: processes learn of place and login together, by the feed, and end their holds. */
async function commitSwitch(
  { control, vault, now }: MoveTools,
  { tenantId, operation, details, secrets }: Run,
  direction: 'move' | 'back',
  outcome: SwitchOutcome,
): Promise<void> {
  const there = direction === 'move' ? details.to : details.from;
  const credentials =
    direction === 'move'
      ? [
          vault.seal(tenantId, 'runtime-login', secrets.runtime),
          isSameServer(details) ? secrets.migratorBefore : vault.seal(tenantId, 'migrator-login', secrets.migrator),
        ]
      : [secrets.runtimeBefore, secrets.migratorBefore];
  await control.change(async (tx) => {
    await lockTenant(tx.client, tenantId);
    const at = now().toISOString();
    const step = direction === 'move' ? 'switch' : 'clear';
    await recordProgress(tx.client, operation.id, {
      step,
      done: moveSteps.indexOf(step),
      details:
        direction === 'move'
          ? { phase: 'settle', switchedAt: at, ...outcome }
          : { phase: 'clear', revertedAt: at, ...outcome },
    });
    await tx.client.query(
      `update operation set details = details - 'pausing', error = null, attempts = 0 where id = $1`,
      [operation.id],
    );
    await tx.audit({
      actor: operation.actor,
      action: direction === 'move' ? 'tenant.move.switch' : 'tenant.move.revert',
      tenantId,
      outcome: 'done',
      details: { operation: operation.id, to: there, ...outcome },
    });
    const version = await tx.nextVersion();
    const { store } = there;
    const { rowCount } = await tx.client.query(
      `update placement set server_id = $2, database_name = $3, schema_name = $4, runtime_login = $5, runtime_credential = $6,
              migrator_credential = $7, origin = $8, hold_until = null, config_version = $9, updated_at = $10
        where tenant_id = $1 and schema_version is not distinct from $11`,
      [
        tenantId,
        there.serverId,
        store.database,
        store.schema,
        store.runtimeLogin,
        ...credentials,
        there.origin,
        version,
        tx.at,
        details.schemaVersion,
      ],
    );
    if (rowCount !== 1) throw new Error('the books were migrated during the move');
    await tx.client.query('update tenant set isolation = $2, version = $3, updated_at = $4 where id = $1', [
      tenantId,
      there.isolation,
      version,
      tx.at,
    ]);
  });
}

/** The old place is locked, keeps up by the way back (where there is one), and waits for what the operator says. */
async function settle(tools: MoveTools, run: Run): Promise<number> {
  const { from, to, method } = run.details;
  await record(tools, run, 'settle');
  return opened(tools, [from, to], async (old, place) => {
    await lockOut(old, isSameServer(run.details));
    if (method === 'pause') {
      await rename(old.client, from.store.schema, to.store.schema);
      await analyze(place, to.store.schema);
      await tools.boundary?.('worked', 'move-settled');
      await record(tools, run, 'await-confirmation', { phase: 'await' });
      return 0;
    }
    await withdraw(old, 'move', await unfollow(place, 'move'));
    await tools.boundary?.('worked', 'move-withdraw');
    // By the name of the tables that serve now the way back finds those of the old place.
    await rename(old.client, from.store.schema, to.store.schema);
    await follow(old, place, 'back', { password: run.secrets.replication, copy: false });
    await tools.boundary?.('worked', 'move-follow-back');
    await record(tools, run, 'await-confirmation', { phase: 'await' });
    return 0;
  });
}

async function confirm(tools: MoveTools, run: Run): Promise<undefined> {
  const { from, to } = run.details;
  await record(tools, run, 'clear');
  if (run.details.method === 'replication') await takeDown(tools, { gone: from, kept: to, direction: 'back' });
  await tools.boundary?.('worked', 'move-take-down');
  await leavePlace(tools, from, to);
  await tools.boundary?.('worked', 'move-leave');
  await end(tools, run, 'succeeded');
}

/** What one direction of replication has made, on both sides; the place that goes may be gone already. */
async function takeDown(
  tools: MoveTools,
  { gone, kept, direction }: { readonly gone: Place; readonly kept: Place; readonly direction: 'move' | 'back' },
): Promise<void> {
  const server = await tools.admin.server(gone.serverId);
  const { rowCount } = await server.cluster.query('select from pg_database where datname = $1', [gone.store.database]);
  if (rowCount === 0) {
    // Only ever the receiver of the direction that is left: nothing of the sender's side hangs on it.
    const there = await tools.admin.server(kept.serverId);
    const client = await there.connect(kept.store.database, kept.store.schema);
    try {
      await withdraw({ place: kept, server: there, client }, direction);
    } finally {
      await client.end();
    }
    return;
  }
  await opened(tools, [gone, kept], async (one, two) => withdraw(two, direction, await unfollow(one, direction)));
}

/** Before the switch: the new place is taken away. After it: the same pause the other way round. */
async function revert(tools: MoveTools, run: Run): Promise<number> {
  const { from, to } = run.details;
  return opened(tools, [to, from], async (place, old) => {
    if (run.details.pausing === true)
      await takeBack(tools, {
        ...run,
        operationId: run.operation.id,
        sender: place,
        receiver: old,
        schema: from.store.schema,
      });
    if (run.details.method === 'pause') {
      await letIn(old);
      return switchOver(tools, run, { sender: place, receiver: old, direction: 'back', schema: from.store.schema });
    }
    const lagBytes = await lagBehind(place, 'back', await endOfLog(place));
    await record(tools, run, 'compare', lagBytes === undefined ? {} : { lagBytes });
    if (lagBytes === undefined || lagBytes > nearBytes) return pollMs;
    await letIn(old);
    return switchOver(tools, run, { sender: place, receiver: old, direction: 'back', schema: from.store.schema });
  });
}

/** The new place goes; the old one serves, and has done so all along or does so again. */
async function clear(tools: MoveTools, run: Run): Promise<undefined> {
  const { from, to } = run.details;
  await record(tools, run, 'clear');
  if (run.details.revertedAt !== undefined) {
    await opened(tools, [from, to], async (old, place) => {
      await lockOut(place, isSameServer(run.details));
      if (run.details.method === 'replication') await withdraw(place, 'back', await unfollow(old, 'back'));
    });
  } else {
    await abandon(tools, run);
  }
  await tools.boundary?.('worked', 'move-take-down');
  await leavePlace(tools, to, from);
  await tools.boundary?.('worked', 'move-leave');
  await end(tools, run, run.details.reason === undefined ? 'cancelled' : 'failed');
}

/** A move that never came to the switch: whatever of it is there. */
async function abandon(tools: MoveTools, run: Run): Promise<void> {
  const { from, to } = run.details;
  const server = await tools.admin.server(to.serverId);
  const { rowCount } = await server.cluster.query('select from pg_database where datname = $1', [to.store.database]);
  if (rowCount !== 0) {
    await opened(tools, [from, to], async (sender, receiver) => {
      if (run.details.pausing === true)
        await takeBack(tools, { ...run, operationId: run.operation.id, sender, receiver, schema: to.store.schema });
      if (run.details.method === 'replication') {
        await withdraw(sender, 'move', await unfollow(receiver, 'move'));
        await withdraw(receiver, 'back');
      }
      await rename(receiver.client, from.store.schema, to.store.schema);
    });
    return;
  }
  if (run.details.method === 'pause') return;
  const there = await tools.admin.server(from.serverId);
  const client = await there.connect(from.store.database, from.store.schema);
  try {
    await withdraw({ place: from, server: there, client }, 'move');
  } finally {
    await client.end();
  }
}

async function end({ control, log }: MoveTools, run: Run, state: 'succeeded' | 'failed' | 'cancelled'): Promise<void> {
  const { operation, tenantId, details } = run;
  await control.change(async (tx) => {
    const error = details.reason === undefined ? {} : { error: details.reason };
    await finishOperation(tx.client, operation.id, { state, ...error, at: tx.at });
    // A brought database held this tenant alone: its login is not ours to keep.
    if (state === 'succeeded')
      await tx.client.query(
        `delete from server s where id = $1 and kind = 'given'
            and not exists (select from placement where server_id = s.id)`,
        [details.from.serverId],
      );
    await tx.audit({
      actor: operation.actor,
      action: 'tenant.move.finish',
      tenantId,
      outcome: state === 'failed' ? 'failed' : 'done',
      details: { operation: operation.id, state, gone: state === 'succeeded' ? details.from : details.to, ...error },
    });
  });
  log.info({ tenantId, operation: operation.id, state }, 'a move has ended');
}
