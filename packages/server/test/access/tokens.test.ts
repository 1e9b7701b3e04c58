import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AccessInstallation, createAccessInstallation } from './support/access-installation.js';
import {
  get,
  issuer,
  logIn,
  seedTenant,
  startAccess,
  type TestAccess,
  type TestTenant,
} from './support/access-manager.js';

describe('tokens', () => {
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

  async function verify(token: string) {
    const jwks = createLocalJWKSet((await get(access, '/.well-known/jwks.json')).json());
    return jwtVerify(token, jwks, { issuer, audience: 'midaz', typ: 'at+jwt', currentDate: access.clock.now });
  }

  it('come by client credentials, with the claims of a machine', async () => {
    const { clientId, clientSecret, tenantId } = tenant;
    const answer = await logIn(access, { grantType: 'client_credentials', clientId, clientSecret });
    expect(answer.statusCode).toBe(200);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.json()).toEqual({
      accessToken: expect.any(String),
      tokenType: 'Bearer',
      expiresIn: 3600,
      refreshToken: expect.stringMatching(/^cfr_[\w-]{80,}$/),
    });
    const { payload, protectedHeader } = await verify(answer.json().accessToken);
    expect(protectedHeader).toEqual({ alg: 'RS256', kid: expect.any(String), typ: 'at+jwt' });
    const issuedAt = Math.floor(access.clock.now.getTime() / 1_000);
    expect(payload).toEqual({
      iss: issuer,
      aud: ['midaz'],
      sub: clientId,
      azp: clientId,
      type: 'application',
      owner: 'acme',
      name: 'robot',
      tenantId,
      tenantSlug: 'acme',
      env: 'test',
      jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
      iat: issuedAt,
      nbf: issuedAt,
      exp: issuedAt + 3600,
    });
  });

  it('come by user name and password, with the claims of a person; letter case of the name does not matter', async () => {
    const { username, password, clientId, tenantId } = tenant;
    for (const name of [username, username.toUpperCase()]) {
      const answer = await logIn(access, { grantType: 'password', username: name, password, clientId });
      expect(answer.statusCode).toBe(200);
      expect(answer.json()).toMatchObject({ refreshToken: expect.any(String), scope: 'openid profile email' });
      const { payload } = await verify(answer.json().accessToken);
      expect(payload).toMatchObject({
        sub: expect.stringMatching(/^[0-9a-f-]{36}$/),
        type: 'normal-user',
        owner: 'acme',
        name: username,
        displayName: username,
        azp: clientId,
        tenantId,
        tenantSlug: 'acme',
      });
    }
  });

  it('have a jti of their own each', async () => {
    const { clientId, clientSecret } = tenant;
    const ids = new Set<unknown>();
    for (let count = 0; count < 5; count += 1) {
      const answer = await logIn(access, { grantType: 'client_credentials', clientId, clientSecret });
      ids.add((await verify(answer.json().accessToken)).payload.jti);
    }
    expect(ids.size).toBe(5);
  });

  it('come from the form endpoint too, in snake_case, the client in the form or by Basic', async () => {
    const { clientId, clientSecret, username, password } = tenant;
    const form = (members: Record<string, string>, headers: Record<string, string> = {}) =>
      access.app.inject({
        method: 'POST',
        url: '/v1/oauth/token',
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
        payload: new URLSearchParams(members).toString(),
      });
    const basic = { authorization: `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}` };
    const answers = [
      await form({ grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret }),
      await form({ grant_type: 'client_credentials', scope: 'anything' }, basic),
      await form({ grant_type: 'password', username, password, client_id: clientId }),
      await form({ grant_type: 'password', username, password }, basic),
    ];
    const person = { refresh_token: expect.any(String), id_token: expect.any(String), scope: 'openid profile email' };
    for (const [at, answer] of answers.entries()) {
      expect(answer.json()).toEqual({
        access_token: expect.any(String),
        token_type: 'Bearer',
        expires_in: 3600,
        ...(at < 2 ? {} : person),
      });
      expect(answer.statusCode).toBe(200);
      expect(answer.headers['cache-control']).toBe('no-store');
      await verify(answer.json().access_token);
    }
  });

  it.each([
    ['no grant type', { client_id: 'x', client_secret: 'y' }, 400, 'invalid_request'],
    ['another grant type', { grant_type: 'implicit' }, 400, 'unsupported_grant_type'],
    ['a member missing', { grant_type: 'client_credentials', client_id: 'x' }, 400, 'invalid_request'],
    ['a wrong client', { grant_type: 'client_credentials', client_id: 'x', client_secret: 'y' }, 401, 'invalid_client'],
    ['a wrong user', { grant_type: 'password', client_id: 'x', username: 'x', password: 'y' }, 400, 'invalid_grant'],
    ['a tenant named', { grant_type: 'password', client_id: 'x', tenant_id: 'y' }, 400, 'invalid_request'],
  ])('are refused in the words of RFC 6749: %s', async (_what, members, status, error) => {
    const answer = await access.app.inject({
      method: 'POST',
      url: '/v1/oauth/token',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams(members as never).toString(),
    });
    expect(answer.json()).toEqual({
      error,
      error_description: expect.stringMatching(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/),
    });
    expect(answer.statusCode).toBe(status);
    expect(answer.headers['cache-control']).toContain('no-store');
  });

  it('are refused to a form that names a member twice, that is JSON, or that names the client twice', async () => {
    const { clientId, clientSecret } = tenant;
    const basic = `Basic ${Buffer.from(`${clientId}:${clientSecret}`).toString('base64')}`;
    const post = (payload: string, headers: Record<string, string> = {}) =>
      access.app.inject({
        method: 'POST',
        url: '/v1/oauth/token',
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
        payload,
      });
    const good = `grant_type=client_credentials&client_id=${clientId}&client_secret=${clientSecret}`;
    expect((await post(`${good}&client_id=${clientId}`)).statusCode).toBe(400);
    expect((await post(`${good}%00`)).statusCode).toBe(400);
    expect((await post(good, { 'content-type': 'application/json' })).statusCode).toBe(400);
    expect((await post(good, { authorization: basic })).statusCode).toBe(400);
    expect((await post('grant_type=client_credentials', { authorization: 'Bearer x' })).statusCode).toBe(400);
    const wrong = `Basic ${Buffer.from(`${clientId}:wrong`).toString('base64')}`;
    const refused = await post('grant_type=client_credentials', { authorization: wrong });
    expect(refused.statusCode).toBe(401);
    expect(refused.headers['www-authenticate']).toBe('Basic realm="cofferdam"');
  });

  it.each(['RS256', 'ES256', 'EdDSA'] as const)('are signed with %s when configured so', async (algorithm) => {
    const other = await startAccess(installation, { algorithm });
    const { clientId, clientSecret } = tenant;
    const answer = await logIn(other, { grantType: 'client_credentials', clientId, clientSecret });
    const token = answer.json().accessToken;
    expect(decodeProtectedHeader(token).alg).toBe(algorithm);
    const jwks = (await get(other, '/.well-known/jwks.json')).json();
    expect(jwks.keys[0]).toMatchObject({ alg: algorithm, use: 'sig' });
    await jwtVerify(token, createLocalJWKSet(jwks), { issuer, audience: 'midaz' });
    expect((await get(other, '/v1/permissions', token)).statusCode).toBe(200);
    await other.close();
  });

  it('carry no tenant in single-tenant mode', async () => {
    const single = await startAccess(installation, { multiTenant: false });
    const { clientId, clientSecret } = tenant;
    // A directory of the other mode opens nothing in this one.
    const foreign = await logIn(single, { grantType: 'client_credentials', clientId, clientSecret });
    expect(foreign.statusCode).toBe(401);
    await single.close();
  });
});
