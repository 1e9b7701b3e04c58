/**
 * What a tenant's run-time login may do, table by table: no DDL, no truncate, and on transaction and operation no
 * delete and no update of anything that has been posted (status changes of a hold and texts excepted).
 * `login` must be quoted by the caller.
 */
export function runtimeGrants(login: string): string {
  return /* sql */ `
grant select, insert, update on organization, ledger, asset, portfolio, segment, account_type, account, balance to ${login};
grant select, insert on transaction, operation, outbox to ${login};
grant update (status, pending_legs, description, metadata, updated_at) on transaction to ${login};
grant update (description, metadata, updated_at) on operation to ${login};
grant select, insert, update, delete on idempotency_key to ${login};
grant select, insert, update on operation_route, transaction_route to ${login};
grant select, insert, delete on transaction_route_member to ${login};
grant select, insert, update on asset_rate to ${login};
grant select, insert, update, delete on holder, instrument, record_key to ${login};
grant select on schema_migration to ${login};
`;
}
