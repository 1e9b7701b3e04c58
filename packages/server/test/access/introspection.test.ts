import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deriveServiceKey } from '../../src/access/credentials/service-key.js';
import { withDirectory } from '../../src/access/directory/with-directory.js';
import { type AccessInstallation, createAccessInstallation } from './support/access-installation.js';
import {
  get,
  logIn,
  machineToken,
  personTokens,
  postForm,
  refresh,
  seedTenant,
  startAccess,
  type TestAccess,
  type TestTenant,
} from './support/access-manager.js';

describe('introspection and revocation by clients', () => {
  let installation: AccessInstallation;
  let access: TestAccess;
  let tenant: TestTenant;
  let other: TestTenant;

  beforeAll(async () => {
    installation = await createAccessInstallation();
    access = await startAccess(installation);
    tenant = await seedTenant(access, 'acme');
    other = await seedTenant(access, 'other');
  });
  afterAll(async () => {
    await access.close();
    await installation.drop();
  });

  const introspect = async (token: string) =>
    (
      await postForm(access, '/v1/introspect', { token }, { 'x-api-key': deriveServiceKey(installation.encryptionKey) })
    ).json();
  const giveBack = (token: string, { clientId, clientSecret }: TestTenant = tenant) =>
    postForm(access, '/v1/oauth/revoke', { token, client_id: clientId, client_secret: clientSecret });
  const statusOf = async (token: string) => (await get(access, '/v1/permissions', token)).statusCode;

  describe('introspection', () => {
    it('tells whose a good token is', async () => {
      const { accessToken, refreshToken } = await personTokens(access, tenant);
      const { sub, jti, exp, iss } = decodeJwt(accessToken);
      const common = { active: true, sub, client_id: tenant.clientId, type: 'normal-user', tenantId: tenant.tenantId };
      expect(await introspect(accessToken)).toEqual({ ...common, token_type: 'Bearer', jti, exp, iss });
      expect(await introspect(refreshToken)).toEqual({
        ...common,
        token_type: 'refresh_token',
        exp: expect.any(Number),
      });
      expect(await introspect(await machineToken(access, tenant))).toMatchObject({
        active: true,
        sub: tenant.clientId,
        type: 'application',
      });
    });

    it('tells of every other token only that it is not good', async () => {
      const { accessToken, idToken, refreshToken } = await personTokens(access, tenant);
      const spent = refreshToken;
      await refresh(access, { refreshToken });
      const [header, payload] = accessToken.split('.');
      for (const token of [idToken, spent, `${header}.${payload}.AAAA`, 'x', `${accessToken}x`, 'cfr_x'])
        expect(await introspect(token)).toEqual({ active: false });
      access.statuses.set(tenant.tenantId, 'suspended');
      expect(await introspect(accessToken)).toEqual({ active: false });
      access.statuses.set(tenant.tenantId, 'active');
      expect(await introspect(accessToken)).toMatchObject({ active: true });
      const set = (disabled_at: Date | null) =>
        withDirectory(access.store, tenant.tenantId, ({ db }) =>
          db.updateTable('app_user').set({ disabled_at }).execute(),
        );
      await set(new Date());
      expect(await introspect(accessToken)).toEqual({ active: false });
      await set(null);
      access.clock.forward(3_700);
      expect(await introspect(accessToken)).toEqual({ active: false });
    });

    it('is for services only', async () => {
      const { accessToken } = await personTokens(access, tenant);
      const { clientId, clientSecret } = tenant;
      const basic = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`;
      for (const headers of [
        {},
        { 'x-api-key': 'x' },
        { authorization: `Bearer ${accessToken}` },
        { authorization: basic },
      ])
        expect((await postForm(access, '/v1/introspect', { token: accessToken }, headers as never)).statusCode).toBe(
          401,
        );
    });
  });

  describe('revocation', () => {
    it('of a refresh token ends the login with its access tokens', async () => {
      const { accessToken, refreshToken } = await personTokens(access, tenant);
      const answer = await giveBack(refreshToken);
      expect([answer.statusCode, answer.body]).toEqual([200, '']);
      expect(await statusOf(accessToken)).toBe(401);
      expect((await refresh(access, { refreshToken })).statusCode).toBe(400);
      expect(await introspect(accessToken)).toEqual({ active: false });
    });

    it('of an access token ends it alone', async () => {
      const { accessToken, refreshToken } = await personTokens(access, tenant);
      expect((await giveBack(accessToken)).statusCode).toBe(200);
      expect(await statusOf(accessToken)).toBe(401);
      const machine = await machineToken(access, tenant);
      expect((await giveBack(machine)).statusCode).toBe(200);
      expect(await statusOf(machine)).toBe(401);
      expect((await refresh(access, { refreshToken })).statusCode).toBe(200);
    });

    it('passes over what is unknown or of another client, and what it names stays good', async () => {
      const { accessToken, refreshToken } = await personTokens(access, tenant);
      for (const token of [accessToken, refreshToken, 'x', 'cfr_x', 'a.b.c'])
        expect((await giveBack(token, other)).statusCode).toBe(200);
      expect(await statusOf(accessToken)).toBe(200);
      expect((await refresh(access, { refreshToken })).statusCode).toBe(200);
    });

    it('needs the client’s secret, or a client that has none', async () => {
      const { refreshToken } = await personTokens(access, tenant);
      const { clientId } = tenant;
      for (const members of [
        { token: refreshToken, client_id: clientId },
        { token: refreshToken, client_id: clientId, client_secret: 'wrong' },
        { token: refreshToken, client_id: 'nobody' },
      ]) {
        const answer = await postForm(access, '/v1/oauth/revoke', members);
        expect([answer.statusCode, answer.json().error]).toEqual([401, 'invalid_client']);
      }
      expect((await postForm(access, '/v1/oauth/revoke', { token: refreshToken })).json().error).toBe(
        'invalid_request',
      );

      const system = await withDirectory(access.store, tenant.tenantId, ({ db }) =>
        db.selectFrom('application').select('client_id').where('is_system', '=', true).executeTakeFirstOrThrow(),
      );
      const { username, password } = tenant;
      const login = await logIn(access, { grantType: 'password', username, password, clientId: system.client_id });
      const token = login.json().refreshToken;
      const answer = await postForm(access, '/v1/oauth/revoke', { token, client_id: system.client_id });
      expect(answer.statusCode).toBe(200);
      expect((await refresh(access, { refreshToken: token })).statusCode).toBe(400);
    });
  });

  it('leftovers of logins are deleted when their tenant is used again', async () => {
    await personTokens(access, other);
    access.clock.forward(2 * 86_400);
    const count = () =>
      withDirectory(
        access.store,
        other.tenantId,
        async ({ db }) => (await db.selectFrom('login_session').select('id').execute()).length,
      );
    expect(await count()).toBeGreaterThan(0);
    await machineToken(access, other);
    await expect.poll(count).toBe(1);
  });
});
