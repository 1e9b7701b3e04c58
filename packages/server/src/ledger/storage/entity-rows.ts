import { type ErrorName, LedgerError } from '@cofferdam/core';
import { type Insertable, type RawBuilder, type Selectable, sql, type Updateable } from 'kysely';
import type { LedgerTables } from './tables.js';
import type { TenantTx } from './with-tenant.js';

/** The tables of which every row has an id, a life span and a place in the books. Keys are table names. */
const entityTypes = {
  organization: 'Organization',
  ledger: 'Ledger',
  asset: 'Asset',
  portfolio: 'Portfolio',
  segment: 'Segment',
  account_type: 'AccountType',
  account: 'Account',
  balance: 'Balance',
  operation_route: 'OperationRoute',
  transaction_route: 'TransactionRoute',
  asset_rate: 'AssetRate',
  holder: 'Holder',
  instrument: 'Instrument',
} as const;

export type EntityTable = keyof typeof entityTypes;
export type EntityRow<T extends keyof LedgerTables> = Selectable<LedgerTables[T]>;
/** Undefined members change nothing. */
export type EntityPatch<T extends EntityTable> = {
  readonly [C in keyof Updateable<LedgerTables[T]>]: Updateable<LedgerTables[T]>[C] | undefined;
};

/**
 * Where in the books a row must be: column and value. Rows elsewhere are as invisible as rows that never existed, so
 * that an answer does not tell one from the other.
 */
export interface Scope {
  readonly organization_id?: string;
  readonly ledger_id?: string;
  readonly account_id?: string;
  readonly holder_id?: string;
}

/** `organization_id = … and ledger_id = … and deleted_at is null`, as a list of conditions. */
export function liveIn(scope: Scope): RawBuilder<unknown>[] {
  return [...placedIn(scope), sql`deleted_at is null`];
}

/** The same with deleted rows. */
export function placedIn(scope: Scope): RawBuilder<unknown>[] {
  const placed = scopeColumns.filter((column) => scope[column] !== undefined);
  return placed.map((column) => sql`${sql.ref(column)} = ${scope[column]}`);
}

const scopeColumns = [
  'organization_id',
  'ledger_id',
  'account_id',
  'holder_id',
] as const satisfies readonly (keyof Scope)[];

export const and = (conditions: readonly RawBuilder<unknown>[]) => sql.join(conditions, sql` and `);

/** A row whether or not it is deleted. */
async function findAny<T extends 'holder' | 'instrument'>(
  tx: TenantTx,
  table: T,
  scope: Scope,
  id: string,
  lock: RowLock = 'none',
): Promise<EntityRow<T> | undefined> {
  const conditions = and([sql`id = ${id}`, ...placedIn(scope)]);
  const query = sql<EntityRow<T>>`select * from ${sql.table(table)} where ${conditions} ${rowLocks[lock]}`;
  return (await query.execute(tx)).rows[0];
}

export async function findLive<T extends EntityTable>(
  tx: TenantTx,
  table: T,
  scope: Scope,
  id: string,
  lock: RowLock = 'none',
): Promise<EntityRow<T> | undefined> {
  const conditions = and([sql`id = ${id}`, ...liveIn(scope)]);
  const query = sql<EntityRow<T>>`select * from ${sql.table(table)} where ${conditions} ${rowLocks[lock]}`;
  return (await query.execute(tx)).rows[0];
}

/** `update`: nobody else may change or share-lock it; `share`: it stays as it is (and alive) until we commit. */
export type RowLock = 'none' | 'share' | 'update';

const rowLocks: Record<RowLock, RawBuilder<unknown>> = {
  none: sql``,
  share: sql`for share`,
  update: sql`for no key update`,
};

/** Kinds of record whose absence has a code of its own (ledger-api §3.5). */
const notFoundNames: Partial<Record<EntityTable, ErrorName>> = {
  account_type: 'account_type_not_found',
  operation_route: 'operation_route_not_found',
  transaction_route: 'transaction_route_not_found',
  holder: 'holder_id_not_found',
  instrument: 'instrument_id_not_found',
};

/** Throws `entity_not_found` (0007; 0109 for account types, 0101 and 0105 for routes) in the same words whether the row never existed, is deleted or belongs elsewhere. */
export async function getLive<T extends EntityTable>(
  tx: TenantTx,
  table: T,
  scope: Scope,
  id: string,
  lock: RowLock = 'none',
): Promise<EntityRow<T>> {
  const row = await findLive(tx, table, scope, id, lock);
  if (row === undefined) throw entityNotFound(table);
  return row;
}

/** The same, deleted or not when that is asked for; only holders and instruments can be. */
export async function getAny<T extends 'holder' | 'instrument'>(
  tx: TenantTx,
  table: T,
  scope: Scope,
  id: string,
  includeDeleted: boolean,
  lock: RowLock = 'none',
): Promise<EntityRow<T>> {
  if (!includeDeleted) return getLive(tx, table, scope, id, lock);
  const row = await findAny(tx, table, scope, id, lock);
  if (row === undefined) throw entityNotFound(table);
  return row;
}

export function entityNotFound(table: EntityTable): LedgerError {
  const entityType = entityTypes[table];
  return new LedgerError(notFoundNames[table] ?? 'entity_not_found', {
    detail: `No ${entityType} was found for this id at this path. Check the ids in the path; a deleted record is not found either.`,
    entityType,
  });
}

export async function insertEntity<T extends EntityTable>(
  tx: TenantTx,
  table: T,
  values: Insertable<LedgerTables[T]>,
): Promise<EntityRow<T>> {
  // The tables share the columns that this function's callers cannot get wrong: `values` has the type of its own table.
  const query = tx.insertInto(table as 'segment').values(values as unknown as Insertable<LedgerTables['segment']>);
  return (await query.returningAll().executeTakeFirstOrThrow()) as unknown as EntityRow<T>;
}

/** The caller has locked the row with `getLive(…, 'update')`. */
export async function updateEntity<T extends EntityTable>(
  tx: TenantTx,
  table: T,
  id: string,
  values: EntityPatch<T>,
): Promise<EntityRow<T>> {
  const query = tx.updateTable(table as 'segment').set(values as unknown as Updateable<LedgerTables['segment']>);
  return (await query.where('id', '=', id).returningAll().executeTakeFirstOrThrow()) as unknown as EntityRow<T>;
}

/** Soft: the row stays for the books, and no read finds it any more. The caller has locked it. */
export async function deleteEntity(tx: TenantTx, table: EntityTable, id: string, at: Date): Promise<void> {
  const time = at.toISOString();
  await updateEntity(tx, table, id, { deleted_at: time, updated_at: time });
}

/** Removes the row itself, deleted or not. The caller has locked it. */
export async function eraseEntity(tx: TenantTx, table: 'holder' | 'instrument', id: string): Promise<void> {
  await sql`delete from ${sql.table(table)} where id = ${id}`.execute(tx);
}

export async function countLive(tx: TenantTx, table: EntityTable, scope: Scope): Promise<number> {
  const query = sql<{ total: number }>`select count(*) as total from ${sql.table(table)} where ${and(liveIn(scope))}`;
  return (await query.execute(tx)).rows[0]?.total ?? 0;
}
