import type { Migration } from '../../postgres/migration.js';

/**
 * Rows that say they happened well before they were written (ledger-api §5.8). Ids grow with the time of writing, so a
 * list between two dates reads a range of ids, and these few beside it (storage/created-window.ts).
 */
export const backdated: Migration = {
  id: '0004_backdated',
  sql: `
create index transaction_backdated on transaction (ledger_id, created_at, id)
  where created_at < to_timestamp(('x' || translate(left(id::text, 13), '-', ''))::bit(48)::bigint::float8 / 1000 - 60);
create index operation_backdated on operation (account_id, created_at, id)
  where created_at < to_timestamp(('x' || translate(left(id::text, 13), '-', ''))::bit(48)::bigint::float8 / 1000 - 60);
`,
};
