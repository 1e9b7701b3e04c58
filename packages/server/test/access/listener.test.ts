import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessErrorCatalogue } from '../../src/access/access-errors.js';
import { createAccessManager } from '../../src/access/access-manager.js';
import { type AccessInstallation, createAccessInstallation } from './support/access-installation.js';
import { get, issuer, logIn, seedTenant, startAccess, type TestAccess } from './support/access-manager.js';

describe('the listener of the Access Manager', () => {
  let installation: AccessInstallation;
  let access: TestAccess;

  beforeAll(async () => {
    installation = await createAccessInstallation();
    access = await startAccess(installation);
  });
  afterAll(async () => {
    await access.close();
    await installation.drop();
  });

  it('answers the probes', async () => {
    const health = await get(access, '/health');
    expect([health.statusCode, health.body, health.headers['content-type']]).toEqual([
      200,
      'healthy',
      'text/plain; charset=utf-8',
    ]);
    expect((await get(access, '/readyz')).json()).toEqual({ status: 'ready' });
    expect((await get(access, '/version')).json()).toEqual({ version: '0.0.0-test' });
  });

  it('publishes discovery, and nothing that is not there', async () => {
    const found = await get(access, '/.well-known/openid-configuration');
    expect(found.json()).toMatchObject({
      issuer,
      jwks_uri: `${issuer}/.well-known/jwks.json`,
      token_endpoint: `${issuer}/v1/oauth/token`,
      userinfo_endpoint: `${issuer}/v1/userinfo`,
      grant_types_supported: ['client_credentials', 'password'],
      response_types_supported: [],
    });
    expect(found.json()).not.toHaveProperty('authorization_endpoint');
    const urls = access.routes.map(({ url }) => url);
    for (const name of ['jwks_uri', 'token_endpoint', 'userinfo_endpoint'])
      expect(urls).toContain(new URL(found.json()[name]).pathname);
    expect((await get(access, '/.well-known/jwks.json')).headers['cache-control']).toBe('public, max-age=300');
  });

  it('refuses in its own words what the shared layer refuses', async () => {
    const cases: [string, Parameters<TestAccess['app']['inject']>[0], number, string][] = [
      ['unknown route', { method: 'GET', url: '/v1/nothing' }, 404, 'AUT-0017'],
      ['wrong method', { method: 'DELETE', url: '/v1/permissions' }, 405, 'AUT-0018'],
      [
        'no JSON',
        {
          method: 'POST',
          url: '/v1/login/oauth/access_token',
          headers: { 'content-type': 'application/json' },
          payload: '{',
        },
        400,
        'AUT-0009',
      ],
      [
        'a member twice',
        {
          method: 'POST',
          url: '/v1/login/oauth/access_token',
          headers: { 'content-type': 'application/json' },
          payload: '{"grantType":"password","grantType":"password"}',
        },
        400,
        'AUT-0009',
      ],
      [
        'a large body',
        { method: 'POST', url: '/v1/login/oauth/access_token', payload: { grantType: 'x'.repeat(20_000) } },
        413,
        'AUT-0019',
      ],
    ];
    for (const [what, request, status, code] of cases) {
      const answer = await access.app.inject(request as never);
      expect(answer.json(), what).toMatchObject({ code, title: expect.any(String), message: expect.any(String) });
      expect(answer.statusCode, what).toBe(status);
    }
  });

  it('has one status and one title for each code', () => {
    const seen = new Map<string, string>();
    for (const { code, status, title } of Object.values(accessErrorCatalogue)) {
      expect(seen.get(code) ?? `${status} ${title}`).toBe(`${status} ${title}`);
      seen.set(code, `${status} ${title}`);
    }
  });

  it('knows every route by a guard', () => {
    for (const { url, guard } of access.routes) expect(Object.keys(guard), url).toHaveLength(1);
  });

  it('answers 503, and says nothing of why, when the database is away', async () => {
    const doomed = await createAccessInstallation();
    const other = await startAccess(doomed);
    const tenant = await seedTenant(other, 'acme');
    await doomed.drop();
    // `pg` has no code for a pool that was ended; a server that went away is seen as a lost connection.
    const answer = await logIn(other, {
      grantType: 'client_credentials',
      clientId: tenant.clientId,
      clientSecret: 'x',
    });
    expect(answer.statusCode).toBeGreaterThanOrEqual(500);
    expect(answer.body).not.toMatch(/pool|postgres|ECONN|select/i);
    await other.close();
  });

  it('refuses to start on a database that was not prepared', async () => {
    await expect(
      createAccessManager({
        ...(access as never as object),
        pool: installation.pool,
        encryptionKey: Buffer.alloc(5),
      } as never),
    ).rejects.toThrow('32 bytes');
  });
});
