import { randomUUID } from 'node:crypto';
import * as client from 'openid-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deriveServiceKey } from '../../src/access/credentials/service-key.js';
import { type AccessInstallation, createAccessInstallation } from './support/access-installation.js';
import {
  issuer,
  ownerPassword,
  postForm,
  seedTenant,
  startAccess,
  type TestAccess,
  type TestTenant,
} from './support/access-manager.js';
import { setRedirectUris } from './support/authorization.js';
import { Browser } from './support/browser.js';

const redirectUri = 'https://app.example.com/callback';

/**
 * What a relying party of the world outside does, by a certified one (openid-client): it reads everything from discovery,
 * and checks answers, headers and claims by the letter of the specifications.
 */
describe('a certified OpenID Connect client', () => {
  let installation: AccessInstallation;
  let access: TestAccess;
  let tenant: TestTenant;
  let origin: string;

  beforeAll(async () => {
    installation = await createAccessInstallation();
    access = await startAccess(installation);
    tenant = await seedTenant(access, 'acme');
    await setRedirectUris(access, tenant, [redirectUri]);
    origin = await access.app.listen({ port: 0 });
  });
  afterAll(async () => {
    await access.close();
    await installation.drop();
  });

  /** Configured by discovery alone; what goes to the issuer's https address ends up at the test's listener. */
  async function discover(authentication?: client.ClientAuth, metadata: Partial<client.ClientMetadata> = {}) {
    const viaListener: client.CustomFetch = (url, options) =>
      fetch(url.replace(issuer, origin), options as RequestInit);
    const config = await client.discovery(new URL(issuer), tenant.clientId, metadata, authentication, {
      [client.customFetch]: viaListener,
    });
    // Also the ID tokens that came over TLS from the issuer itself are verified by its keys.
    client.enableNonRepudiationChecks(config);
    return config;
  }
  const publicClient = (metadata: Partial<client.ClientMetadata> = {}) => discover(client.None(), metadata);

  /** Through the login page and back, with PKCE, state and nonce. */
  async function logIn(config: client.Configuration, more: Record<string, string> = {}) {
    const pkceCodeVerifier = client.randomPKCECodeVerifier();
    const [expectedState, expectedNonce] = [client.randomState(), client.randomNonce()];
    const url = client.buildAuthorizationUrl(config, {
      redirect_uri: redirectUri,
      scope: 'openid profile email',
      code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
      state: expectedState,
      nonce: expectedNonce,
      ...more,
    });
    expect(url.origin).toBe(issuer);
    const browser = new Browser(origin);
    let at = await browser.open(url.pathname + url.search);
    if (!at.location.startsWith(redirectUri)) {
      at = await browser.open(at.location, { step: 'password', username: tenant.username, password: ownerPassword });
      for (let hops = 0; hops < 4 && !at.location.startsWith(redirectUri); hops += 1)
        at = await browser.open(at.location);
    }
    return client.authorizationCodeGrant(config, new URL(at.location), {
      pkceCodeVerifier,
      expectedState,
      expectedNonce,
      idTokenExpected: true,
    });
  }

  it('logs a person in by code and PKCE, and reads who it is', async () => {
    const config = await publicClient();
    expect(config.serverMetadata().supportsPKCE()).toBe(true);
    const tokens = await logIn(config);
    const claims = tokens.claims();
    expect(claims).toMatchObject({ iss: issuer, aud: tenant.clientId });
    const sub = String(claims?.sub);
    const person = await client.fetchUserInfo(config, tokens.access_token, sub);
    expect(person).toMatchObject({
      sub,
      email: tenant.username,
      email_verified: false,
      preferred_username: tenant.username,
    });
    await expect(client.fetchUserInfo(config, tokens.access_token, randomUUID())).rejects.toThrow();
    await expect(client.fetchUserInfo(config, 'nobody’s', sub)).rejects.toThrow();
  });

  it('renews tokens, and is told in the words of the standard when it cannot', async () => {
    const config = await publicClient();
    const first = await logIn(config);
    const second = await client.refreshTokenGrant(config, String(first.refresh_token));
    expect(second.claims()?.sub).toBe(first.claims()?.sub);
    await expect(client.refreshTokenGrant(config, String(first.refresh_token))).rejects.toMatchObject({
      error: 'invalid_grant',
      status: 400,
    });
    // Reuse has ended the family.
    await expect(client.refreshTokenGrant(config, String(second.refresh_token))).rejects.toThrow();
  });

  it.each([
    ['client_secret_post', client.ClientSecretPost],
    ['client_secret_basic', client.ClientSecretBasic],
  ])('gets a machine’s token by %s', async (name, method) => {
    const config = await discover(method(tenant.clientSecret));
    const tokens = await client.clientCredentialsGrant(config);
    expect([tokens.token_type, tokens.expires_in, tokens.refresh_token]).toEqual(['bearer', 3600, undefined]);
    const wrong = await discover(method(`${tenant.clientSecret}x`));
    // One who used Basic is challenged to it, the other reads it in the body.
    const refused = { status: 401, ...(name === 'client_secret_post' && { error: 'invalid_client' }) };
    await expect(client.clientCredentialsGrant(wrong)).rejects.toMatchObject(refused);
  });

  it('gives tokens back, and a service sees them end', async () => {
    const config = await discover(client.ClientSecretPost(tenant.clientSecret));
    const service = await discover((_server, _client, _body, headers) => {
      headers.set('x-api-key', deriveServiceKey(installation.encryptionKey));
    });
    const { access_token: token } = await client.clientCredentialsGrant(config);
    expect(await client.tokenIntrospection(service, token)).toMatchObject({
      active: true,
      client_id: tenant.clientId,
      sub: tenant.clientId,
    });
    await client.tokenRevocation(config, token);
    expect(await client.tokenIntrospection(service, token)).toEqual({ active: false });
    // RFC 7009: what is no token of ours is no error either.
    await client.tokenRevocation(config, 'nobody’s');
    await expect(client.tokenIntrospection(config, token)).rejects.toMatchObject({ status: 401 });
  });

  it('is logged out by its ID token', async () => {
    const config = await publicClient();
    const tokens = await logIn(config);
    const out = await postForm(access, '/v1/logout', { id_token_hint: String(tokens.id_token) });
    expect(out.statusCode).toBe(204);
    await expect(client.refreshTokenGrant(config, String(tokens.refresh_token))).rejects.toThrow();
  });

  it('is sent back with an error of the standard for what it may not ask', async () => {
    const config = await publicClient();
    await expect(logIn(config, { prompt: 'none' })).rejects.toMatchObject({ error: 'login_required' });
    await expect(logIn(config, { code_challenge_method: 'plain' })).rejects.toMatchObject({ error: 'invalid_request' });
  });

  // The last: it moves the clock.
  it('keeps verifying over a rotation of the keys with what it had read before the change-over', async () => {
    const leadSeconds = 900;
    await access.keys.rotate({ leadSeconds });
    const before = await publicClient({ [client.clockSkew]: leadSeconds + 5 });
    const earlier = await logIn(before);
    access.clock.forward(leadSeconds + 5);
    await access.keys.publicKeys();
    const later = await logIn(before);
    const kid = (token: string | undefined) => JSON.parse(atob(String(token).split('.')[0] ?? '')).kid;
    expect(kid(later.id_token)).not.toBe(kid(earlier.id_token));
    expect(later.claims()?.sub).toBe(earlier.claims()?.sub);
  });
});
