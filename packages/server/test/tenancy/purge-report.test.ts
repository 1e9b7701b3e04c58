import { afterAll, beforeAll, expect, test } from 'vitest';
import { hashOfReport, type PurgeReport } from '../../src/tenancy/purge-report.js';
import { openWorld, type Resident, type World } from '../isolation/support/world.js';
import { asAdmin } from '../support/admin.js';
import { runInProcess } from '../support/in-process.js';

let world: World;
beforeAll(async () => {
  world = await openWorld(['database', 'schema'], { TENANT_RETENTION_DAYS: '0' });
});
afterAll(() => world.stop());

/** Rows of each table, by the superuser. */
async function countAll(database: string, schema: string, where = ''): Promise<Record<string, number>> {
  return asAdmin(async (admin) => {
    const tables = await admin.query<{ name: string }>(
      `select c.relname as name from pg_class c where c.relnamespace = $1::text::regnamespace and c.relkind = 'r'
          and ($2 = '' or exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'tenant_id'))`,
      [schema, where],
    );
    const counts: Record<string, number> = {};
    for (const { name } of tables.rows) {
      const { rows } = await admin.query(`select count(*)::int as n from "${schema}"."${name}" ${where}`);
      counts[name] = rows[0].n;
    }
    return counts;
  }, database);
}
const asRecord = (tables: readonly { table: string; rows: number }[] = []) =>
  Object.fromEntries(tables.map(({ table, rows }) => [table, rows]));
const filled = (counts: Record<string, number>) => Object.fromEntries(Object.entries(counts).filter(([, n]) => n > 0));

async function purge({ tenant }: Resident): Promise<{ report: PurgeReport; sha256: string }> {
  const { server } = world;
  await server.operate('PUT', `/v1/tenants/${tenant.id}/suspend`);
  expect((await server.operate('DELETE', `/v1/tenants/${tenant.id}`)).status).toBe(202);
  const operations = async () =>
    (await server.operate('GET', `/v1/operations?tenantId=${tenant.id}&kind=tenant.purge`)).body.items;
  await expect.poll(async () => (await operations())[0].state, { timeout: 20_000 }).toBe('succeeded');
  return (await operations())[0].details;
}

test('a purge tells row by row what it destroyed, what it kept and why, and what it does not reach', async () => {
  const { server, residents } = world;
  const { names } = server;
  for (const resident of residents) {
    const { store, tenant } = resident;
    const tenantId = tenant.id.replaceAll('-', '');
    const books = await countAll(store.database, store.schema);
    const people = filled(await countAll(names.accessDatabase, 'access', `where tenant_id = '${tenantId}'`));
    const { report, sha256 } = await purge(resident);

    const isOwn = tenant.isolation === 'database';
    expect(report).toMatchObject({ version: 1, kind: 'tenant.purge', tenantId });
    expect(report.destroyed.store).toMatchObject({
      ...{ server: 'default', database: store.database, schema: store.schema, bytes: expect.any(Number) },
      dropped: isOwn ? 'database' : 'schema',
      roles: ['', '_migrator', '_owner'].map((ending) => `t_${tenantId}${ending}`),
    });
    expect(asRecord(report.destroyed.store?.tables)).toEqual(books);
    expect(books['operation']).toBeGreaterThan(2);
    expect(asRecord(report.destroyed.directory)).toEqual(people);
    expect(people['app_user']).toBe(1);
    expect(report.kept.every(({ why }) => why.length > 10 && why !== 'a record of the installation')).toBe(true);
    // Kept is what is there: the rows that the end of the purge itself writes come on top.
    const { tenant: tombstone, audit = 0, ...kept } = asRecord(report.kept);
    const there = filled(await countAll(names.controlDatabase, 'control', `where tenant_id = '${tenantId}'`));
    expect({ tombstone, ...kept, audit: audit + 1 }).toEqual({ tombstone: 1, ...there });
    expect(report.notReached.map(({ what }) => what).join()).toContain('backups');

    expect(sha256).toBe(hashOfReport(report));
    const trail = await server.operate('GET', `/v1/audit?tenantId=${tenantId}&action=tenant.purge`);
    expect(trail.body.items[0].details).toEqual({ sha256 });
  }
}, 180_000);

test('the command line shows it, compares the hash, and says so when nothing was purged', async () => {
  const { server, residents } = world;
  const id = String(residents[0]?.tenant.id);
  const environment = { TENANT_MANAGER_API_KEY: server.apiKey };
  const show = (...args: string[]) =>
    runInProcess(['tenants', 'purge-report', ...args, '--url', server.running.urls.tenants], { environment });
  const json = await show(id, '--json');
  expect(json.code, json.stderr).toBe(0);
  expect(JSON.parse(json.stdout)).toMatchObject([{ report: { kind: 'tenant.purge' }, sha256: expect.any(String) }]);
  const { stdout } = await show(id);
  expect(stdout).toMatch(/destroyed .*\.operation .*\d/);
  expect(stdout).toMatch(/kept .*control\.tenant .*1 .*never used again/);
  expect(stdout).toMatch(/not reached .*backups/);

  await asAdmin(
    (admin) =>
      admin.query(
        `update control.operation set details = jsonb_set(details, '{report,destroyed}', '{}') where kind = 'tenant.purge' and tenant_id = $1`,
        [id.replaceAll('-', '')],
      ),
    server.names.controlDatabase,
  );
  expect(await show(id)).toMatchObject({ code: 1, stderr: expect.stringContaining('it was changed') });
  expect(await show('0'.repeat(32))).toMatchObject({ code: 1, stderr: expect.stringContaining('purged so far') });
});
