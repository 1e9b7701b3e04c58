import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withDirectory } from '../../src/access/directory/with-directory.js';
import { endSessionsOfPerson } from '../../src/access/tokens/end-sessions.js';
import { type AccessInstallation, createAccessInstallation } from './support/access-installation.js';
import {
  get,
  ownerPassword,
  personToken,
  postForm,
  refresh,
  seedTenant,
  startAccess,
  type TestAccess,
  type TestTenant,
} from './support/access-manager.js';
import { challengeOf, enableTotp, setRedirectUris } from './support/authorization.js';
import { Browser } from './support/browser.js';

const redirectUri = 'https://app.example.com/callback';

describe('authorization code with PKCE', () => {
  let installation: AccessInstallation;
  let access: TestAccess;
  let tenant: TestTenant;
  let other: TestTenant;
  let origin: string;

  beforeAll(async () => {
    installation = await createAccessInstallation();
    access = await startAccess(installation);
    tenant = await seedTenant(access, 'acme');
    other = await seedTenant(access, 'other');
    for (const each of [tenant, other]) {
      const answer = await setRedirectUris(access, each, [redirectUri]);
      expect([answer.statusCode, answer.body]).toEqual([200, JSON.stringify({ redirectUris: [redirectUri] })]);
    }
    origin = await access.app.listen({ port: 0 });
  });
  afterAll(async () => {
    await access.close();
    await installation.drop();
  });

  const newVerifier = () => randomBytes(32).toString('base64url');
  const authorizeUrl = (verifier: string, more: Record<string, string | undefined> = {}) => {
    const members: Record<string, string | undefined> = {
      client_id: tenant.clientId,
      response_type: 'code',
      redirect_uri: redirectUri,
      scope: 'openid profile email',
      state: 'the state',
      nonce: 'the nonce',
      code_challenge: challengeOf(verifier),
      code_challenge_method: 'S256',
      ...more,
    };
    const given = Object.entries(members).filter((entry): entry is [string, string] => entry[1] !== undefined);
    return `/oidc/auth?${new URLSearchParams(given)}`;
  };

  async function openLogin(browser: Browser, url: string): Promise<string> {
    const begun = await browser.open(url);
    expect(begun.status, begun.html).toBe(303);
    return begun.location;
  }

  /** Follows our own redirects until the client's. */
  async function backToClient(browser: Browser, location: string): Promise<URL> {
    let next = location;
    for (let hops = 0; hops < 4 && !next.startsWith(redirectUri); hops += 1) {
      const answer = await browser.open(next);
      expect(answer.status, answer.html).toBe(303);
      next = answer.location;
    }
    return new URL(next);
  }

  async function obtainCode(verifier: string, more: Record<string, string | undefined> = {}): Promise<string> {
    const browser = new Browser(origin);
    const page = await openLogin(browser, authorizeUrl(verifier, more));
    const { username } = tenant;
    const answered = await browser.open(page, { step: 'password', username, password: ownerPassword });
    expect(answered.status, answered.html).toBe(303);
    const back = await backToClient(browser, answered.location);
    const code = back.searchParams.get('code');
    if (code === null) throw new Error(`no code: ${back}`);
    return code;
  }

  const exchange = (code: string, verifier: string, more: Record<string, string> = {}) =>
    postForm(access, '/v1/oauth/token', {
      grant_type: 'authorization_code',
      code,
      redirect_uri: redirectUri,
      code_verifier: verifier,
      client_id: tenant.clientId,
      ...more,
    });

  it('leads through the login page to a code, and the code to the tokens of one token core', async () => {
    const browser = new Browser(origin);
    const verifier = newVerifier();
    const page = await openLogin(browser, authorizeUrl(verifier));
    const shown = await browser.open(page);
    expect(shown.status).toBe(200);
    expect(shown.html).toContain('<label for="password">');
    expect(shown.html).not.toMatch(/<script|src=|https?:\/\//);
    const policy = shown.headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("form-action 'self' https://app.example.com;");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(shown.headers.get('cache-control')).toBe('no-store');

    const wrong = await browser.open(page, { step: 'password', username: '<b>"x', password: 'wrong' });
    expect(wrong.status).toBe(401);
    expect(wrong.html).toContain('role="alert"');
    expect(wrong.html).not.toContain('<b>"x');

    const { username } = tenant;
    const right = await browser.open(page, { step: 'password', username, password: ownerPassword });
    expect(right.status).toBe(303);
    const back = await backToClient(browser, right.location);
    expect(`${back.origin}${back.pathname}`).toBe(redirectUri);
    expect(back.searchParams.get('state')).toBe('the state');
    expect(back.searchParams.get('iss')).toBe('https://access.test');

    const tokens = await exchange(back.searchParams.get('code') ?? '', verifier);
    expect(tokens.statusCode, tokens.body).toBe(200);
    const { access_token: accessToken, id_token: idToken, refresh_token: refreshToken } = tokens.json();
    expect(decodeJwt(accessToken)).toMatchObject({
      tenantId: tenant.tenantId,
      azp: tenant.clientId,
      type: 'normal-user',
    });
    expect(decodeJwt(idToken)).toMatchObject({ aud: tenant.clientId, nonce: 'the nonce', iss: 'https://access.test' });
    expect((await get(access, '/v1/userinfo', accessToken)).statusCode).toBe(200);
    // Two faces, one core: the other face renews it and ends it.
    const renewed = (await refresh(access, { refreshToken })).json();
    expect(renewed).toHaveProperty('accessToken');
    expect((await postForm(access, '/v1/logout', { id_token_hint: idToken })).statusCode).toBe(204);
    expect((await get(access, '/v1/userinfo', renewed.accessToken)).statusCode).toBe(401);
    expect((await refresh(access, { refreshToken: renewed.refreshToken })).statusCode).toBe(400);
  });

  it('asks for the password each time: no single sign-on that would outlive a logout', async () => {
    const browser = new Browser(origin);
    for (let round = 0; round < 2; round += 1) {
      const page = await openLogin(browser, authorizeUrl(newVerifier()));
      expect(page).toMatch(/^\/oidc\/[0-9a-f]{32}\/login\//);
      const { username } = tenant;
      const answered = await browser.open(page, { step: 'password', username, password: ownerPassword });
      await backToClient(browser, answered.location);
    }
  });

  it('takes a code once; a second time ends the login that it became', async () => {
    const verifier = newVerifier();
    const code = await obtainCode(verifier);
    const first = await exchange(code, verifier);
    expect(first.statusCode).toBe(200);
    const second = await exchange(code, verifier);
    expect([second.statusCode, second.json().error]).toEqual([400, 'invalid_grant']);
    expect((await get(access, '/v1/userinfo', first.json().access_token)).statusCode).toBe(401);
    expect((await refresh(access, { refreshToken: first.json().refresh_token })).statusCode).toBe(400);
  });

  it('takes a code with its own verifier, redirect URI and client only (X-38)', async () => {
    const verifier = newVerifier();
    const code = await obtainCode(verifier);
    for (const [theirs, more] of [
      [newVerifier(), {}],
      [verifier, { redirect_uri: `${redirectUri}/` }],
      [verifier, { client_id: other.clientId }],
      [verifier, { client_id: 'nobody' }],
      [verifier, { client_secret: 'wrong' }],
      [challengeOf(verifier), {}],
    ] as const)
      expect((await exchange(code, theirs, more)).json().error).toBe('invalid_grant');
    expect((await exchange(code, verifier, { client_secret: tenant.clientSecret })).statusCode).toBe(200);
    expect((await exchange('x', verifier)).json().error).toBe('invalid_grant');
    // A code of ours in the wrong hands is for its tenant to know.
    const refused = await withDirectory(access.store, tenant.tenantId, ({ db }) =>
      db
        .selectFrom('audit_event')
        .select('reason')
        .where('kind', '=', 'login')
        .where('result', '=', 'failed')
        .execute(),
    );
    const reasons = refused.map(({ reason }) => reason);
    expect(reasons).toEqual(expect.arrayContaining(['code_mismatch', 'wrong_client_secret']));
    const lacking = await postForm(access, '/v1/oauth/token', { grant_type: 'authorization_code', code });
    expect(lacking.json()).toMatchObject({
      error: 'invalid_request',
      error_description: expect.stringContaining('code_verifier'),
    });
  });

  it('half done ends with the password or the second factors that it began with', async () => {
    const { username } = tenant;
    const administrator = await personToken(access, tenant);
    const userId = String(decodeJwt(administrator).sub);
    const inTenant = <T>(fn: Parameters<typeof withDirectory<T>>[2]) =>
      withDirectory(access.store, tenant.tenantId, fn);
    const changes = [
      () => inTenant((tx) => endSessionsOfPerson(tx, userId, 'password_changed', access.clock.now)),
      () => inTenant((tx) => access.mfaSettings.disable(tx, userId)),
    ];
    for (const change of changes) {
      const verifier = newVerifier();
      const code = await obtainCode(verifier);
      const browser = new Browser(origin);
      const page = await openLogin(browser, authorizeUrl(newVerifier()));
      const answered = await browser.open(page, { step: 'password', username, password: ownerPassword });
      expect(answered.status).toBe(303);
      await change();
      expect((await exchange(code, verifier)).json().error).toBe('invalid_grant');
      const resumed = await browser.open(answered.location);
      expect([resumed.status, resumed.location]).toEqual([400, '']);
    }
  });

  it('lets a code expire after a minute', async () => {
    const verifier = newVerifier();
    const code = await obtainCode(verifier);
    access.clock.forward(61);
    expect((await exchange(code, verifier)).json().error).toBe('invalid_grant');
    access.clock.forward(-61);
  });

  it.each([
    ['an unknown client', { client_id: 'nobody' }],
    ['no client', { client_id: undefined }],
    ['another redirect URI', { redirect_uri: 'https://evil.example/callback' }],
    ['no redirect URI', { redirect_uri: undefined }],
    ['an answer not in the query', { response_mode: 'form_post' }],
    ['a longer redirect URI', { redirect_uri: `${redirectUri}/x` }],
  ])('shows an error page and redirects nowhere: %s', async (_what, more) => {
    const answer = await new Browser(origin).open(authorizeUrl(newVerifier(), more));
    expect([answer.status, answer.location]).toEqual([400, '']);
    expect(answer.html).toContain('role="alert"');
  });

  it.each([
    ['without PKCE', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
    ['with plain PKCE', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['of another response type', { response_type: 'token', nonce: 'x' }, 'unsupported_response_type'],
    ['without asking the person', { prompt: 'none' }, 'login_required'],
  ])('sends the client an error: %s', async (_what, more, error) => {
    const answer = await new Browser(origin).open(authorizeUrl(newVerifier(), more));
    expect(answer.status, answer.html).toBe(303);
    expect(new URL(answer.location.replace('#', '?')).searchParams.get('error')).toBe(error);
  });

  it('is bound to the browser and to the tenant in which it began (X-37, X-38)', async () => {
    const browser = new Browser(origin);
    const page = await openLogin(browser, authorizeUrl(newVerifier()));
    const { username } = tenant;
    const form = { step: 'password', username, password: ownerPassword };
    expect((await new Browser(origin).open(page, form)).status).toBe(400);
    const moved = page.replace(tenant.tenantId, other.tenantId);
    expect((await browser.open(moved, form)).status).toBe(400);
    for (const path of ['/oidc/token', '/oidc/jwks', `/oidc/${tenant.tenantId}/token`, `/oidc/${tenant.tenantId}/reg`])
      expect((await browser.open(path)).status).toBe(404);
    expect((await browser.open('/oidc/00000000000000000000000000000000/login/x')).status).toBe(404);
  });

  it('asks for the second factor', async () => {
    const person = await seedTenant(access, 'mfa');
    await setRedirectUris(access, person, [redirectUri]);
    const { userId, code } = await enableTotp(access, person);

    const browser = new Browser(origin);
    const verifier = newVerifier();
    const page = await openLogin(browser, authorizeUrl(verifier, { client_id: person.clientId }));
    const asked = await browser.open(page, { step: 'password', username: person.username, password: ownerPassword });
    expect(asked.status).toBe(200);
    expect(asked.html).toContain('autocomplete="one-time-code"');
    const mfaToken = /name="mfaToken" value="([^"]+)"/.exec(asked.html)?.[1] ?? '';
    const form = { step: 'code', mfaToken, offered: 'app', mfaType: 'app' };
    expect((await browser.open(page, { ...form, code: '000000x' })).status).toBe(401);

    // The answer to the second step of one tenant's login is none in another's.
    const foreign = new Browser(origin);
    const foreignPage = await openLogin(foreign, authorizeUrl(newVerifier(), { client_id: other.clientId }));
    expect((await foreign.open(foreignPage, { ...form, code: code() })).status).toBe(401);

    const done = await browser.open(page, { ...form, code: code() });
    expect(done.status, done.html).toBe(303);
    const back = await backToClient(browser, done.location);
    const tokens = await exchange(back.searchParams.get('code') ?? '', verifier, { client_id: person.clientId });
    expect(decodeJwt(tokens.json().access_token).sub).toBe(userId);
  });

  it('keeps codes and cookies as hashes', async () => {
    const code = await obtainCode(newVerifier());
    const rows = await withDirectory(access.store, tenant.tenantId, ({ db }) =>
      db.selectFrom('oidc_record').selectAll().execute(),
    );
    expect(JSON.stringify(rows)).not.toContain(code);
    expect(access.logged.join('')).not.toContain(code);
  });

  it('takes redirect URIs that are safe only, of the own tenant only (X-36)', async () => {
    for (const uri of [
      'http://app.example.com/',
      'javascript:alert(1)',
      'https://a/#x',
      '/x',
      'https://*.example/',
      'https://u:p@a/',
      'https://a.example\\@b.example/',
      'https://a.example/\r\nx',
    ])
      expect((await setRedirectUris(access, tenant, [uri])).statusCode).toBe(400);
    const { id } = await withDirectory(access.store, other.tenantId, ({ db }) =>
      db.selectFrom('application').select('id').where('client_id', '=', other.clientId).executeTakeFirstOrThrow(),
    );
    const headers = { authorization: `Bearer ${await personToken(access, tenant)}` };
    const url = `/v1/applications/${id}/redirect-uris`;
    const payload = { redirectUris: ['https://evil.example/'] };
    expect((await access.app.inject({ method: 'PUT', url, headers, payload })).statusCode).toBe(404);
    expect((await access.app.inject({ url, headers })).statusCode).toBe(404);
  });

  it('lets one address begin so many logins a minute, and clears away what never ends', async () => {
    const begin = (remoteAddress: string) => access.app.inject({ url: authorizeUrl(newVerifier()), remoteAddress });
    const unknown = () => access.app.inject({ url: '/oidc/auth?client_id=nobody', remoteAddress: '198.51.100.9' });
    expect((await begin('198.51.100.9')).statusCode).toBe(303);
    for (let round = 1; round < 300; round += 1) await unknown();
    const refused = await begin('198.51.100.9');
    expect([refused.statusCode, refused.headers['retry-after']]).toEqual([429, '60']);
    expect(refused.body).toContain('role="alert"');
    expect((await begin('198.51.100.10')).statusCode).toBe(303);

    const old = () =>
      withDirectory(access.store, tenant.tenantId, ({ db }) =>
        db
          .selectFrom('oidc_record')
          .select(({ fn }) => fn.countAll<number>().as('count'))
          .where('expires_at', '<', access.clock.now.toISOString())
          .executeTakeFirstOrThrow(),
      );
    access.clock.forward(3 * 3_600);
    expect(Number((await old()).count)).toBeGreaterThan(0);
    await begin('198.51.100.10');
    await expect.poll(async () => Number((await old()).count)).toBe(0);
  });

  // The last: it uses up what one address may get wrong.
  it('meets damaged requests and forms with neither a code nor a 5xx', { timeout: 120_000 }, async () => {
    const url = authorizeUrl(newVerifier());
    const browser = new Browser(origin);
    const page = await openLogin(browser, authorizeUrl(newVerifier()));
    const damage = fc.record({
      at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      length: fc.integer({ min: 0, max: 30 }),
      put: fc.oneof(
        fc.string({ maxLength: 6 }),
        fc.constantFrom('&client_id=x', '%00', '%', '&', '=', '[]', '/../', '#'),
      ),
    });
    await fc.assert(
      fc.asyncProperty(damage, async ({ at, length, put }) => {
        const from = 6 + Math.floor(at * (url.length - 6));
        const damaged = url.slice(0, from) + encodeURI(put) + url.slice(from + length);
        const answer = await new Browser(origin).open(damaged);
        expect(answer.status, damaged).toBeLessThan(500);
        expect(answer.location).not.toContain('code=');
      }),
      { numRuns: 250 },
    );
    const texts = fc.dictionary(
      fc.constantFrom('step', 'username', 'password', 'mfaToken', 'mfaType', 'offered', 'code', 'x'),
      fc.oneof(fc.constantFrom('code', 'send', 'app', 'sms', tenant.username), fc.string({ maxLength: 20 })),
    );
    await fc.assert(
      fc.asyncProperty(texts, async (form) => {
        const answer = await browser.open(page, form);
        expect(answer.status, JSON.stringify(form)).toBeLessThan(500);
        expect(answer.status).not.toBe(303);
      }),
      { numRuns: 60 },
    );
  });
});
