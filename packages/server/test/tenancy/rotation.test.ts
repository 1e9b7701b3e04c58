import type { TenantId } from '@cofferdam/core';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { physicalName } from '../../src/tenancy/physical-names.js';
import { createBooks, transfer } from '../isolation/support/books.js';
import { asAdmin } from '../support/cluster.js';
import { call, startTestServer, type TestServer } from '../support/server.js';

let first: TestServer;
let second: TestServer;
beforeAll(async () => {
  first = await startTestServer({ MULTI_TENANT_ENABLED: 'true' });
  second = await first.twin();
});
afterAll(async () => {
  await second.stop();
  await first.stop();
});

/** A login as `/connections` tells it. */
type Login = { host: string; port: number; database: string; username: string; password: string };
const loginOf = async (id: string): Promise<Login> =>
  (await first.operate('GET', `/v1/tenants/${id}/associations/ledger/connections`)).body.databases.onboarding
    .postgresql;
async function connects({ username: user, ...login }: Login): Promise<boolean> {
  const client = new pg.Client({ ...login, user });
  try {
    await client.connect();
    await client.query('select count(*) from organization');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}
async function ended(operationId: string) {
  for (const deadline = Date.now() + 60_000; ; ) {
    const { body } = await first.operate('GET', `/v1/operations/${operationId}`);
    if (body.state !== 'running') return body;
    if (Date.now() > deadline) throw new Error(`still running: ${JSON.stringify(body)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

describe.concurrent.each(['database', 'schema'] as const)('%s mode', (isolation) => {
  test('twice rotated under load on two processes: no request fails, and the old login is gone', async ({ expect }) => {
    const tenant = await first.createTenant({ isolation });
    const token = await tenant.token();
    const books = await createBooks((method, path, body) => first.call(method, path, { token, body }));
    const before = await loginOf(tenant.id);
    const failures: string[] = [];
    const counts = [0, 0];
    let over = false;
    const worker = async (at: number, base: string): Promise<void> => {
      while (!over) {
        const post = Math.random() < 0.6;
        const answer = await call(base, post ? 'POST' : 'GET', `${books.path}/transactions${post ? '/json' : ''}`, {
          token,
          ...(post
            ? {
                body: transfer(books.ids.assetCode, '1', `@external/${books.ids.assetCode}`, books.ids.alias),
                headers: { 'x-idempotency': crypto.randomUUID() },
              }
            : {}),
        });
        counts[at] = (counts[at] ?? 0) + 1;
        if (answer.status >= 300) failures.push(`${answer.status} ${answer.text}`);
      }
    };
    const load = [first, second].flatMap(({ running }, at) =>
      Array.from({ length: 3 }, () => worker(at, running.urls.ledger)),
    );
    const logins: Login[] = [before];
    for (const round of [1, 2]) {
      const started = await first.operate('POST', `/v1/tenants/${tenant.id}/credentials/rotate`, {
        body: { overlapSeconds: 1 },
      });
      expect(started).toMatchObject({ status: 202, body: { kind: 'tenant.rotate', state: 'running' } });
      expect(started.headers.get('location')).toBe(`/v1/operations/${started.body.id}`);
      const again = await second.operate('POST', `/v1/tenants/${tenant.id}/credentials/rotate`, { body: {} });
      expect(again).toMatchObject({ status: 409, body: { code: 'TEN-0121' } });
      expect(await ended(started.body.id), `round ${round}`).toMatchObject({
        state: 'succeeded',
        progress: { done: 5, total: 5 },
        actor: 'operator',
      });
      logins.push(await loginOf(tenant.id));
    }
    await expect.poll(() => Math.min(...counts)).toBeGreaterThan(20);
    over = true;
    await Promise.all(load);
    expect(failures).toEqual([]);
    const name = physicalName(tenant.id as TenantId);
    expect(logins.map(({ username }) => username)).toEqual([name, `${name}_b`, name]);
    expect(await Promise.all(logins.map(connects))).toEqual([false, false, true]);
    const { rows } = await asAdmin((admin) =>
      admin.query('select rolname from pg_roles where starts_with(rolname, $1) order by rolname', [name]),
    );
    expect(rows.map(({ rolname }) => rolname)).toEqual([name, `${name}_migrator`, `${name}_owner`]);
    // The migrator's password changed twice as well, and still builds what only it may build.
    const index = await first.call('POST', '/v1/settings/metadata-indexes/entities/account', {
      token,
      body: { metadataKey: 'marker' },
    });
    expect(index.status, index.text).toBeLessThan(300);
  });
});

test('a suspended tenant is rotated too; one that is being deleted is not; passwords are shown nowhere', async () => {
  const tenant = await first.createTenant();
  await first.operate('PUT', `/v1/tenants/${tenant.id}/suspend`);
  const rotate = () =>
    first.operate('POST', `/v1/tenants/${tenant.id}/credentials/rotate`, { body: { overlapSeconds: 0 } });
  const started = await rotate();
  expect(await ended(started.body.id)).toMatchObject({ state: 'succeeded' });
  await first.operate('DELETE', `/v1/tenants/${tenant.id}`);
  expect(await rotate()).toMatchObject({ status: 409, body: { code: 'TEN-0102', status: 'deleting' } });
  await first.operate('PUT', `/v1/tenants/${tenant.id}/reactivate`);
  const { password } = await loginOf(tenant.id);
  const everything = await asAdmin(async (admin) => {
    const { rows } = await admin.query('select input, details from control.operation');
    const { rows: audit } = await admin.query('select * from control.audit');
    return JSON.stringify([rows, audit]);
  }, first.names.controlDatabase);
  expect(everything).not.toContain(password);
  expect(await first.operate('GET', '/v1/operations/nothing')).toMatchObject({
    status: 404,
    body: { code: 'TEN-0120' },
  });
});
