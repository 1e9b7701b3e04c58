import { afterAll, beforeAll, expect, test } from 'vitest';
import { ledgerMigrations } from '../../src/ledger/migrations/index.js';
import { runtimeGrants } from '../../src/ledger/migrations/runtime-grants.js';
import { installationNames } from '../../src/postgres/installation.js';
import { openAdminConnections } from '../../src/tenancy/admin-connections.js';
import { changeAssociation } from '../../src/tenancy/associations.js';
import { installationChecks } from '../../src/tenancy/doctor/checks.js';
import { type DoctorTools, type Finding, runCheck } from '../../src/tenancy/doctor/finding.js';
import { getOperation } from '../../src/tenancy/operations.js';
import { getPlacement, type Placement } from '../../src/tenancy/placement.js';
import { lookAtServer } from '../../src/tenancy/prepare-server.js';
import { purgeAssociation } from '../../src/tenancy/purge-association.js';
import { startRotation } from '../../src/tenancy/rotation/start-rotation.js';
import { insertServer } from '../../src/tenancy/servers/insert-server.js';
import { asAdmin, dropDatabase, dropRole, randomPrefix } from '../support/cluster.js';
import { createInstallation, exists, type Installation, silentLog } from './support/installation.js';
import { startLedgerProcess } from './support/ledger-process.js';

let installation: Installation;
let tools: DoctorTools;
let database: { id: string; place: Placement };
let schema: { id: string; place: Placement };

beforeAll(async () => {
  installation = await createInstallation();
  const { manager, names, admin, vault, prepared } = installation;
  const [first, second] = await Promise.all([
    installation.create({ isolation: 'database' }),
    installation.create({ isolation: 'schema' }),
  ]);
  const { pool } = manager.control;
  database = { id: first.id, place: await getPlacement(pool, first.id) };
  schema = { id: second.id, place: await getPlacement(pool, second.id) };
  tools = {
    control: manager.control,
    admin: openAdminConnections({ admin, control: pool, vault, names, onError() {} }),
    vault,
    names,
    ledgerMigrations,
    runtimeGrants,
    templateDatabase: prepared.templateDatabase,
    connectionBudget: 10,
    parallel: 2,
    now: () => new Date(),
  };
});
afterAll(async () => {
  await tools.admin.close();
  await installation.remove();
});

/** Of this installation alone: the cluster carries those of other test files, and settings made for speed. */
async function examine(...ids: string[]): Promise<Finding[]> {
  const checks = installationChecks.filter(({ id }) => ids.length === 0 || ids.includes(id));
  expect(checks).toHaveLength(ids.length || installationChecks.length);
  const findings: Finding[] = [];
  for (const check of checks) findings.push(...(await check.run(tools, () => {})));
  return findings;
}
const about = (findings: readonly Finding[], subject: string) =>
  findings
    .filter((finding) => finding.subject.includes(subject))
    .map(({ severity, problem }) => `${severity}: ${problem}`);

test('a sound installation: no error but what the test cluster is set to, every finding says what to do', async () => {
  const findings = await examine();
  const errors = findings.filter(({ severity, problem }) => severity !== 'note' && !/is off|may open/.test(problem));
  expect(errors).toEqual([]);
  for (const { remedy } of findings) expect(remedy).not.toBe('');
  // fsync is off in the cluster of the tests, and that must be seen.
  expect(about(findings, 'server default').join()).toContain('fsync is off: a crash can lose');
});

test('rights given by hand are seen: to PUBLIC, to a service login, between tenants', async () => {
  const { names } = installation;
  const { store } = database.place;
  const reader = names.role('control_reader');
  const give = `grant connect on database "${store.database}" to public; alter role "${reader}" createdb;
                grant "${store.ownerRole}" to "${schema.place.store.runtimeLogin}"`;
  const take = `revoke connect on database "${store.database}" from public; alter role "${reader}" nocreatedb;
                revoke "${store.ownerRole}" from "${schema.place.store.runtimeLogin}"`;
  await asAdmin((admin) => admin.query(give));
  try {
    const findings = await examine('public-rights', 'service-logins', 'walls');
    expect(about(findings, `database ${store.database}`)).toEqual(['error: any login of the server may connect to it']);
    expect(about(findings, reader)).toContain('error: has an attribute beyond LOGIN');
    expect(about(findings, schema.id).join()).toContain(`is a member of ${store.ownerRole}`);
  } finally {
    await asAdmin((admin) => admin.query(take));
  }
  expect(about(await examine('public-rights', 'service-logins', 'walls'), store.database)).toEqual([]);
});

