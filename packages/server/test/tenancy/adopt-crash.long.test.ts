import type { TenantId } from '@cofferdam/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTenant } from '../../src/tenancy/create-tenant.js';
import { physicalName } from '../../src/tenancy/physical-names.js';
import { provisioningSteps } from '../../src/tenancy/provisioning/steps.js';
import { createBooks } from '../isolation/support/books.js';
import { digest } from '../isolation/support/world.js';
import { asAdmin } from '../support/cluster.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { createInstallation, type Installation } from './support/installation.js';
import { startLedgerProcess } from './support/ledger-process.js';
import { runAndKill } from './support/run-and-kill.js';

let single: TestServer;
let installation: Installation;
let id: TenantId;

beforeAll(async () => {
  single = await startTestServer({ MULTI_TENANT_ENABLED: 'false' });
  await createBooks((method, path, body) => single.call(method, path, { body }));
  await single.running.stop();
  const encryptionKey = Buffer.from(String(single.environment['COFFERDAM_ENCRYPTION_KEY']), 'base64');
  installation = await createInstallation({ names: single.names, encryptionKey, workerIntervalMs: 60_000 });
});
afterAll(async () => {
  await installation.manager.stop();
  await single.stop();
});

const schema = 'ledger';
const books = () => digest({ store: { database: single.names.singleDatabase, schema } });
/** A table that was copied or rewritten has another file. */
const files = () =>
  asAdmin(async (admin) => {
    const { rows } = await admin.query(
      `select relname, relfilenode from pg_class where relnamespace = $1::text::regnamespace and relkind = 'r' order by 1`,
      [schema],
    );
    return rows;
  }, single.names.singleDatabase);

const inside = ['adopt-close', 'adopt-mark', 'adopt-reassign', 'adopt-take-rights'];
const boundaries = provisioningSteps.flatMap(({ name }) => (name === 'create-store' ? [...inside, name] : [name]));

test('an adoption that is killed at every step in turn goes on: every row stays, in the same files, and none is served half', async () => {
  expect(boundaries.length).toBe(provisioningSteps.length + inside.length);
  const [rows, where] = [await books(), await files()];
  const owner = { email: 'owner@adopted.example', password: 'Correct-Horse-42' };
  const created = await createTenant(installation.manager, { name: 'Adopted', owner, adopt: true }, 'test');
  id = created.tenant.id;
  const ledger = await startLedgerProcess(installation);
  try {
    for (const [point, step] of [
      ...boundaries.map((name) => ['worked', name] as const),
      ['before', 'activate'] as const,
    ]) {
      await runAndKill(installation, [id], point, step);
      expect(await installation.get(id), step).toMatchObject({ status: 'provisioning', statusReason: null });
      await expect(ledger.resolve(id), step).rejects.toMatchObject({ info: { reason: 'TENANT_NOT_PROVISIONED' } });
      expect(await books(), step).toEqual(rows);
    }
    await expect
      .poll(async () => {
        await installation.manager.provisioner.provision(id);
        return (await installation.get(id)).status;
      })
      .toBe('active');
    expect(await books()).toEqual(rows);
    expect(await files()).toEqual(where);
    await expect.poll(async () => loginAt(ledger), { timeout: 10_000 }).toBe(physicalName(id));
  } finally {
    await ledger.stop();
  }
  const left = await asAdmin((admin) =>
    admin.query('select rolname from pg_roles where rolname = any ($1)', [
      ['ledger', 'ledger_migrator', 'ledger_owner'].map((name) => single.names.role(name)),
    ]),
  );
  expect(left.rows).toEqual([]);
  single.removeAtEnd(id);
}, 240_000);

async function loginAt(ledger: Awaited<ReturnType<typeof startLedgerProcess>>): Promise<string> {
  const context = await ledger.resolve(id).catch(() => undefined);
  if (context === undefined) return '';
  const { rows } = await context.pool.pg.query('select current_user as login, count(*) as books from organization');
  return rows[0].books > 0 ? rows[0].login : '';
}
