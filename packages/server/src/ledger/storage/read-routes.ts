import type { AccountingEntries, OperationRoute, OperationRouteType, TransactionRoute } from '@cofferdam/core';
import type { TenantClient } from './with-tenant.js';

interface RouteRow {
  transaction_route_id: string;
  ledger_id: string;
  /** Null: a transaction route without operation routes. */
  id: string | null;
  operation_type: OperationRouteType;
  account: unknown;
  accounting_entries: AccountingEntries | null;
}

export interface RouteInLedger {
  readonly ledgerId: string;
  readonly route: TransactionRoute;
}

/** Live transaction routes with their operation routes, as the posting path follows them. */
export async function readTransactionRoutes(
  client: TenantClient,
  ids: readonly string[],
): Promise<ReadonlyMap<string, RouteInLedger>> {
  if (ids.length === 0) return new Map();
  const { rows } = await client.query<RouteRow>({
    text: `select t.id as transaction_route_id, t.ledger_id, o.id, o.operation_type, o.account, o.accounting_entries
           from transaction_route t
           left join transaction_route_member m on m.transaction_route_id = t.id
           left join operation_route o on o.id = m.operation_route_id and o.deleted_at is null
           where t.id = any($1::uuid[]) and t.deleted_at is null
           order by t.id, m.position`,
    values: [ids],
  });
  const routes = new Map<string, RouteInLedger & { readonly members: OperationRoute[] }>();
  for (const row of rows) {
    let found = routes.get(row.transaction_route_id);
    if (found === undefined) {
      const members: OperationRoute[] = [];
      const route = { id: row.transaction_route_id, operationRoutes: members };
      found = { ledgerId: row.ledger_id, route, members };
      routes.set(row.transaction_route_id, found);
    }
    if (row.id === null) continue;
    const { id, operation_type: operationType, account } = row;
    found.members.push({ id, operationType, account, entries: row.accounting_entries ?? {} });
  }
  return routes;
}

/** Deleted ones too: what was posted through them stays what it was. */
export async function readOperationTypes(
  client: TenantClient,
  ids: readonly string[],
): Promise<ReadonlyMap<string, OperationRouteType>> {
  if (ids.length === 0) return new Map();
  const { rows } = await client.query<{ id: string; operation_type: OperationRouteType }>({
    text: 'select id, operation_type from operation_route where id = any($1::uuid[])',
    values: [ids],
  });
  return new Map(rows.map((row) => [row.id, row.operation_type]));
}
