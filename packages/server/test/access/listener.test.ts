import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { InjectOptions } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessSearchPath, accessServiceSettings } from '../../src/access/access-database.js';
import { accessErrorCatalogue } from '../../src/access/access-errors.js';
import type { ConnectionSettings } from '../../src/postgres/connection-settings.js';
import { openPool } from '../../src/postgres/pool.js';
import { adminSettings } from '../support/cluster.js';
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
      grant_types_supported: ['authorization_code', 'client_credentials', 'password', 'refresh_token'],
      authorization_endpoint: `${issuer}/oidc/auth`,
      response_types_supported: ['code'],
      code_challenge_methods_supported: ['S256'],
    });
    expect(found.json()).not.toHaveProperty('end_session_endpoint');
    const urls = access.routes.map(({ url }) => url);
    for (const name of ['jwks_uri', 'token_endpoint', 'userinfo_endpoint'])
      expect(urls).toContain(new URL(found.json()[name]).pathname);
    expect((await get(access, '/.well-known/jwks.json')).headers['cache-control']).toBe('public, max-age=300');
  });

  it('refuses in its own words what the shared layer refuses', async () => {
    const cases: [string, object, number, string][] = [
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
      const answer = await access.app.inject(request as InjectOptions);
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

  it('answers 503, and says nothing of why, while the database cannot be reached', async () => {
    const gate = await openGate(adminSettings());
    const settings = { ...accessServiceSettings(installation.options), host: '127.0.0.1', port: gate.port };
    const pool = openPool(settings, { max: 2, applicationName: 'access test', searchPath: accessSearchPath });
    const other = await startAccess(installation, { pool });
    const tenant = await seedTenant(other, 'acme');
    const { clientId, clientSecret } = tenant;
    const login = { grantType: 'client_credentials', clientId, clientSecret };
    const token = (await logIn(other, login)).json().accessToken;
    const mayRead = async () => (await get(other, '/v1/permissions', token)).statusCode;
    expect(await mayRead()).toBe(200);
    await gate.close();
    for (const answer of [await logIn(other, login), await get(other, '/readyz')]) {
      expect(answer.json()).toMatchObject({ code: 'AUT-1099' });
      expect(answer.statusCode).toBe(503);
      expect(answer.headers['retry-after']).toBeDefined();
      expect(answer.body).not.toMatch(/pool|postgres|ECONN|select/i);
    }
    // Keys in memory still serve verifiers, and what was known of a caller for a quarter of an hour.
    other.clock.forward(61);
    expect((await get(other, '/.well-known/jwks.json')).statusCode).toBe(200);
    expect(await mayRead()).toBe(200);
    other.clock.forward(13 * 60);
    expect(await mayRead()).toBe(200);
    other.clock.forward(60);
    expect(await mayRead()).toBe(503);
    await other.close();
    await pool.end();
  });

  it('refuses to start with an encryption key of the wrong size', async () => {
    await expect(startAccess(installation, { encryptionKey: Buffer.alloc(5) })).rejects.toThrow('32 bytes');
  });
});

/** A door in front of the database that can be shut, as when its machine goes away. */
async function openGate({ host, port }: ConnectionSettings) {
  const sockets = new Set<Socket>();
  const server = createServer((inner) => {
    const outer = host.startsWith('/') ? connect(`${host}/.s.PGSQL.${port}`) : connect(port, host);
    for (const socket of [inner, outer]) {
      sockets.add(socket);
      socket.on('error', () => {});
    }
    inner.pipe(outer).pipe(inner);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
