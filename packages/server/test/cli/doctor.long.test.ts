import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { toDatabaseUrl } from '../../src/postgres/connection-settings.js';
import { installationNames } from '../../src/postgres/installation.js';
import { physicalName } from '../../src/tenancy/physical-names.js';
import { runInProcess } from '../support/in-process.js';
import { type SecondCluster, startSecondCluster } from '../support/second-cluster.js';
import { createInstallation, type Installation } from '../tenancy/support/installation.js';

/** The names of a real installation: on a server of its own. */
let cluster: SecondCluster;
let installation: Installation;
const encryptionKey = randomBytes(32);
beforeAll(async () => {
  cluster = await startSecondCluster();
});
afterAll(async () => {
  await installation?.manager.stop();
  await cluster?.stop();
});

const environment = (multiTenant: boolean) => ({
  DATABASE_URL: toDatabaseUrl(cluster.admin),
  COFFERDAM_ENCRYPTION_KEY: encryptionKey.toString('base64'),
  MULTI_TENANT_ENABLED: String(multiTenant),
});
const doctor = (multiTenant: boolean, ...args: string[]) =>
  runInProcess(['doctor', ...args], { environment: environment(multiTenant) });
const databases = async () =>
  (await cluster.query('select datname from pg_database order by 1')).rows.map(({ datname }) => datname);

test('on a server without an installation doctor makes none', async () => {
  const before = await databases();
  const many = await doctor(true);
  expect(many).toMatchObject({ code: 1, stderr: expect.stringContaining('there is no installation with tenants') });
  const one = await doctor(false);
  expect(one).toMatchObject({ code: 1, stdout: expect.stringContaining('could not be audited') });
  expect(await databases()).toEqual(before);
});

test('on a broken installation it tells everything that it can: one tenant’s database is gone, the key of another', async () => {
  installation = await createInstallation({
    admin: cluster.admin,
    names: installationNames('cofferdam'),
    encryptionKey,
  });
  const [gone, sealed, sound] = [
    await installation.create({ isolation: 'database' }),
    await installation.create({ isolation: 'schema' }),
    await installation.create({ isolation: 'schema' }),
  ];
  await cluster.query(`drop database "${physicalName(gone.id)}" with (force)`);
  await installation.manager.control.pool.query(
    `update placement set runtime_credential = 'v1.x.y.z' where tenant_id = $1`,
    [sealed.id],
  );
  const { code, stdout, stderr } = await doctor(true, '--json');
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('2 of 3 stores could not be audited') });
  const { findings, books } = JSON.parse(stdout);
  expect(books).toEqual([
    { store: gone.id, findings: [], error: expect.stringContaining('does not exist') },
    { store: sealed.id, findings: [], error: expect.any(String) },
    { store: sound.id, findings: [] },
  ]);
  const about = (id: string) => findings.filter(({ subject }: { subject: string }) => subject === `tenant ${id}`);
  expect(about(gone.id).map(({ check }: { check: string }) => check)).toEqual(
    expect.arrayContaining(['reachability', 'walls', 'drift']),
  );
  expect(about(sealed.id)).toMatchObject([{ check: 'reachability', severity: 'error' }]);
  expect(about(sound.id)).toEqual([]);
  expect(await doctor(true)).toMatchObject({ code: 1, stdout: expect.stringContaining('could not be audited: ') });
}, 60_000);
