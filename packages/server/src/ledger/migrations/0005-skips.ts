import type { Migration } from '../../postgres/migration.js';

/** What a transaction was allowed to leave out (ledger-api §5.2, `skip`). */
export const skips: Migration = {
  id: '0005_skips',
  sql: `
alter table transaction add column fees_skipped boolean not null default false;
alter table transaction add column tracer_skipped boolean not null default false;
`,
};
