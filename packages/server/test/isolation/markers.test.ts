import { afterAll, beforeAll, expect, test } from 'vitest';
import { asAdmin } from '../support/admin.js';
import { leg, must, transfer } from './support/books.js';
import { openWorld, type World } from './support/world.js';

let world: World;
beforeAll(async () => {
  world = await openWorld();
  // Every path that writes: replays, refusals, holds, patches, deletions.
  for (const { client, books } of world.residents) {
    const { path, ids, marker } = books;
    const body = transfer(ids.assetCode, '5', ids.alias, books.otherAlias, {
      description: marker,
      metadata: { marker },
    });
    const headers = { 'x-idempotency': marker };
    for (let n = 0; n < 2; n += 1) await must(client('POST', `${path}/transactions/json`, body, { headers }));
    await client('POST', `${path}/transactions/outflow`, {
      description: marker,
      send: { asset: ids.assetCode, value: '1e20', source: { from: [leg(ids.alias, ids.assetCode, '1e20')] } },
    });
    await must(client('PATCH', `${path}/accounts/${ids.account}`, { metadata: { note: marker } }));
    await must(client('POST', `${path}/transactions/${books.pending}/commit`, undefined));
    await client('GET', `${path}/accounts?name=${marker}&metadata.marker=${marker}`);
    const extra = await must(client('POST', `${path}/segments`, { name: `deleted ${marker}` }));
    await must(client('DELETE', `${path}/segments/${extra.id}`));
  }
});
afterAll(() => world.stop());

interface Found {
  readonly place: string;
  readonly table: string;
}

/** Where in the installation's databases a text occurs, as itself or as the bytes of a bytea. */
async function placesOf(text: string): Promise<Found[]> {
  const { names } = world.server;
  const own = world.residents.map(({ store }) => store.database);
  const found: Found[] = [];
  for (const database of new Set([names.controlDatabase, names.accessDatabase, names.sharedDatabase, ...own]))
    await asAdmin(async (admin) => {
      const { rows } = await admin.query<{ schema: string; table: string }>(
        `select schemaname as schema, tablename as table from pg_tables where schemaname not in ('pg_catalog', 'information_schema')`,
      );
      expect(rows.length).toBeGreaterThan(0);
      for (const { schema, table } of rows) {
        const hits = await admin.query(
          `select 1 from "${schema}"."${table}" row where position($1 in lower(row::text)) > 0 or position($2 in row::text) > 0 limit 1`,
          [text.toLowerCase(), Buffer.from(text).toString('hex')],
        );
        if (hits.rowCount === 1) found.push({ place: `${database}.${schema}`, table });
      }
      // Names of objects, comments and the texts of statements too.
      const catalogue = await admin.query(
        `select 1 from pg_class where position($1 in relname) > 0 union all select 1 from pg_namespace where position($1 in nspname) > 0
         union all select 1 from pg_description where position($1 in description) > 0`,
        [text.toLowerCase()],
      );
      if (catalogue.rowCount !== 0) found.push({ place: database, table: 'pg_catalog' });
    }, database);
  return found;
}

test('T-12: what is of a tenant lies in its own database or schema and nowhere else on the cluster', async () => {
  for (const { name, store, books } of world.residents) {
    const found = await placesOf(books.marker);
    const tables = found.map(({ table }) => table);
    expect(tables, name).toEqual(
      expect.arrayContaining(['organization', 'account', 'transaction', 'operation', 'segment']),
    );
    expect([...new Set(found.map(({ place }) => place))], name).toEqual([`${store.database}.${store.schema}`]);
  }
});

test('D-06: no table of a store has a column that names a tenant', async () => {
  for (const { store, tenant, name } of world.residents)
    await asAdmin(async (admin) => {
      const { rows } = await admin.query(
        `select table_name, column_name from information_schema.columns where table_schema = $1 and column_name ~ 'tenant'`,
        [store.schema],
      );
      expect(rows, name).toEqual([]);
      for (const text of [tenant.id, tenant.slug])
        expect((await placesOf(text)).filter(({ place }) => place === `${store.database}.${store.schema}`)).toEqual([]);
    }, store.database);
});
