import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectionSettings, withDatabase } from '../../src/postgres/connection-settings.js';
import { derivePassword } from '../../src/postgres/derived-password.js';
import { openClient } from '../../src/postgres/pool.js';
import { deleteTenant } from '../../src/tenancy/change-status.js';
import { physicalName } from '../../src/tenancy/physical-names.js';
import { createBooks } from '../isolation/support/books.js';
import { adminSettings, asAdmin } from '../support/cluster.js';
import { type CallOptions, ownerPassword, startTestServer, type TestServer } from '../support/server.js';
import { createInstallation, exists } from './support/installation.js';

let owner: TestServer;
let single: TestServer;
beforeAll(async () => {
  owner = await startTestServer({ MULTI_TENANT_ENABLED: 'false' });
  single = owner;
});
afterAll(async () => {
  if (single !== owner) await single.stop();
  await owner.stop();
});

type Caller = (method: string, path: string, options?: CallOptions) => ReturnType<TestServer['call']>;

/** Everything that a reader of the books can see, as text. */
async function snapshot(call: Caller, organization: string, ledger: string): Promise<Record<string, string>> {
  const paths = [
    '/v1/organizations',
    `${organization}/holders`,
    `${organization}/ledgers`,
    ...[
      'assets',
      'portfolios',
      'segments',
      'accounts',
      'balances',
      'transactions',
      'account-types',
      'operation-routes',
    ].map((kind) => `${ledger}/${kind}`),
  ];
  const all: Record<string, string> = {};
  for (const path of paths) {
    const { status, text } = await call('GET', path);
    all[path] = `${status} ${text}`;
  }
  return all;
}

test('an adoption that fails before the books change hands: deleting the tenant leaves them, and they can be adopted', async () => {
  const { organizationPath } = await createBooks((method, path, body) => single.call(method, path, { body }));
  const { environment, names } = single;
  const encryptionKey = Buffer.from(String(environment['COFFERDAM_ENCRYPTION_KEY']), 'base64');
  await single.running.stop();
  const login = names.role('ledger');
  const late = openClient(
    connectionSettings({
      ...withDatabase(adminSettings(), names.singleDatabase),
      user: login,
      password: derivePassword(encryptionKey, login),
    }),
    { applicationName: 'a single-tenant server' },
  );
  let connected = false;
  const installation = await createInstallation({
    names,
    encryptionKey,
    retentionDays: 0,
    // Between the look at who uses the books and the taking of them.
    async boundary(point, step) {
      if (point !== 'before' || step !== 'create-store' || connected) return;
      connected = true;
      await late.connect();
    },
  });
  try {
    const { id, status, statusReason } = await installation.create({ adopt: true });
    expect({ status, statusReason }).toEqual({ status: 'failed', statusReason: expect.stringContaining('stop it') });
    await late.end();
    await deleteTenant(installation.manager, id, 'test');
    await expect
      .poll(
        async () => {
          installation.manager.lookForWork();
          return (await installation.get(id)).status;
        },
        { timeout: 20_000, interval: 500 },
      )
      .toBe('deleted');
    expect(await exists(names.singleDatabase)).toMatchObject({ database: true });
    expect(await exists(physicalName(id))).toEqual({ database: false, role: false });
  } finally {
    await installation.manager.stop();
  }
  single = await owner.twin();
  expect((await single.call('GET', organizationPath)).status).toBe(200);
}, 60_000);

test('the books of single-tenant mode become a tenant’s, with no data moved, and only by its token', async () => {
  const books = await createBooks((method, path, body) => single.call(method, path, { body }));
  const { organizationPath, path } = books;
  const before = await snapshot(single.call, organizationPath, path);
  expect(Object.values(before).filter((text) => !text.startsWith('200'))).toEqual([]);
  const filesBefore = await files();

  const many = await single.twin({ MULTI_TENANT_ENABLED: 'true' });
  const adopt = () =>
    many.operate('POST', '/v1/tenants', {
      body: {
        name: 'First',
        adopt: true,
        owner: { email: 'owner@example.com', password: ownerPassword },
        application: { name: 'backend', role: 'editor' },
      },
    });
  // While the single-tenant server serves, nothing is taken from under it.
  expect(await adopt()).toMatchObject({ status: 409, body: { code: 'TEN-0136' } });
  await single.running.stop();
  const adopted = await adopt();
  expect({ status: adopted.status, tenant: adopted.body.status }, adopted.text).toEqual({
    status: 201,
    tenant: 'active',
  });
  const { id, application } = adopted.body;
  owner.removeAtEnd(id);

  const { clientId, clientSecret } = application;
  const login = { grantType: 'client_credentials', clientId, clientSecret };
  const token = (await many.access('POST', '/v1/login/oauth/access_token', { body: login })).body.accessToken;
  const call: Caller = (method, url, options) => many.call(method, url, { ...options, token });
  expect(await snapshot(call, organizationPath, path)).toEqual(before);
  expect((await many.call('GET', '/v1/organizations')).status).toBe(401);
  // The same files on disk, but for the catalogue's rights and the migrations of the tenant's own.
  const filesAfter = await files();
  for (const [table, file] of Object.entries(filesBefore)) expect(filesAfter[table], table).toBe(file);

  const posted = await call('POST', `${path}/transactions/json`, {
    body: {
      send: {
        asset: books.ids.assetCode,
        value: '5',
        source: {
          from: [
            { accountAlias: `@external/${books.ids.assetCode}`, amount: { asset: books.ids.assetCode, value: '5' } },
          ],
        },
        distribute: { to: [{ accountAlias: books.ids.alias, amount: { asset: books.ids.assetCode, value: '5' } }] },
      },
    },
  });
  expect(posted.status, posted.text).toBe(201);

  const { roles, connects } = await asAdmin(async (admin) => {
    const { rows } = await admin.query(
      `select array(select rolname::text from pg_roles where rolname = any ($1)) as roles,
              has_database_privilege($2, $3, 'connect') as connects`,
      [
        ['ledger', 'ledger_migrator', 'ledger_owner'].map((name) => single.names.role(name)),
        physicalName(id),
        single.names.singleDatabase,
      ],
    );
    return rows[0];
  });
  expect({ roles, connects }).toEqual({ roles: [], connects: true });

  expect(await adopt()).toMatchObject({ status: 200 });
  const another = await many.operate('POST', '/v1/tenants', {
    body: { name: 'Second', adopt: true, owner: { email: 'x@example.com', password: ownerPassword } },
  });
  expect(another).toMatchObject({ status: 409, body: { code: 'TEN-0136' } });
  const { body: operations } = await many.operate('GET', `/v1/operations?tenantId=${id}`);
  expect(operations.items).toMatchObject([
    { kind: 'tenant.adopt', state: 'succeeded', progress: { done: 8, total: 8 } },
  ]);
  await many.stop();
  // Single-tenant mode does not open a tenant's database behind its back.
  await expect(single.twin()).rejects.toThrow(/belong to a tenant now/);
}, 180_000);

/** The file of each table: a table that was copied or rewritten has another one. */
async function files(): Promise<Record<string, number>> {
  return asAdmin(async (admin) => {
    const { rows } = await admin.query(
      `select relname, relfilenode::integer as file from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'ledger' and c.relkind = 'r'`,
    );
    return Object.fromEntries(rows.map(({ relname, file }) => [relname, file]));
  }, single.names.singleDatabase);
}
