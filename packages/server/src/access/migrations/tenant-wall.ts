/**
 * Walls a table of the directory off: forced row-level security, also on its owner, so that a transaction which has not named
 * its tenant sees nothing. Its text is part of released migrations: never changed.
 */
export function tenantWall(table: string): string {
  return /* sql */ `
alter table ${table} enable row level security;
alter table ${table} force row level security;
create policy tenant_wall on ${table}
  using (tenant_id = current_setting('cofferdam.tenant_id', true))
  with check (tenant_id = current_setting('cofferdam.tenant_id', true));`;
}
