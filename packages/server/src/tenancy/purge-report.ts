import { createHash } from 'node:crypto';
import type { TenantId } from '@cofferdam/core';
import { canonicalJson } from '../http/canonical-json.js';
import type { AdminServer } from './admin-connections.js';
import { isAdoptedBy } from './adopt-single.js';
import type { ControlDatabase, ControlTx } from './control-database.js';
import { type DroppedOrigin, dropStore, type TakeStock } from './drop-store.js';
import { findUnfinished, getOperation } from './operations.js';
import { getPlacement, type Placement } from './placement.js';
import { type CountedTable, countKept, type StoreInventory, takeInventory } from './purge-inventory.js';
import type { PurgeTools } from './purge-tenant.js';

/** What a purge destroyed, what it kept and why, and what it cannot reach. */
export interface PurgeReport {
  readonly version: 1;
  readonly kind: 'tenant.purge' | 'association.purge';
  readonly tenantId: string;
  readonly finishedAt: string;
  readonly destroyed: {
    /** Absent: there was none any more. */
    readonly store?: StoreInventory;
    /** Rows of the access database: people, applications, sessions, their audit. */
    readonly directory?: readonly CountedTable[];
  };
  readonly kept: readonly (CountedTable & { readonly why: string })[];
  readonly notReached: readonly { readonly what: string; readonly why: string }[];
}

/** SHA-256 of the report as canonical JSON: members sorted, no spaces. The audit row of the purge holds it too. */
export function hashOfReport(report: PurgeReport): string {
  return createHash('sha256').update(canonicalJson(report)).digest('hex');
}

export const notReached: PurgeReport['notReached'] = [
  {
    what: 'backups and exports of this tenant',
    why: 'files that the installation does not keep: delete them, or the keys that open them',
  },
  {
    what: 'base backups and archived WAL of the server',
    why: 'they hold all tenants of the server and expire by your own retention',
  },
  { what: 'log files, traces and metrics already collected', why: 'they expire where they are collected' },
];

type PurgeKind = PurgeReport['kind'];

/** Drops the store of a tenant; what was in it is written down first, so that a purge that is cut short still tells. */
export async function dropCounted(
  { control, admin, names }: Pick<PurgeTools, 'control' | 'admin' | 'names'>,
  tenantId: TenantId,
  operationId: string | undefined,
): Promise<void> {
  const placement = await getPlacement(control.pool, tenantId);
  const server = await admin.server(placement.serverId);
  const takeStock: TakeStock = async (what) => {
    if (operationId === undefined) return;
    const store = await takeInventory(server, placement, what);
    const { details } = await getOperation(control.pool, operationId);
    // Of a store that was dropped before its roles the earlier count is the true one.
    if (store.tables.length > 0 || details['store'] === undefined) await remember(control, operationId, { store });
  };
  const origin = await originOf(server, tenantId, placement);
  await dropStore(server, { store: placement.store, origin }, names.sharedDatabase, takeStock);
}

/** The books of single-tenant mode are a tenant's when they say so, and not because an adoption was asked for. */
async function originOf(server: AdminServer, tenantId: TenantId, placement: Placement): Promise<DroppedOrigin> {
  const { origin, store } = placement;
  return origin === 'adopted' && !(await isAdoptedBy(server, tenantId, store.database)) ? 'untouched' : origin;
}

/** Removes the rows of a tenant from the access database, counted before. */
export async function purgeDirectory(
  { control, access }: Pick<PurgeTools, 'control' | 'access'>,
  tenantId: TenantId,
  operationId: string,
): Promise<void> {
  const directory = (await access.count(tenantId)).filter(({ rows }) => rows > 0);
  if (directory.length > 0) await remember(control, operationId, { directory });
  await access.purge(tenantId);
}

async function remember({ pool }: ControlDatabase, operationId: string, found: Partial<PurgeReport['destroyed']>) {
  await pool.query('update operation set details = details || $2 where id = $1', [operationId, JSON.stringify(found)]);
}

/** In the transaction that ends a purge: the report becomes part of its operation. Answers the hash, for the audit. */
export async function writeReport(tx: ControlTx, tenantId: TenantId, kind: PurgeKind): Promise<string | undefined> {
  const operation = await findUnfinished(tx.client, tenantId, kind);
  if (operation === undefined) return undefined;
  const { store, directory } = operation.details as PurgeReport['destroyed'];
  const report: PurgeReport = {
    ...{ version: 1, kind, tenantId, finishedAt: tx.at },
    destroyed: { ...(store === undefined ? {} : { store }), ...(directory === undefined ? {} : { directory }) },
    kept: await countKept(tx.client, tenantId, kind),
    notReached,
  };
  const sha256 = hashOfReport(report);
  await tx.client.query(`update operation set details = (details - 'store' - 'directory') || $2 where id = $1`, [
    operation.id,
    JSON.stringify({ report, sha256 }),
  ]);
  return sha256;
}
