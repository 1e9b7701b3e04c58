import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withDirectory } from '../../src/access/directory/with-directory.js';
import { type AccessInstallation, createAccessInstallation } from './support/access-installation.js';
import {
  personTokens,
  postForm,
  refresh,
  seedTenant,
  startAccess,
  type TestAccess,
  type TestTenant,
} from './support/access-manager.js';

describe('logout', () => {
  let installation: AccessInstallation;
  let access: TestAccess;
  let tenant: TestTenant;

  beforeAll(async () => {
    installation = await createAccessInstallation();
    access = await startAccess(installation);
    tenant = await seedTenant(access, 'acme');
  });
  afterAll(async () => {
    await access.close();
    await installation.drop();
  });

  const logOut = (hint: string) => postForm(access, '/v1/logout', { id_token_hint: hint });

  it('ends the refresh family and revokes the living access tokens; twice is no error', async () => {
    const tokens = await personTokens(access, tenant);
    const answer = await logOut(tokens.idToken);
    expect([answer.statusCode, answer.body]).toEqual([204, '']);
    expect((await refresh(access, { refreshToken: tokens.refreshToken })).json().code).toBe('AUT-1005');
    const revoked = await withDirectory(access.store, tenant.tenantId, ({ db }) =>
      db.selectFrom('revoked_token').select(['jti', 'expires_at']).execute(),
    );
    const { jti, exp } = decodeJwt(tokens.accessToken);
    expect(revoked).toEqual([{ jti, expires_at: new Date((exp ?? 0) * 1_000).toISOString() }]);
    expect((await logOut(tokens.idToken)).statusCode).toBe(204);
  });

  it('leaves the other logins of the same person alone', async () => {
    const [one, two] = [await personTokens(access, tenant), await personTokens(access, tenant)];
    expect((await logOut(one.idToken)).statusCode).toBe(204);
    expect((await refresh(access, { refreshToken: two.refreshToken })).statusCode).toBe(200);
  });

  it('takes an expired ID token, and one whose key is published no more', async () => {
    const tokens = await personTokens(access, tenant);
    await access.keys.rotate();
    access.clock.forward(7_300);
    expect((await logOut(tokens.idToken)).statusCode).toBe(204);
    expect((await refresh(access, { refreshToken: tokens.refreshToken })).statusCode).toBe(400);
  });

  it('refuses what is no ID token of ours', async () => {
    const { idToken, accessToken, refreshToken } = await personTokens(access, tenant);
    const [header = '', payload = '', signature = ''] = idToken.split('.');
    const claims = { ...decodeJwt(idToken), sid: '019c96a0-0000-7000-8000-000000000000' };
    const forged = Buffer.from(JSON.stringify(claims)).toString('base64url');
    const unsigned = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url');
    for (const hint of [
      accessToken,
      refreshToken,
      'x',
      'a.b.c',
      `${header}.${forged}.${signature}`,
      `${header}.${payload}.`,
      `${unsigned}.${payload}.`,
    ]) {
      const answer = await logOut(hint);
      expect([answer.statusCode, answer.json().code]).toEqual([400, 'AUT-0009']);
    }
    const missing = await postForm(access, '/v1/logout', {});
    expect([missing.statusCode, missing.json().code]).toEqual([400, 'AUT-0009']);
    const more = await postForm(access, '/v1/logout', { id_token_hint: idToken, tenantId: 'x' });
    expect([more.statusCode, more.json().code]).toEqual([400, 'AUT-0003']);
    expect((await refresh(access, { refreshToken })).statusCode).toBe(200);
  });

  it('is audited', async () => {
    const events = await withDirectory(access.store, tenant.tenantId, ({ db }) =>
      db.selectFrom('audit_event').select(['kind', 'result']).where('kind', 'in', ['logout', 'refresh']).execute(),
    );
    expect(events).toContainEqual({ kind: 'logout', result: 'ok' });
    expect(events).toContainEqual({ kind: 'refresh', result: 'ok' });
  });
});