test('a tenant that cannot be reached, one that is behind and one that was changed by hand', async () => {
  const { runtimeLogin, schema: own } = schema.place.store;
  await asAdmin((admin) => admin.query(`alter role "${runtimeLogin}" nologin`));
  await installation.manager.control.pool.query(
    `update placement set schema_version = '0001_books', migration_error = 'deadlock' where tenant_id = $1`,
    [database.id],
  );
  await asAdmin((admin) => admin.query(`create table "${own}".by_hand ()`), installation.names.sharedDatabase);
  const findings = await examine('reachability', 'migrations', 'drift');
  expect(about(findings, schema.id)).toEqual([
    expect.stringContaining('error: cannot be reached: '),
    expect.stringMatching(/^error: not from a migration: .*table by_hand: owner/),
  ]);
  expect(about(findings, database.id)[0]).toMatch(/^error: its books are at 0001_books, .* failed: deadlock$/);
  await asAdmin((admin) => admin.query(`alter role "${runtimeLogin}" login`));
  await asAdmin((admin) => admin.query(`drop table "${own}".by_hand`), installation.names.sharedDatabase);
  await installation.manager.control.pool.query(
    'update placement set schema_version = $2, migration_error = null where tenant_id = $1',
    [database.id, ledgerMigrations.at(-1)?.id],
  );
  expect(about(await examine('reachability', 'migrations', 'drift'), schema.id)).toEqual([]);
});

test('books that were purged, and a brought database whose tenant is gone, are no findings', async () => {
  const { manager, names, admin, vault, seeder } = installation;
  const { id } = await installation.create({ isolation: 'schema' });
  const rotation = await startRotation(manager, id, { actor: 'test' });
  for (const action of ['suspend', 'purge'] as const)
    await changeAssociation(manager, id, 'ledger', { action, actor: 'test' });
  const later = new Date(Date.now() + 31 * 86_400_000);
  const { control, newId } = manager;
  const purging = { control, admin: tools.admin, names, access: seeder, log: silentLog, newId, now: () => later };
  expect(await purgeAssociation(purging, id)).toBe(true);
  expect((await getOperation(control.pool, rotation.id)).state).toBe('cancelled');
  await control.change(async (tx) => {
    const version = await tx.nextVersion();
    const server = { id: 'given-gone', kind: 'given', state: 'draining', systemIdentifier: '1', version } as const;
    await insertServer(tx, vault, { ...server, settings: admin });
    await tx.client.query(`update server set admin_credential = null where id = 'given-gone'`);
  });
  const findings = await examine();
  expect([...about(findings, id), ...about(findings, 'given-gone')]).toEqual([]);
});

test('a check that does not get through is a finding itself, and the others have their turn', async () => {
  const broken = { ...tools, now: () => new Date(Number.NaN) };
  const check = installationChecks.find(({ id }) => id === 'unfinished') as (typeof installationChecks)[number];
  expect(await runCheck(check, broken, () => {})).toEqual([
    expect.objectContaining({
      severity: 'error',
      subject: 'the check unfinished',
      problem: expect.stringMatching(/^could not be carried out: /),
    }),
  ]);
});

test('to look at a server makes nothing: it says that there is no installation, or that it is not as it should be', async () => {
  const { names, admin, encryptionKey } = installation;
  const options = { admin, names, encryptionKey, ledgerMigrations };
  const nobody = installationNames(randomPrefix());
  await expect(lookAtServer({ ...options, names: nobody })).rejects.toThrow(/no installation with tenants/);
  expect(await exists(nobody.controlDatabase)).toEqual({ database: false, role: false });
  expect(await lookAtServer(options)).toMatchObject({ isPrepared: true });
  const open = `database "${names.controlDatabase}"`;
  await asAdmin((client) => client.query(`grant connect on ${open} to public`));
  try {
    expect(await lookAtServer(options)).toMatchObject({ isPrepared: false });
    expect(about(await examine('public-rights'), names.controlDatabase)).toEqual([
      'error: any login of the server may connect to it',
    ]);
  } finally {
    await asAdmin((client) => client.query(`revoke connect on ${open} from public`));
  }
});

