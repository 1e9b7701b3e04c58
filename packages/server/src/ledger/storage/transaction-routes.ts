import { LedgerError, takesDestination, takesSource } from '@cofferdam/core';
import { sql } from 'kysely';
import { stringifyJson } from '../../http/json.js';
import { bornColumns, type Description, mergePatch, type Origin } from './described-columns.js';
import {
  and,
  deleteEntity,
  type EntityRow,
  entityNotFound,
  getLive,
  insertEntity,
  liveIn,
  updateEntity,
} from './entity-rows.js';
import { type LedgerPlace, lockLedger, lockOrganization } from './parents.js';
import { recordEvent } from './record-event.js';
import type { TenantTx } from './with-tenant.js';

export interface TransactionRouteWithMembers {
  readonly route: EntityRow<'transaction_route'>;
  readonly members: readonly EntityRow<'operation_route'>[];
}

export interface NewTransactionRoute extends Pick<Description, 'metadata'> {
  readonly title: string;
  readonly description?: string | null;
  /** Ids, without repetition, in the client's order. */
  readonly operationRoutes: readonly string[];
}

export type TransactionRouteChange = Partial<Omit<NewTransactionRoute, 'title'>> & { readonly title?: string | null };

/** Throws 0038, 0037, 0101 for an unknown operation route, 0153 and 0154 for a side that has none. */
export async function createTransactionRoute(
  tx: TenantTx,
  origin: Origin,
  place: LedgerPlace,
  given: NewTransactionRoute,
): Promise<TransactionRouteWithMembers> {
  await lockOrganization(tx, place.organization_id, 'share');
  await lockLedger(tx, place, 'share');
  const members = await lockOperationRoutes(tx, place, given.operationRoutes);
  const route = await insertEntity(tx, 'transaction_route', {
    ...bornColumns(origin, given),
    ...place,
    title: given.title,
    description: given.description ?? null,
  });
  await attach(tx, route.id, given.operationRoutes);
  await recordEvent(tx, 'transaction-route.created', route.id);
  return { route, members };
}

/** Throws 0105, and 0101, 0153, 0154 for a new set of operation routes. */
export async function changeTransactionRoute(
  tx: TenantTx,
  origin: Origin,
  place: LedgerPlace,
  id: string,
  given: TransactionRouteChange,
): Promise<TransactionRouteWithMembers> {
  const row = await getLive(tx, 'transaction_route', place, id, 'update');
  if (given.operationRoutes !== undefined) {
    await lockOperationRoutes(tx, place, given.operationRoutes);
    await detach(tx, id);
    await attach(tx, id, given.operationRoutes);
  }
  const route = await updateEntity(tx, 'transaction_route', id, {
    title: given.title ?? undefined,
    description: given.description ?? undefined,
    metadata: stringifyJson(mergePatch(row.metadata, given.metadata)),
    updated_at: origin.now().toISOString(),
  });
  await recordEvent(tx, 'transaction-route.updated', id);
  return { route, members: (await findMembersOf(tx, [id])).get(id) ?? [] };
}

/** Throws 0105. */
export async function deleteTransactionRoute(
  tx: TenantTx,
  origin: Origin,
  place: LedgerPlace,
  id: string,
): Promise<void> {
  await getLive(tx, 'transaction_route', place, id, 'update');
  await detach(tx, id);
  await deleteEntity(tx, 'transaction_route', id, origin.now());
  await recordEvent(tx, 'transaction-route.deleted', id);
}

/** The operation routes of several transaction routes, each list in the client's order, with one statement. */
export async function findMembersOf(
  tx: TenantTx,
  ids: readonly string[],
): Promise<ReadonlyMap<string, EntityRow<'operation_route'>[]>> {
  const byRoute = new Map<string, EntityRow<'operation_route'>[]>();
  if (ids.length === 0) return byRoute;
  const { rows } = await sql<EntityRow<'operation_route'> & { member_of: string }>`
    select o.*, m.transaction_route_id as member_of
    from transaction_route_member m join operation_route o on o.id = m.operation_route_id
    where m.transaction_route_id = any(${ids}::uuid[]) order by m.position`.execute(tx);
  for (const { member_of: of, ...row } of rows) {
    const list = byRoute.get(of) ?? [];
    list.push(row);
    byRoute.set(of, list);
  }
  return byRoute;
}

/** In share mode and in id order: none of them can be deleted until we commit. Answers them in the client's order. */
async function lockOperationRoutes(
  tx: TenantTx,
  place: LedgerPlace,
  ids: readonly string[],
): Promise<EntityRow<'operation_route'>[]> {
  const wanted = and([sql`id = any(${ids}::uuid[])`, ...liveIn(place)]);
  const { rows } = await sql<EntityRow<'operation_route'>>`
    select * from operation_route where ${wanted} order by id for share`.execute(tx);
  const byId = new Map(rows.map((row) => [row.id, row]));
  const found = ids.map((id) => {
    const row = byId.get(id);
    if (row === undefined) throw entityNotFound('operation_route');
    return row;
  });
  if (!found.some((row) => takesSource(row.operation_type))) throw sideMissing('no_source_for_action', 'source');
  if (!found.some((row) => takesDestination(row.operation_type)))
    throw sideMissing('no_destination_for_action', 'destination');
  return found;
}

function sideMissing(name: 'no_source_for_action' | 'no_destination_for_action', side: string): LedgerError {
  return new LedgerError(name, {
    entityType: 'TransactionRoute',
    detail: `operationRoutes has none that can stand on the ${side} side. Add a ${side} or a bidirectional operation route.`,
  });
}

async function attach(tx: TenantTx, id: string, operationRouteIds: readonly string[]): Promise<void> {
  await sql`
    insert into transaction_route_member (transaction_route_id, operation_route_id, position)
    select ${id}, member, position from unnest(${operationRouteIds}::uuid[]) with ordinality as n (member, position)
  `.execute(tx);
}

async function detach(tx: TenantTx, id: string): Promise<void> {
  await sql`delete from transaction_route_member where transaction_route_id = ${id}`.execute(tx);
}
