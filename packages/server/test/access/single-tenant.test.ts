import { decodeJwt } from 'jose';
import { v7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BootstrapSecrets, bootstrapSingleTenant } from '../../src/access/bootstrap-single-tenant.js';
import { passwordShortcomings } from '../../src/access/credentials/password-policy.js';
import { type AccessInstallation, createAccessInstallation } from './support/access-installation.js';
import {
  get,
  logIn,
  machineToken,
  refresh,
  seedTenant,
  startAccess,
  type TestAccess,
} from './support/access-manager.js';

describe('single-tenant mode with auth on', () => {
  let installation: AccessInstallation;
  let access: TestAccess;
  let made: BootstrapSecrets;
  const kept: BootstrapSecrets[] = [];

  const bootstrap = (anew = false) =>
    bootstrapSingleTenant({
      ...access,
      now: () => new Date(),
      newId: v7,
      anew,
      keep: async (secrets) => {
        kept.push(secrets);
      },
    });

  beforeAll(async () => {
    installation = await createAccessInstallation();
    access = await startAccess(installation, {
      multiTenant: false,
      tenantStatus: async () => {
        throw new Error('no tenant machinery may be contacted');
      },
    });
  });
  afterAll(async () => {
    await access.close();
    await installation.drop();
  });

  it('makes nothing when the secrets cannot be kept', async () => {
    const failing = bootstrapSingleTenant({
      ...access,
      now: () => new Date(),
      newId: v7,
      keep: async () => {
        throw new Error('disk full');
      },
    });
    await expect(failing).rejects.toThrow('disk full');
  });

  it('makes an administrator and an application once, also with two starters', async () => {
    const answers = await Promise.all([bootstrap(), bootstrap()]);
    const first = answers.filter((answer) => answer !== undefined);
    expect(first).toHaveLength(1);
    expect(kept).toEqual(first);
    made = first[0] as BootstrapSecrets;
    expect(passwordShortcomings(made.password)).toEqual([]);
    expect(await bootstrap()).toBeUndefined();
  });

  it('logs both in, without a client for the person and without a tenant in the token', async () => {
    const { username, password, clientId, clientSecret } = made;
    for (const [body, type] of [
      [{ grantType: 'password', username, password }, 'normal-user'],
      [{ grantType: 'password', username, password, clientId }, 'normal-user'],
      [{ grantType: 'client_credentials', clientId, clientSecret }, 'application'],
    ] as const) {
      const answer = await logIn(access, body);
      expect(answer.statusCode).toBe(200);
      const claims = decodeJwt(answer.json().accessToken);
      expect(claims).toMatchObject({ type, owner: 'default', azp: expect.stringMatching(/^[0-9a-f]{32}$/) });
      expect(claims).not.toHaveProperty('tenantId');
      expect(claims).not.toHaveProperty('tenantSlug');
      const listed = await get(access, '/v1/permissions', answer.json().accessToken);
      expect(listed.json()['transactions']).toContain('delete');
    }
  });

  it('makes them anew on demand, and the old ones are refused', async () => {
    const { username, password } = made;
    const before = (await logIn(access, { grantType: 'password', username, password })).json();
    const anew = await bootstrap(true);
    if (anew === undefined) throw new Error('nothing was made');
    expect(anew.username).toBe(made.username);
    for (const [secrets, status] of [
      [made, 401],
      [anew, 200],
    ] as const) {
      const { username, password, clientId, clientSecret } = secrets;
      expect((await logIn(access, { grantType: 'client_credentials', clientId, clientSecret })).statusCode).toBe(
        status,
      );
      expect((await logIn(access, { grantType: 'password', username, password })).statusCode).toBe(status);
    }
    made = anew;
    // What the old password opened has ended too.
    expect((await refresh(access, { refreshToken: before.refreshToken })).json().code).toBe('AUT-1005');
    await access.revocations.refresh();
    expect((await get(access, '/v1/permissions', before.accessToken)).statusCode).toBe(401);
  });

  it('and the tenants of multi-tenant mode open nothing for one another', async () => {
    const multi = await startAccess(installation);
    const tenant = await seedTenant(multi, 'acme');
    const tokenOfTenant = await machineToken(multi, tenant);
    const { clientId, clientSecret, username, password } = made;
    const single = await logIn(access, { grantType: 'client_credentials', clientId, clientSecret });
    const tokenOfSingle = single.json().accessToken;

    expect((await get(access, '/v1/permissions', tokenOfTenant)).statusCode).toBe(401);
    expect((await get(multi, '/v1/permissions', tokenOfSingle)).statusCode).toBe(401);
    const login = { grantType: 'client_credentials', clientId, clientSecret };
    expect((await logIn(multi, login)).statusCode).toBe(401);
    expect((await logIn(multi, { grantType: 'password', username, password, clientId })).statusCode).toBe(401);
    const foreign = { grantType: 'client_credentials', clientId: tenant.clientId, clientSecret: tenant.clientSecret };
    expect((await logIn(access, foreign)).statusCode).toBe(401);
    await multi.close();
  });
});
