import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTenant } from '../../../src/tenancy/create-tenant.js';
import { insertServer } from '../../../src/tenancy/servers/insert-server.js';
import { addServer, changeServer, removeServer } from '../../../src/tenancy/servers/manage-servers.js';
import type { TenancyError } from '../../../src/tenancy/tenancy-error.js';
import { createInstallation, type Installation } from '../support/installation.js';

let installation: Installation;
beforeAll(async () => {
  installation = await createInstallation();
});
afterAll(() => installation.remove());

const reasonOf = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: TenancyError) => error.reasonName ?? error,
  );

function createGate() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { open: () => open(), opened };
}

test('a server is not removed while a tenant is being placed on it', async () => {
  const { manager, vault, admin: settings } = installation;
  await manager.control.change(async (tx) => {
    const version = await tx.nextVersion();
    const server = { id: 'going', kind: 'shared', state: 'open', settings, systemIdentifier: '1', version } as const;
    await insertServer(tx, vault, server);
  });
  const [placed, commit] = [createGate(), createGate()];
  const { control } = manager;
  const slow = {
    ...control,
    change: <T>(work: Parameters<typeof control.change<T>>[0]) =>
      control.change(async (tx) => {
        const result = await work(tx);
        placed.open();
        await commit.opened;
        return result;
      }),
  };
  const slug = `t-${randomBytes(6).toString('hex')}`;
  const owner = { email: 'owner@example.com', password: 'Correct-Horse-42' };
  const wish = { name: slug, slug, owner, placement: { server: 'going' } };
  const making = createTenant({ ...manager, control: slow }, wish, 'test');
  await placed.opened;
  const removing = reasonOf(removeServer(manager, 'going', 'test'));
  await expect
    .poll(async () => {
      const { rows } = await control.pool.query<{ waiting: number }>(
        `select count(*)::int as waiting from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`,
      );
      return rows[0]?.waiting;
    })
    .toBe(1);
  commit.open();
  expect((await making).tenant.status).toBe('provisioning');
  expect(await removing).toBe('server_in_use');
});

test('X-43: replicas on this machine or its link are refused outside a local environment, like the server itself', async () => {
  const { manager, admin } = installation;
  const tools = { ...manager, isLocal: false };
  const settings = { ...admin, host: '203.0.113.1', ssl: { rejectUnauthorized: true } };
  for (const host of ['127.0.0.1', '169.254.169.254', '::1', 'localhost', '/tmp']) {
    const replicas = [{ host, port: 5432 }];
    const by = { actor: 'test', action: 'server.update' };
    expect(await reasonOf(changeServer(tools, 'default', { replicas }, by)), host).toBe('server_unfit');
    expect(await reasonOf(addServer(tools, { id: 'far', settings, replicas }, 'test')), host).toBe('server_unfit');
  }
  const { rows } = await manager.control.pool.query('select replicas from server');
  expect(rows.every(({ replicas }) => replicas.length === 0)).toBe(true);
});
