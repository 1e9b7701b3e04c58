import { decodeJwt, decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deleteExpired } from '../../src/access/directory/delete-expired.js';
import { holdPassword } from '../../src/access/directory/users.js';
import { withDirectory } from '../../src/access/directory/with-directory.js';
import { readOpaqueToken } from '../../src/access/tokens/opaque-token.js';
import { type AccessInstallation, createAccessInstallation } from './support/access-installation.js';
import {
  get,
  logIn,
  personTokens,
  postForm,
  refresh,
  seedTenant,
  startAccess,
  type TestAccess,
  type TestTenant,
} from './support/access-manager.js';

const refused = {
  code: 'AUT-1005',
  title: 'Invalid Refresh Token',
  message: 'The refresh token is not valid: it is unknown, spent, expired or revoked. Log in again.',
};

describe('refresh tokens', () => {
  let installation: AccessInstallation;
  let access: TestAccess;
  let tenant: TestTenant;
  let other: TestTenant;
  let addresses = 0;

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

  /** From an address of its own each: wrong ones are limited by address. */
  const use = (refreshToken: string, more: object = {}) => {
    addresses += 1;
    return refresh(access, { refreshToken, ...more }, `198.51.100.${addresses}`);
  };
  const expectRefused = async (refreshToken: string, more: object = {}) => {
    const answer = await use(refreshToken, more);
    expect([answer.statusCode, answer.json()]).toEqual([400, refused]);
  };

  it('renew the tokens of a person, and are replaced on each use', async () => {
    const first = await personTokens(access, tenant);
    let refreshToken = first.refreshToken;
    for (let round = 0; round < 3; round += 1) {
      const answer = await use(refreshToken);
      expect(answer.statusCode).toBe(200);
      expect(answer.headers['cache-control']).toBe('no-store');
      const tokens = answer.json();
      expect(Object.keys(tokens).sort()).toEqual(
        ['accessToken', 'expiresIn', 'idToken', 'refreshToken', 'scope', 'tokenType'].sort(),
      );
      expect(tokens.refreshToken).not.toBe(refreshToken);
      expect(decodeJwt(tokens.accessToken).sub).toBe(decodeJwt(first.accessToken).sub);
      expect(decodeJwt(tokens.accessToken).jti).not.toBe(decodeJwt(first.accessToken).jti);
      expect(decodeJwt(tokens.idToken)['sid']).toBe(decodeJwt(first.idToken)['sid']);
      expect((await get(access, '/v1/userinfo', tokens.accessToken)).statusCode).toBe(200);
      refreshToken = tokens.refreshToken;
    }
  });

  it('renew the token of a machine on the documented route; the OAuth face gives machines none', async () => {
    const { clientId, clientSecret } = tenant;
    const { refreshToken } = (await logIn(access, { grantType: 'client_credentials', clientId, clientSecret })).json();
    const tokens = (await use(refreshToken, { clientId, clientSecret })).json();
    expect(tokens).not.toHaveProperty('idToken');
    expect(decodeJwt(tokens.accessToken)).toMatchObject({ sub: clientId, type: 'application' });
  });

  it('work in the words of RFC 6749 too, for the client that names itself', async () => {
    const { clientId, username, password } = tenant;
    const login = await postForm(access, '/v1/oauth/token', {
      grant_type: 'password',
      username,
      password,
      client_id: clientId,
    });
    const { refresh_token: token } = login.json();
    const renew = (members: Record<string, string>) =>
      postForm(access, '/v1/oauth/token', { grant_type: 'refresh_token', ...members });
    expect((await renew({ refresh_token: token })).json().error).toBe('invalid_request');
    const foreign = await renew({ refresh_token: token, client_id: other.clientId });
    expect([foreign.statusCode, foreign.json().error]).toEqual([400, 'invalid_grant']);
    const renewed = await renew({ refresh_token: token, client_id: clientId });
    expect(renewed.statusCode).toBe(200);
    expect(renewed.json()).toMatchObject({ refresh_token: expect.any(String), id_token: expect.any(String) });
    expect((await renew({ refresh_token: token, client_id: clientId })).json().error).toBe('invalid_grant');
  });

  it('that come a second time end the whole family, and its access tokens are revoked (X-38)', async () => {
    const first = await personTokens(access, tenant);
    const second = (await use(first.refreshToken)).json();
    const third = (await use(second.refreshToken)).json();
    await expectRefused(first.refreshToken);
    await expectRefused(third.refreshToken);
    const rows = await withDirectory(access.store, tenant.tenantId, ({ db }) =>
      db.selectFrom('revoked_token').select('jti').execute(),
    );
    const revoked = rows.map(({ jti }) => jti);
    for (const { accessToken } of [first, second, third]) expect(revoked).toContain(decodeJwt(accessToken).jti);
  });

  it('that two use at the same time: one wins, and the family ends', async () => {
    const { refreshToken } = await personTokens(access, tenant);
    const answers = await Promise.all([1, 2, 3, 4].map(() => use(refreshToken)));
    const won = answers.filter(({ statusCode }) => statusCode === 200);
    expect(won).toHaveLength(1);
    await expectRefused(won[0]?.json().refreshToken);
  });

  it('are bound to their client and tenant (X-38)', async () => {
    const { refreshToken } = await personTokens(access, tenant);
    await expectRefused(refreshToken, { clientId: other.clientId });
    await expectRefused(refreshToken, { clientId: other.clientId, clientSecret: other.clientSecret });
    await expectRefused(refreshToken, { clientId: tenant.clientId, clientSecret: 'wrong' });
    const answer = await use(refreshToken, { clientId: tenant.clientId, clientSecret: tenant.clientSecret });
    expect(decodeJwt(answer.json().accessToken)).toMatchObject({ tenantId: tenant.tenantId });
  });

  it('that name another tenant find nothing there', async () => {
    const { refreshToken } = await personTokens(access, tenant);
    const bytes = Buffer.from(refreshToken.slice(4), 'base64url');
    const moved = Buffer.concat([bytes.subarray(0, 32), Buffer.from(other.tenantId)]);
    await expectRefused(`cfr_${moved.toString('base64url')}`);
    expect((await use(refreshToken)).statusCode).toBe(200);
  });

  it('live for 24 hours', async () => {
    const { refreshToken } = await personTokens(access, tenant);
    access.clock.forward(86_390);
    const renewed = await use(refreshToken);
    expect(renewed.statusCode).toBe(200);
    access.clock.forward(86_401);
    await expectRefused(renewed.json().refreshToken);
  });

  it('are refused for a disabled user and a disabled client, and stay refused', async () => {
    const { refreshToken } = await personTokens(access, tenant);
    const set = (disabled: Date | null) =>
      withDirectory(access.store, tenant.tenantId, ({ db }) =>
        db.updateTable('app_user').set({ disabled_at: disabled }).where('username', '=', tenant.username).execute(),
      );
    await set(new Date());
    await expectRefused(refreshToken);
    await set(null);
    await expectRefused(refreshToken);
  });

  it('of a suspended tenant answer 403 and are not spent', async () => {
    const { refreshToken } = await personTokens(access, tenant);
    access.statuses.set(tenant.tenantId, 'suspended');
    const answer = await use(refreshToken);
    expect([answer.statusCode, answer.json().code]).toEqual([403, 'AUT-0016']);
    await expectRefused(`${refreshToken.slice(0, -1)}_`);
    access.statuses.set(tenant.tenantId, 'active');
    expect((await use(refreshToken)).statusCode).toBe(200);
  });

  it('of a machine are used from its allowed addresses only', async () => {
    const { clientId, clientSecret } = other;
    const { refreshToken } = (await logIn(access, { grantType: 'client_credentials', clientId, clientSecret })).json();
    await withDirectory(access.store, other.tenantId, ({ db }) =>
      db
        .updateTable('application')
        .set({ allowed_addresses: ['192.0.2.0/24'] })
        .where('client_id', '=', clientId)
        .execute(),
    );
    await expectRefused(refreshToken);
    expect((await refresh(access, { refreshToken }, '192.0.2.77')).statusCode).toBe(200);
    await withDirectory(access.store, other.tenantId, ({ db }) =>
      db.updateTable('application').set({ allowed_addresses: [] }).where('client_id', '=', clientId).execute(),
    );
  });

  it('do not survive a password that changes while the login is under way', async () => {
    const before = await withDirectory(access.store, tenant.tenantId, ({ db }) =>
      db.selectFrom('app_user').select(['id', 'password_hash']).executeTakeFirstOrThrow(),
    );
    const user = { id: before.id, passwordHash: before.password_hash };
    const hold = () => withDirectory(access.store, tenant.tenantId, (tx) => holdPassword(tx, user));
    expect(await hold()).toBe(true);
    let change: Promise<unknown> = Promise.resolve();
    const order: string[] = [];
    await withDirectory(access.store, tenant.tenantId, async (tx) => {
      await holdPassword(tx, user);
      change = withDirectory(access.store, tenant.tenantId, ({ db }) =>
        db.updateTable('app_user').set({ password_hash: 'another' }).where('id', '=', before.id).execute(),
      ).then(() => order.push('changed'));
      await new Promise((resolve) => setTimeout(resolve, 100));
      order.push('logged in');
    });
    await change;
    expect(order).toEqual(['logged in', 'changed']);
    expect(await hold()).toBe(false);
    await withDirectory(access.store, tenant.tenantId, ({ db }) =>
      db.updateTable('app_user').set({ password_hash: before.password_hash }).where('id', '=', before.id).execute(),
    );
  });

  it('open no route, and neither do ID tokens (X-05)', async () => {
    const { refreshToken, idToken } = await personTokens(access, tenant);
    expect(decodeProtectedHeader(idToken).typ).toBe('JWT');
    for (const token of [refreshToken, idToken])
      expect((await get(access, '/v1/permissions', token)).statusCode).toBe(401);
    await expectRefused(idToken.slice(0, 500));
  });

  it('of any other form are refused alike, and guesses are limited by address', async () => {
    for (const text of ['', 'x', 'cfr_', 'cfr_AAAA', 'cfm_AAAA', '\u0000', 'cfr_%%%', `cfr_${'A'.repeat(86)}`]) {
      const answer = await use(text);
      expect([answer.statusCode, text]).toEqual([400, text]);
    }
    const statuses = [];
    for (let count = 0; count < 32; count += 1)
      statuses.push((await refresh(access, { refreshToken: 'cfr_AAAA' }, '203.0.113.9')).statusCode);
    expect(statuses.slice(0, 30).every((status) => status === 400)).toBe(true);
    expect(statuses.at(-1)).toBe(429);
  });

  it('are kept as hashes only', async () => {
    const { refreshToken } = await personTokens(access, tenant);
    const rows = await withDirectory(access.store, tenant.tenantId, ({ db }) =>
      db.selectFrom('refresh_token').select('token_hash').execute(),
    );
    const hash = readOpaqueToken('refresh', refreshToken)?.hash;
    expect(rows.some(({ token_hash }) => hash?.equals(token_hash))).toBe(true);
    expect(access.logged.join('')).not.toContain(refreshToken.slice(4, 40));
  });

  it('that expired are deleted, with their sessions', async () => {
    await personTokens(access, other);
    const later = new Date(access.clock.now.getTime() + 90_001 * 1_000);
    await withDirectory(access.store, other.tenantId, (tx) => deleteExpired(tx, later));
    const left = await withDirectory(access.store, other.tenantId, ({ db }) =>
      db.selectFrom('refresh_token').selectAll().execute(),
    );
    expect(left).toEqual([]);
  });
});
