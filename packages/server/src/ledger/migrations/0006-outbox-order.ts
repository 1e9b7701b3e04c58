import type { Migration } from '../../postgres/migration.js';

/**
 * Books that have moved to another cluster (docs/adr/0018-moving-a-tenant.md) hold transaction ids of the old one, which mean
 * nothing beside those of the new. A row `books.moved`, written when nobody else writes, parts them: what is before it was
 * committed before it. So events have an order for good: generation (how many such rows are before), xid, position.
 */
export const outboxOrder: Migration = {
  id: '0006_outbox_order',
  sql: /* sql */ `
create index outbox_moved on outbox (position) where event = 'books.moved';

-- What a reader may take, in this order: nothing that is committed later can come before a row that is here. A reader goes
-- on after the (generation, xid, position) that it had last
create view outbox_in_order as
  select (select count(*) from outbox m where m.event = 'books.moved' and m.position < o.position) as generation,
         o.xid, o.position, o.event, o.record_id, o.created_at
    from outbox o
   where o.xid < pg_snapshot_xmin(pg_current_snapshot())
      or o.position <= (select max(position) from outbox where event = 'books.moved')
   order by 1, 2, 3;
`,
};
