import type { TenantId } from '@cofferdam/core';
import { quoteIdentifier as id } from '../postgres/identifiers.js';
import type { AdminConnections } from './admin-connections.js';
import { getAssociation } from './associations.js';
import { noSuchTenant, refuse } from './change-status.js';
import type { ControlDatabase } from './control-database.js';
import { refuseWhileMoving } from './move/unfinished-move.js';
import { getPlacement, type Placement } from './placement.js';
import { TenancyError } from './tenancy-error.js';
import { underTenantLock } from './tenant-lock.js';
import { findTenant, touchTenant } from './tenant-record.js';
import { roleLimitsOf } from './walls/store-roles.js';

/** How processes connect to a tenant's books (tenancy §4). Absent: as it is; null: the default. */
export interface ConnectionSettingsChange {
  /** Connections of each process, at most 200. */
  readonly maxOpenConns?: number | null;
  /** Of these, kept open while unused, at most 50. */
  readonly maxIdleConns?: number | null;
  /** A whole number with a unit of us, ms (default), s, min, h or d. */
  readonly statementTimeout?: string | null;
  /** `replica`: reads may be answered by a replica of the tenant's server, when it has everything the primary has. */
  readonly readFrom?: 'primary' | 'replica' | null;
}

/** As answered: what is the default is absent. */
export function viewConnectionSettings(placement: Placement): Record<string, unknown> {
  const { connectionsMax, connectionsIdle, statementTimeoutMs, readFrom } = placement;
  return {
    ...(connectionsMax === null ? {} : { maxOpenConns: connectionsMax }),
    ...(connectionsIdle === null ? {} : { maxIdleConns: connectionsIdle }),
    ...(statementTimeoutMs === null ? {} : { statementTimeout: `${statementTimeoutMs}ms` }),
    ...(readFrom === 'primary' ? {} : { readFrom }),
  };
}

/**
 * Writes the settings down; every process replaces its pool of the tenant within 2 s, without failing a request. The
 * statement timeout is an attribute of the run-time login, so that it holds whoever connects; so is how many connections it may
 * have over all processes: a hundred, or four times those of one process.
 * @throws TenancyError tenant_not_found, service_not_found, wrong_status, invalid_request, operation_running
 */
export async function changeConnectionSettings(
  tools: { readonly control: ControlDatabase; readonly admin: AdminConnections },
  tenantId: TenantId,
  service: string,
  request: { readonly actor: string; readonly change: ConnectionSettingsChange },
): Promise<Placement> {
  const { control } = tools;
  const { change, actor } = request;
  const timeout = change.statementTimeout;
  const timeoutMs = timeout === undefined || timeout === null ? timeout : readTimeout(timeout);
  await getAssociation(control.pool, tenantId, service);
  const action = 'connections.update';
  const done = await underTenantLock(control, tenantId, async () => {
    const tenant = await findTenant(control.pool, tenantId);
    if (tenant === undefined || tenant.status === 'deleted') throw noSuchTenant();
    const placement = await getPlacement(control.pool, tenantId);
    if (!['active', 'suspended'].includes(tenant.status) || placement.runtimeCredential === null) {
      await control.audit({ actor, action, tenantId, outcome: 'refused', details: { status: tenant.status } });
      throw refuse(tenant, 'given other connection settings');
    }
    const connectionsMax = pick(change.maxOpenConns, placement.connectionsMax);
    const statementTimeoutMs = pick(timeoutMs, placement.statementTimeoutMs);
    const limits = roleLimitsOf({ connectionsMax, statementTimeoutMs });
    if (timeoutMs !== undefined || limits.connections !== roleLimitsOf(placement).connections) {
      // The login at the other place was made with those there are.
      await refuseWhileMoving(control.pool, tenantId);
      const server = await tools.admin.server(placement.serverId);
      const login = id(placement.store.runtimeLogin);
      await server.cluster.query(
        `alter role ${login} connection limit ${Math.trunc(limits.connections)};
         alter role ${login} set statement_timeout = ${Math.trunc(limits.statementTimeoutMs)}`,
      );
    }
    await control.change(async (tx) => {
      await tx.audit({ actor, action, tenantId, outcome: 'done', details: { service, ...change } });
      const version = await touchTenant(tx, tenantId);
      await tx.client.query(
        `update placement set connections_max = $2, connections_idle = $3, statement_timeout_ms = $4, read_from = $5,
                config_version = $6, updated_at = $7
          where tenant_id = $1`,
        [
          tenantId,
          connectionsMax,
          pick(change.maxIdleConns, placement.connectionsIdle),
          statementTimeoutMs,
          change.readFrom === null ? 'primary' : (change.readFrom ?? placement.readFrom),
          version,
          tx.at,
        ],
      );
    });
    return getPlacement(control.pool, tenantId);
  });
  if (done === undefined)
    throw new TenancyError('operation_running', 'An operation on this tenant is under way; try again in a moment.');
  return done;
}

const pick = (wanted: number | null | undefined, held: number | null) => (wanted === undefined ? held : wanted);

const unitMs: Readonly<Record<string, number>> = {
  us: 0.001,
  ms: 1,
  s: 1_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const longestMs = 3_600_000;

/** Milliseconds, from 1 to an hour. @throws TenancyError invalid_request */
export function readTimeout(text: string): number {
  const [, digits = '', unit = 'ms'] = /^(\d{1,10})\s?(us|ms|s|min|h|d)?$/.exec(text) ?? [];
  const ms = Math.round(Number(digits) * (unitMs[unit] ?? 1));
  if (digits === '' || ms < 1 || ms > longestMs)
    throw new TenancyError(
      'invalid_request',
      'statementTimeout must be a whole number with a unit (us, ms, s, min, h, d), from 1ms to 1h.',
    );
  return ms;
}
