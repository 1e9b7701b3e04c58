import {
  type AccountingEntries,
  type AccountRule,
  checkAccountingEntries,
  LedgerError,
  type OperationRouteType,
} from '@cofferdam/core';
import { sql } from 'kysely';
import { stringifyJson } from '../../http/json.js';
import { bornColumns, type Description, mergePatch, type Origin } from './described-columns.js';
import { deleteEntity, type EntityRow, getLive, insertEntity, updateEntity } from './entity-rows.js';
import { type LedgerPlace, lockLedger, lockOrganization } from './parents.js';
import { recordEvent } from './record-event.js';
import type { TenantTx } from './with-tenant.js';

export interface NewOperationRoute extends Pick<Description, 'metadata'> {
  readonly title: string;
  readonly description?: string | null;
  readonly code?: string | null;
  readonly operationType: OperationRouteType;
  readonly account?: AccountRule | null;
  readonly accountingEntries?: AccountingEntries | null;
}

/** Scenario by scenario; null removes one, null as a whole removes all. */
export type EntriesPatch = { readonly [S in keyof AccountingEntries]: AccountingEntries[S] | null } | null;

export interface OperationRouteChange
  extends Partial<Omit<NewOperationRoute, 'operationType' | 'title' | 'accountingEntries'>> {
  readonly title?: string | null;
  readonly accountingEntries?: EntriesPatch;
}

/** Throws 0009 and 0162–0166 for its rubrics, 0038, 0037. */
export async function createOperationRoute(
  tx: TenantTx,
  origin: Origin,
  place: LedgerPlace,
  given: NewOperationRoute,
): Promise<EntityRow<'operation_route'>> {
  checkAccountingEntries(given.operationType, given.accountingEntries ?? {});
  await lockOrganization(tx, place.organization_id, 'share');
  await lockLedger(tx, place, 'share');
  const row = await insertEntity(tx, 'operation_route', {
    ...bornColumns(origin, given),
    ...place,
    title: given.title,
    description: given.description ?? null,
    code: given.code ?? null,
    operation_type: given.operationType,
    account: asJson(given.account),
    accounting_entries: asJson(given.accountingEntries),
  });
  await recordEvent(tx, 'operation-route.created', row.id);
  return row;
}

/** Throws 0101, and 0009 or 0162–0166 for the rubrics as they would become. */
export async function changeOperationRoute(
  tx: TenantTx,
  origin: Origin,
  place: LedgerPlace,
  id: string,
  given: OperationRouteChange,
): Promise<EntityRow<'operation_route'>> {
  const row = await getLive(tx, 'operation_route', place, id, 'update');
  const entries = mergeEntries(row.accounting_entries, given.accountingEntries);
  if (given.accountingEntries !== undefined) checkAccountingEntries(row.operation_type, entries ?? {});
  const changed = await updateEntity(tx, 'operation_route', id, {
    title: given.title ?? undefined,
    description: given.description ?? undefined,
    code: given.code ?? undefined,
    account: given.account === undefined ? undefined : asJson(given.account),
    accounting_entries: given.accountingEntries === undefined ? undefined : asJson(entries),
    metadata: stringifyJson(mergePatch(row.metadata, given.metadata)),
    updated_at: origin.now().toISOString(),
  });
  await recordEvent(tx, 'operation-route.updated', id);
  return changed;
}

/** Throws 0101, and 0107 while a transaction route is made of it. */
export async function deleteOperationRoute(
  tx: TenantTx,
  origin: Origin,
  place: LedgerPlace,
  id: string,
): Promise<void> {
  // A transaction route that is being made of it holds the row in share mode, so it is seen here or sees us gone.
  await getLive(tx, 'operation_route', place, id, 'update');
  const { rows } = await sql`select 1 from transaction_route_member where operation_route_id = ${id} limit 1`.execute(
    tx,
  );
  if (rows.length > 0)
    throw new LedgerError('operation_route_linked_to_transaction_routes', {
      entityType: 'OperationRoute',
      detail: 'The operation route is part of a transaction route. Take it out of every transaction route first.',
    });
  await deleteEntity(tx, 'operation_route', id, origin.now());
  await recordEvent(tx, 'operation-route.deleted', id);
}

function mergeEntries(stored: AccountingEntries | null, patch: EntriesPatch | undefined): AccountingEntries | null {
  if (patch === undefined) return stored;
  if (patch === null) return null;
  const merged = Object.entries({ ...stored, ...patch }).filter(([, entry]) => entry !== null && entry !== undefined);
  return merged.length === 0 ? null : (Object.fromEntries(merged) as AccountingEntries);
}

function asJson(value: object | null | undefined): string | null {
  return value === null || value === undefined ? null : stringifyJson(value);
}
