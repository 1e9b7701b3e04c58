import { setTimeout as delay } from 'node:timers/promises';
import type { TenantId } from '@cofferdam/core';
import type pg from 'pg';
import type { InstallationNames } from '../../postgres/installation.js';
import { isUniqueViolation } from '../../postgres/pg-errors.js';
import type { AdminConnections } from '../admin-connections.js';
import { noSuchTenant, refuse } from '../change-status.js';
import type { ControlDatabase, ControlTx } from '../control-database.js';
import { newPassword, type Vault } from '../credentials.js';
import { beginOperation, findUnfinished, getOperation, type Operation } from '../operations.js';
import { type Isolation, otherRuntimeLogin, tenantStoreNames } from '../physical-names.js';
import { getPlacement, type Placement } from '../placement.js';
import { chooseServer, type PlacementWish } from '../servers/choose-server.js';
import { TenancyError } from '../tenancy-error.js';
import { underTenantLock } from '../tenant-lock.js';
import { findTenant, lockTenant, type TenantRecord } from '../tenant-record.js';
import { chooseMethod } from './choose-method.js';
import { detailsOf, isSameServer, type MoveDetails, type MoveSecrets, moveSteps, type Place } from './move-record.js';

export interface StartMoveTools {
  readonly control: ControlDatabase;
  readonly admin: AdminConnections;
  readonly vault: Vault;
  readonly names: InstallationNames;
  readonly newId: () => string;
}

export interface MoveWish extends PlacementWish {
  /** Default: as it is. */
  readonly isolation?: Isolation;
  /** Where logical replication is not to be had: copy everything while writes pause, for as long as that takes. */
  readonly allowPause?: boolean;
}

const action = 'tenant.move';

/**
 * Reserves a move; the mover carries it out. Without a server or labels the tenant stays on its server.
 * @throws TenancyError tenant_not_found, wrong_status, operation_running, no_server, move_unfit
 */
export async function startMove(
  tools: StartMoveTools,
  tenantId: TenantId,
  request: { readonly actor: string; readonly wish: MoveWish },
): Promise<Operation> {
  const { control } = tools;
  const { actor, wish } = request;
  const id = tools.newId();
  try {
    await control.change(async (tx) => {
      const tenant = await lockTenant(tx.client, tenantId);
      if (tenant === undefined || tenant.status === 'deleted') throw noSuchTenant();
      if (tenant.status !== 'active' && tenant.status !== 'suspended') throw refuse(tenant, 'moved');
      const placement = await getPlacement(tx.client, tenantId);
      if (placement.runtimeCredential === null)
        throw new TenancyError('wrong_status', 'The books of this tenant are purged: there is nothing to move.', {
          status: 'purged',
        });
      if ((await findUnfinished(tx.client, tenantId, 'association.purge')) !== undefined)
        throw new TenancyError(
          'operation_running',
          'The books of this tenant are about to be purged; stop that first.',
        );
      if ((await findUnfinished(tx.client, tenantId, 'tenant.rotate')) !== undefined)
        throw new TenancyError(
          'operation_running',
          'The credentials of this tenant are being rotated; wait for its end.',
        );
      const places = await choosePlaces(tx, tools, { tenant, placement, wish });
      const way = await chooseMethod(tools.admin, places, wish.allowPause === true);
      const details: MoveDetails = { phase: 'copy', ...way, ...places, schemaVersion: placement.schemaVersion };
      await beginOperation(tx.client, {
        id,
        kind: 'tenant.move',
        tenantId,
        actor,
        total: moveSteps.length,
        details: { ...details },
        input: tools.vault.seal(
          tenantId,
          'operation-input',
          JSON.stringify(newSecrets(tools, tenant, placement, places)),
        ),
        at: tx.at,
      });
      const { from, to } = places;
      await tx.audit({ actor, action, tenantId, outcome: 'done', details: { operation: id, from, to } });
    });
  } catch (error) {
    const refusal = isUniqueViolation(error, 'operation_unfinished')
      ? new TenancyError('operation_running', 'This tenant is being moved already: confirm or revert that move first.')
      : error;
    if (refusal instanceof TenancyError && refusal.reasonName !== 'tenant_not_found')
      await control.audit({ actor, action, tenantId, outcome: 'refused', details: { reason: refusal.message } });
    throw refusal;
  }
  return getOperation(control.pool, id);
}

type Places = Pick<MoveDetails, 'from' | 'to'>;

async function choosePlaces(
  tx: ControlTx,
  { names }: StartMoveTools,
  { tenant, placement, wish }: { tenant: TenantRecord; placement: Placement; wish: MoveWish },
): Promise<Places> {
  const { serverId, origin } = placement;
  const isolation = wish.isolation ?? tenant.isolation;
  const stays = (wish.server === undefined && wish.labels === undefined) || wish.server === serverId;
  // As for a new tenant: nobody else is placed until the commit, so that a capacity is never exceeded.
  if (!stays) await tx.nextVersion();
  if (!stays && wish.server !== undefined) await refuseGiven(tx.client, wish.server);
  const target = stays ? serverId : await chooseServer(tx.client, wish);
  if (target === serverId && isolation === tenant.isolation)
    throw new TenancyError('move_unfit', `The tenant is on server ${serverId} in ${isolation} mode already.`);
  if (target === serverId && origin === 'given')
    throw new TenancyError('move_unfit', 'A brought database holds one tenant in database mode: name another server.');
  const named = tenantStoreNames(tenant.id, isolation, names);
  const from: Place = { serverId, isolation: tenant.isolation, origin, store: placement.store };
  const to: Place = {
    serverId: target,
    isolation,
    origin: 'created',
    store: {
      ...named,
      // Replication finds tables by their schema's name: a database of its own takes the name there is.
      schema: isolation === 'database' ? placement.store.schema : named.schema,
      runtimeLogin: otherRuntimeLogin(placement.store.runtimeLogin),
    },
  };
  await refuseSameSchemaName(tx.client, { from, to });
  return { from, to };
}

