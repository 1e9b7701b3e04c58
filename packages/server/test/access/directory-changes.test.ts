import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deriveServiceKey } from '../../src/access/credentials/service-key.js';
import { createCachedPermissions } from '../../src/http/cached-permissions.js';
import { createDirectoryFeed } from '../../src/http/directory-feed.js';
import type { Principal } from '../../src/http/principal.js';
import { createRemoteChanges } from '../../src/http/remote-changes.js';
import { awakeMsUntil } from '../support/awake-time.js';
import { type AccessInstallation, createAccessInstallation } from './support/access-installation.js';
import {
  get,
  machineToken,
  personToken,
  seedTenant,
  startAccess,
  type TestAccess,
  type TestTenant,
} from './support/access-manager.js';

let installation: AccessInstallation;
let one: TestAccess;
let two: TestAccess;
let tenant: TestTenant;
let owner: string;
let applicationId: string;
let address: string;
let serviceKey: string;

beforeAll(async () => {
  installation = await createAccessInstallation();
  serviceKey = deriveServiceKey(installation.encryptionKey);
  one = await startAccess(installation);
  two = await startAccess(installation);
  tenant = await seedTenant(one, 'acme', 'editor');
  type Listed = { id: string; clientId: string; system: boolean };
  const listed = await get(one, '/v1/applications', await personToken(one, tenant));
  const applications: Listed[] = listed.json();
  // Through the tenant's own client: the other one is disabled here, and with it go the logins of people through it.
  const { clientId = '' } = applications.find(({ system }) => system) ?? {};
  owner = await personToken(one, { ...tenant, clientId });
  applicationId = applications.find(({ clientId }) => clientId === tenant.clientId)?.id ?? '';
  await two.app.listen({ port: 0 });
  address = `http://127.0.0.1:${(two.app.server.address() as { port: number }).port}`;
});
afterAll(async () => {
  await one.close();
  await two.close();
  await installation.drop();
});

const patch = (url: string, payload: object) =>
  one.app.inject({ method: 'PATCH', url, headers: { authorization: `Bearer ${owner}` }, payload });
const setRole = async (role: string) =>
  expect((await patch(`/v1/applications/${applicationId}`, { role })).statusCode).toBe(200);

async function within2s(look: () => Promise<boolean>): Promise<void> {
  expect(await awakeMsUntil(look)).toBeLessThan(2_000);
}

describe('a changed subject', () => {
  const mayDelete = async (access: TestAccess, token: string) =>
    (await get(access, '/v1/permissions', token)).json()['accounts']?.includes('delete') === true;

  it('is known at once in the process of the change, and within 2 s in another', async () => {
    const token = await machineToken(one, tenant);
    for (const role of ['viewer', 'editor', 'contributor', 'editor']) {
      for (const access of [one, two]) await get(access, '/v1/permissions', token);
      await setRole(role);
      expect(await mayDelete(one, token)).toBe(role === 'editor');
      await within2s(async () => (await mayDelete(two, token)) === (role === 'editor'));
    }
  });

  it('that is disabled opens nothing any more, whatever was remembered', async () => {
    const token = await machineToken(one, tenant);
    expect((await get(two, '/v1/permissions', token)).statusCode).toBe(200);
    await patch(`/v1/applications/${applicationId}`, { disabled: true });
    expect((await get(one, '/v1/permissions', token)).statusCode).toBe(401);
    await within2s(async () => (await get(two, '/v1/permissions', token)).statusCode === 401);
    await patch(`/v1/applications/${applicationId}`, { disabled: false });
    // The tokens of before stay revoked; a new login works everywhere.
    expect((await get(one, '/v1/permissions', token)).statusCode).toBe(401);
    const anew = await machineToken(one, tenant);
    await within2s(async () => (await get(two, '/v1/permissions', anew)).statusCode === 200);
  });

  it('reaches a product in another process through the feed', async () => {
    const errors: unknown[] = [];
    let asked = 0;
    const permissions = createCachedPermissions({
      load: async () => {
        asked += 1;
        return {};
      },
      now: () => new Date(),
    });
    const feed = createDirectoryFeed({
      load: createRemoteChanges({ address, serviceKey }),
      onChange: ({ tenantId, ...subject }) => permissions.forget(tenantId as never, subject),
      onLost: permissions.forgetAll,
      onError: (error) => errors.push(error),
    });
    await feed.refresh();
    const { tenantId, clientId } = tenant;
    const machine = { issuer: 'i', tenantId, kind: 'application', subject: clientId, clientId } as unknown as Principal;
    const ask = () => permissions.isAllowed(machine, { resource: 'accounts', action: 'get' }, 'token');
    await ask();
    await ask();
    expect(asked).toBe(1);
    feed.start();
    await setRole('viewer');
    await within2s(async () => {
      await ask();
      return asked === 2;
    });
    await feed.stop();
    await setRole('editor');
    expect([feed.isFresh(), errors]).toEqual([true, []]);
  });
});

describe('the feed of changes', () => {
  const read = (query: string, key: string | undefined = serviceKey) =>
    one.app.inject({ url: `/v1/directory-changes${query}`, headers: key === undefined ? {} : { 'x-api-key': key } });

  it('says who changed, in order, and no more', async () => {
    const { position } = (await read('')).json();
    await setRole('viewer');
    await setRole('editor');
    const change = { tenantId: tenant.tenantId, kind: 'application', subject: tenant.clientId };
    expect((await read(`?since=${position}`)).json()).toEqual({
      position: position + 2,
      changes: [change, change],
      more: false,
      restarted: false,
    });
    expect((await read(`?since=${position + 50}`)).json()).toMatchObject({ position: position + 2, restarted: true });
    expect((await read('?since=x')).statusCode).toBe(400);
  });

  it('is for services of the installation only (X-32)', async () => {
    for (const key of ['another', '']) expect((await read('', key)).statusCode).toBe(401);
    expect((await get(one, '/v1/directory-changes')).statusCode).toBe(401);
    expect((await get(one, '/v1/directory-changes', owner)).statusCode).toBe(401);
  });

  it('misses nothing while many change at once', async () => {
    const { position } = (await read('')).json();
    const seen: number[] = [];
    let at = position;
    let done = false;
    const follow = (async () => {
      while (!done || seen.length < 12) {
        const page = (await read(`?since=${at}`)).json();
        for (const _ of page.changes) seen.push(page.position);
        at = page.position;
      }
    })();
    await Promise.all(
      Array.from({ length: 12 }, (_, n) =>
        (n % 2 === 0 ? one : two).app.inject({
          method: 'PATCH',
          url: `/v1/applications/${applicationId}`,
          headers: { authorization: `Bearer ${owner}` },
          payload: { description: `change ${n}` },
        }),
      ),
    );
    done = true;
    await follow;
    expect(seen).toHaveLength(12);
  });
});
