import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLedgerStore, type LedgerStore } from '../../support/ledger-store.js';

/**
 * Citus can spread schemas over servers only if each is closed in itself and made of what it accepts for tables of one
 * shard (docs/scale.md). Citus itself is not here: this looks into the catalogue for what its documentation excludes.
 */
let store: LedgerStore;
beforeAll(async () => {
  store = await createLedgerStore({ max: 1 });
});
afterAll(() => store.drop());

const found = async (query: string): Promise<unknown[]> =>
  (await store.adminPool.query({ text: query, rowMode: 'array' })).rows.map(([first]) => first);

test('nothing in a tenant’s schema leads out of it', async () => {
  expect(
    await found(`select conrelid::regclass::text || ' ' || conname from pg_constraint
      where contype = 'f' and connamespace = 'ledger'::regnamespace
        and (select relnamespace from pg_class where oid = confrelid) <> connamespace`),
  ).toEqual([]);
  // Whatever a table, an index, a default, a trigger or a function hangs on lies in the same schema, or is PostgreSQL's own.
  expect(
    await found(`
      with ours as (
        select 'pg_class'::regclass as class, oid from pg_class where relnamespace = 'ledger'::regnamespace
        union all select 'pg_proc'::regclass, oid from pg_proc where pronamespace = 'ledger'::regnamespace
        union all select 'pg_constraint'::regclass, oid from pg_constraint where connamespace = 'ledger'::regnamespace
        union all select 'pg_rewrite'::regclass, w.oid from pg_rewrite w join pg_class c on c.oid = w.ev_class
          where c.relnamespace = 'ledger'::regnamespace
        union all select 'pg_trigger'::regclass, t.oid from pg_trigger t join pg_class c on c.oid = t.tgrelid
          where c.relnamespace = 'ledger'::regnamespace
        union all select 'pg_attrdef'::regclass, d.oid from pg_attrdef d join pg_class c on c.oid = d.adrelid
          where c.relnamespace = 'ledger'::regnamespace),
      targets as (
        select d.refclassid::regclass, d.refobjid, s.relnamespace as namespace from ours
          join pg_depend d on d.classid = ours.class and d.objid = ours.oid join pg_class s
          on d.refclassid = 'pg_class'::regclass and s.oid = d.refobjid
        union all
        select d.refclassid::regclass, d.refobjid, p.pronamespace from ours
          join pg_depend d on d.classid = ours.class and d.objid = ours.oid join pg_proc p
          on d.refclassid = 'pg_proc'::regclass and p.oid = d.refobjid)
      select refclassid::text || ' ' || refobjid from targets
      where namespace not in ('ledger'::regnamespace, 'pg_catalog'::regnamespace)`),
  ).toEqual([]);
});

test('it is made of what Citus takes for tables of one shard', async () => {
  expect(
    await found(`select format('%s %s %s', relname, relkind, relpersistence) from pg_class
      where relnamespace = 'ledger'::regnamespace
        and (relkind not in ('r', 'i', 'S', 'v') or relpersistence <> 'p' or relispartition or relhasrules <> (relkind = 'v'))`),
  ).toEqual([]);
  expect(
    await found(`select inhrelid::regclass::text from pg_inherits join pg_class on oid = inhrelid
      where relnamespace = 'ledger'::regnamespace`),
  ).toEqual([]);
  expect(
    await found(`select conname from pg_constraint where contype = 'x' and connamespace = 'ledger'::regnamespace`),
  ).toEqual([]);
  // A node adds its number to the high bits of what it counts.
  expect(
    await found(`select seqrelid::regclass::text from pg_sequence join pg_class on pg_class.oid = seqrelid
      where relnamespace = 'ledger'::regnamespace and seqtypid <> 'bigint'::regtype`),
  ).toEqual([]);
});

test('the one trigger is that of debits and credits: it needs citus.enable_unsafe_triggers, as docs/scale.md says', async () => {
  expect(
    await found(`select tgname || ' on ' || tgrelid::regclass from pg_trigger join pg_class on pg_class.oid = tgrelid
      where relnamespace = 'ledger'::regnamespace and not tgisinternal`),
  ).toEqual(['operations_balance on operation']);
});