test('processes of one machine are counted one by one', async () => {
  const one = await startLedgerProcess(installation, { processId: 1 });
  const two = await startLedgerProcess(installation, { processId: 2 });
  try {
    tools = { ...tools, connectionBudget: 50_000 };
    expect(about(await examine('servers'), 'server default').join()).toContain(
      '2 ledger processes may open 50000 connections each, 100000 in all',
    );
  } finally {
    await Promise.all([one.stop(), two.stop()]);
    tools = { ...tools, connectionBudget: 10 };
  }
});

test('orphans, a clock that is off and a budget that is too large', async () => {
  const lost = `t_${'0'.repeat(31)}9`;
  await asAdmin((admin) => admin.query(`create role "${lost}" nologin`));
  await asAdmin((admin) => admin.query(`create database "${lost}" template template0`));
  try {
    const found = await examine('orphans');
    expect(about(found, lost)).toEqual(Array(2).fill('note: belongs to no tenant of this installation'));
    expect(about(found, database.id)).toEqual([]);
  } finally {
    await dropDatabase(lost);
    await dropRole(lost);
  }
  tools = { ...tools, connectionBudget: 100_000, now: () => new Date(Date.now() + 60_000) };
  const problems = about(await examine('servers'), 'server default').join('\n');
  expect(problems).toMatch(/error: 1 ledger process may open 100000 connections/);
  expect(problems).toMatch(/warning: its clock is \d+\.\d s behind this machine/);
});

test('leftovers of moves: logins, publications, subscriptions and slots of no move under way, and what to do about each', async () => {
  const { store } = database.place;
  const link = store.ownerRole.replace('_owner', '_move');
  const gone = `t_${'0'.repeat(31)}8_back`;
  const sync = 'pg_16999_sync_16998_7000000000000000000';
  const inStore = (sql: string) => asAdmin((admin) => admin.query(sql), store.database);
  await inStore(`create role "${link}" nologin; create role "${gone}" nologin; create publication "${link}"`);
  await inStore(
    `create subscription "${link}" connection 'host=127.0.0.1 port=1' publication x with (connect = false)`,
  );
  for (const slot of [link, gone, sync])
    await inStore(`select pg_create_logical_replication_slot('${slot}', 'pgoutput')`);
  try {
    const findings = await examine('moves');
    expect(about(findings, link)).toEqual([
      'warning: is of a move that has ended: it may replicate, and so read what the whole database writes',
      expect.stringMatching(
        /^warning: is of a move that has ended, and keeps \d+ MiB of the server's log, more by the hour: the disk fills$/,
      ),
      'warning: is of a move that has ended: rows that come by it are written into the tables',
      'warning: is of a move that has ended: it sends nothing by itself',
    ]);
    expect(about(findings, gone)).toEqual([
      expect.stringContaining('note: is of a move of a tenant that is not of this installation: it may replicate'),
      expect.stringContaining('note: is of a move of a tenant that is not of this installation, and keeps'),
    ]);
    expect(about(findings, sync)).toEqual([
      expect.stringContaining(`copies a table of ${store.database}, but no move is under way here, and keeps`),
    ]);
    // What it says is what helps: each is done, and nothing is found any more.
    const remedies = findings.filter(({ subject }) => [link, gone, sync].some((name) => subject.includes(name)));
    for (const kind of ['subscription', 'publication', 'replication slot', 'login'])
      for (const { remedy, subject } of remedies.filter((one) => one.subject.startsWith(kind)))
        for (const statement of remedy.match(/(?:ALTER|DROP|SELECT) [^;]+;/g) ?? [subject]) await inStore(statement);
    const left = await examine('moves');
    for (const name of [link, gone, sync]) expect(about(left, name)).toEqual([]);
  } finally {
    await inStore(
      `select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name in ('${sync}', '${gone}', '${link}')`,
    );
    await dropRole(gone);
    await dropRole(link);
  }
});