/** A brought database is one tenant's from its creation on, and is left for good when that tenant moves away. */
async function refuseGiven(client: pg.PoolClient, server: string): Promise<void> {
  const { rowCount } = await client.query(`select from server where id = $1 and kind = 'given'`, [server]);
  if (rowCount !== 0)
    throw new TenancyError(
      'move_unfit',
      `Server ${server} is a database that was brought for one tenant: tenants are moved to shared servers only (cofferdam servers add). Books come into a brought database by backup and restore into a tenant that is created there.`,
    );
}

/** Into a shared database tables come under the schema name that they have, for the time of the copy. */
async function refuseSameSchemaName(client: pg.PoolClient, { from, to }: Places): Promise<void> {
  if (to.isolation === 'database' || from.store.schema === to.store.schema) return;
  const { rows } = await client.query<{ tenant: string }>(
    `select tenant_id as tenant from operation
      where kind = 'tenant.move' and state in ('waiting', 'running') and details ->> 'phase' = 'copy'
        and details #>> '{to,serverId}' = $1 and details #>> '{to,store,database}' = $2
        and details #>> '{from,store,schema}' = $3 and details #>> '{to,store,schema}' <> $3`,
    [to.serverId, to.store.database, from.store.schema],
  );
  if (rows[0] !== undefined)
    throw new TenancyError(
      'operation_running',
      `The tenant ${rows[0].tenant} is being moved from a database into schemas of server ${to.serverId}: one at a time; wait for its switch.`,
    );
}

function newSecrets(
  { vault }: StartMoveTools,
  tenant: TenantRecord,
  placement: Placement,
  places: Places,
): MoveSecrets {
  const { runtimeCredential, migratorCredential } = placement;
  if (runtimeCredential === null || migratorCredential === null) throw new Error('the placement has no credentials');
  return {
    runtime: newPassword(),
    migrator: isSameServer(places) ? vault.open(tenant.id, 'migrator-login', migratorCredential) : newPassword(),
    replication: newPassword(),
    runtimeBefore: runtimeCredential,
    migratorBefore: migratorCredential,
  };
}

/**
 * What the operator says of a move: `confirm` leaves the old place for good; `revert` brings the tenant back there, or gives up a
 * move that has not come to the switch.
 * @throws TenancyError tenant_not_found, operation_not_found, operation_running
 */
export async function decideMove(
  { control }: Pick<StartMoveTools, 'control'>,
  tenantId: TenantId,
  request: { readonly actor: string; readonly decision: 'confirm' | 'revert' },
): Promise<Operation> {
  const { actor, decision } = request;
  if ((await findTenant(control.pool, tenantId)) === undefined) throw noSuchTenant();
  for (let attempt = 1; ; attempt += 1) {
    // Not while a step is under way, which would go on from what it has read.
    const id = await underTenantLock(control, tenantId, () => decide(control, tenantId, actor, decision));
    if (id !== undefined) return getOperation(control.pool, id);
    if (attempt === 50)
      throw new TenancyError(
        'operation_running',
        'A step of an operation on this tenant is under way; try again in a moment.',
      );
    await delay(100);
  }
}

function decide(
  control: ControlDatabase,
  tenantId: TenantId,
  actor: string,
  decision: 'confirm' | 'revert',
): Promise<string> {
  return control.change(async (tx) => {
    const move = await findUnfinished(tx.client, tenantId, 'tenant.move');
    if (move === undefined)
      throw new TenancyError(
        'operation_not_found',
        'This tenant is not being moved: there is nothing to confirm or revert.',
      );
    const { phase } = detailsOf(move);
    const next = { confirm: { await: 'confirm' }, revert: { await: 'revert', copy: 'clear' } } as const;
    const to = (next[decision] as Record<string, string>)[phase];
    if (to === undefined && phase !== decision && !(decision === 'revert' && phase === 'clear'))
      throw new TenancyError('operation_running', `${wrongMoment(decision, phase)} (operation ${move.id})`, { phase });
    if (to !== undefined) {
      await tx.client.query(
        `update operation set details = details || $2, attempts = 0, error = null, updated_at = $3 where id = $1`,
        [move.id, JSON.stringify({ phase: to }), tx.at],
      );
      await tx.audit({
        actor,
        action: `tenant.move.${decision}`,
        tenantId,
        outcome: 'done',
        details: { operation: move.id, asked: true },
      });
    }
    return move.id;
  });
}

function wrongMoment(decision: 'confirm' | 'revert', phase: string): string {
  if (decision === 'confirm' && phase === 'copy') return 'The tenant is still being copied: confirm after the switch';
  if (phase === 'settle') return 'The switch has just been made; try again in a moment';
  return phase === 'confirm' ? 'The move is confirmed: there is no way back' : 'The move is being taken back';
}
