import type { EntityTable } from './entity-rows.js';
import type { TenantTx } from './with-tenant.js';

type RouteTable = 'operation_route' | 'transaction_route';
/** Account types, asset rates, holders and instruments have no events. */
type SilentTable = 'balance' | 'account_type' | 'asset_rate' | 'holder' | 'instrument';

/** Event keys of ledger-api §13. Objects made implicitly (default balances, external accounts) record none. */
export type EntityEvent =
  | `${Exclude<EntityTable, SilentTable | RouteTable> | 'operation-route' | 'transaction-route'}.${'created' | 'updated' | 'deleted'}`
  | 'balance.created'
  | 'balance.config-changed'
  | 'balance.deleted';

/** Into the outbox, in the transaction that made it true: neither can exist without the other. */
export async function recordEvent(tx: TenantTx, event: EntityEvent, recordId: string): Promise<void> {
  await tx.insertInto('outbox').values({ event, record_id: recordId }).execute();
}
