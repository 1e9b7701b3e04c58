import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { deriveServiceKey } from '../../src/access/credentials/service-key.js';
import { withDirectory } from '../../src/access/directory/with-directory.js';
import { systemTenantId } from '../../src/access/reserved-tenants.js';
import { type AccessInstallation, createAccessInstallation } from './support/access-installation.js';
import {
  logIn,
  machineToken,
  ownerPassword,
  postForm,
  seedTenant,
  startAccess,
  type TestAccess,
  type TestTenant,
} from './support/access-manager.js';

describe('a login that is refused', () => {
  let installation: AccessInstallation;
  let access: TestAccess;
  let tenant: TestTenant;
  let other: TestTenant;
  /** Another network for each attempt, so that the limit on failures stays out of the way. */
  let address = 0;
  const attempt = (body: object) => {
    address += 1;
    return logIn(access, body, `2001:db8:0:${address.toString(16)}::1`);
  };

  beforeAll(async () => {
    installation = await createAccessInstallation();
    access = await startAccess(installation);
    tenant = await seedTenant(access, 'acme');
    other = await seedTenant(access, 'other', 'editor', 'somebody@example.com');
    await withDirectory(access.store, other.tenantId, ({ db }) =>
      db.updateTable('app_user').set({ disabled_at: new Date() }).execute(),
    );
  });
  afterAll(async () => {
    await access.close();
    await installation.drop();
  });

  const cases = (): Record<string, object> => {
    const { clientId, clientSecret, username } = tenant;
    const person = { grantType: 'password', username, password: ownerPassword, clientId };
    const machine = { grantType: 'client_credentials', clientId, clientSecret };
    return {
      'unknown user': { ...person, username: 'nobody@example.com' },
      'wrong password': { ...person, password: 'Wrong horse 7 battery' },
      'unknown client': { ...person, clientId: 'f'.repeat(32) },
      'odd client id': { ...person, clientId: `x'; drop table app_user; --` },
      'disabled user': { ...person, clientId: other.clientId, username: other.username },
      "a user of another tenant's": { ...person, username: other.username },
      'right password, wrong client secret': { ...person, clientSecret: 'wrong' },
      'machine, unknown client': { ...machine, clientId: 'f'.repeat(32) },
      'machine, wrong secret': { ...machine, clientSecret: `${clientSecret}x` },
      "machine, another tenant's secret": { ...machine, clientSecret: other.clientSecret },
    };
  };

  it('answers alike in status, body and headers, whatever was wrong', async () => {
    const seen = new Map<string, string[]>();
    for (const [what, body] of Object.entries(cases())) {
      const answer = await attempt(body);
      const { date, 'x-request-id': id, ...headers } = answer.headers;
      const shown = JSON.stringify([answer.statusCode, answer.body, headers]);
      seen.set(shown, [...(seen.get(shown) ?? []), what]);
    }
    expect([...seen.values()]).toHaveLength(1);
    expect(JSON.parse([...seen.keys()][0] ?? '')).toMatchObject([
      401,
      expect.stringContaining('"code":"AUT-1002"'),
      {},
    ]);
  });

  it('takes the same time for each person, whatever was wrong', async () => {
    const names = ['unknown user', 'wrong password', 'unknown client', 'disabled user'];
    const times = new Map<string, number[]>(names.map((name) => [name, []]));
    // The fastest of each comes down to what the work itself takes, on a busy machine after more rounds.
    const fastestOf = () => [...times.values()].map((list) => Math.min(...list));
    const areAlike = (all: readonly number[]) => Math.min(...all) > Math.max(...all) * 0.4;
    // Interleaved, so that a busy moment of the machine meets all of them.
    for (let round = 0; round < 15 || (round < 150 && !areAlike(fastestOf())); round += 1)
      for (const name of names) {
        const body = cases()[name] ?? {};
        const startedAt = performance.now();
        await attempt(body);
        times.get(name)?.push(performance.now() - startedAt);
      }
    // One argon2id is 14 ms and more: skipping it for anybody would show as a factor of five, and never go away.
    const fastest = fastestOf();
    expect(areAlike(fastest), `fastest ${fastest.map((ms) => ms.toFixed(1)).join(', ')} ms`).toBe(true);
  });

  it.each([
    ['no body', undefined, 'AUT-0009'],
    ['no grant type', {}, 'AUT-0001'],
    ['an unknown grant', { grantType: 'magic' }, 'AUT-0013'],
    ['a grant without its members', { grantType: 'password', username: 'x' }, 'AUT-0014'],
    [
      'a person without client in multi-tenant mode',
      { grantType: 'password', username: 'x', password: 'y' },
      'AUT-0014',
    ],
    [
      'two ways at once',
      { grantType: 'client_credentials', clientId: 'x', clientSecret: 'y', username: 'z' },
      'AUT-0003',
    ],
    ['a wrong type', { grantType: 'password', username: 7, password: 'x', clientId: 'y' }, 'AUT-0009'],
    ['a null character', { grantType: 'password', username: 'a\0b', password: 'x', clientId: 'y' }, 'AUT-0009'],
    [
      'an endless password',
      { grantType: 'password', username: 'a', password: 'x'.repeat(2_000), clientId: 'y' },
      'AUT-0009',
    ],
    // the tenant of a login is that of its client and of nothing else.
    [
      'a tenant named',
      { grantType: 'password', username: 'x', password: 'y', clientId: 'z', tenantId: 'a' },
      'AUT-0003',
    ],
    [
      'a tenant named in snake case',
      { grantType: 'client_credentials', clientId: 'z', clientSecret: 'y', tenant_id: 'a' },
      'AUT-0003',
    ],
    [
      'an organization named',
      { grantType: 'client_credentials', clientId: 'z', clientSecret: 'y', organization: 'a' },
      'AUT-0003',
    ],
  ])('says what is wrong with the request: %s', async (_what, body, code) => {
    const answer = await attempt(body as object);
    expect(answer.json()).toMatchObject({ code, title: expect.any(String), message: expect.any(String) });
    expect(answer.statusCode).toBe(400);
  });

  it('never repeats what was sent under an unexpected name', async () => {
    const answer = await attempt({ grantType: 'client_credentials', clientId: 'x', secret: 'do-not-show-me' });
    expect(answer.json()).toMatchObject({ code: 'AUT-0003', fields: { secret: 'is not expected here' } });
    expect(answer.body).not.toContain('do-not-show-me');
  });

  it('X-37 cannot choose the tenant by writing owner/name or a tenant header', async () => {
    const { clientId, password } = tenant;
    for (const username of [
      `other/${other.username}`,
      `${other.tenantId}/${other.username}`,
      `other\\${other.username}`,
    ])
      expect((await attempt({ grantType: 'password', username, password, clientId })).statusCode).toBe(401);
    const answer = await access.app.inject({
      method: 'POST',
      url: '/v1/login/oauth/access_token?tenantId=x',
      headers: { 'x-tenant-id': other.tenantId, host: 'other.example.com', cookie: `tenantId=${other.tenantId}` },
      payload: { grantType: 'client_credentials', clientId: tenant.clientId, clientSecret: tenant.clientSecret },
    });
    const claims = JSON.parse(Buffer.from(answer.json().accessToken.split('.')[1], 'base64url').toString());
    expect(claims.tenantId).toBe(tenant.tenantId);
  });

  it('tells only those with correct credentials that their tenant is suspended', async () => {
    const suspended = await seedTenant(access, 'asleep');
    access.statuses.set(suspended.tenantId, 'suspended');
    const { clientId, clientSecret, username, password } = suspended;
    const right = [
      { grantType: 'client_credentials', clientId, clientSecret },
      { grantType: 'password', username, password, clientId },
    ];
    for (const body of right) {
      const answer = await attempt(body);
      expect(answer.statusCode).toBe(403);
      expect(answer.json()).toMatchObject({ code: 'AUT-0016', title: 'Tenant Suspended' });
    }
    const wrong = [
      { grantType: 'client_credentials', clientId, clientSecret: 'wrong' },
      { grantType: 'password', username, password: 'wrong', clientId },
    ];
    for (const body of wrong) expect((await attempt(body)).json()).toMatchObject({ code: 'AUT-1002' });

    access.statuses.set(suspended.tenantId, 'active');
    for (const body of right) expect((await attempt(body)).statusCode).toBe(200);
    for (const status of ['deleting', 'deleted', undefined]) {
      access.statuses.set(suspended.tenantId, status);
      expect((await attempt(right[0] ?? {})).statusCode).toBe(403);
    }
    access.statuses.set(suspended.tenantId, 'provisioning');
    const early = await attempt(right[0] ?? {});
    expect(early.statusCode).toBe(503);
    expect(early.headers['retry-after']).toBe('5');
  });

  it('answers 503, never a token, when the status of the tenant cannot be had', async () => {
    const unlucky = await startAccess(installation, {
      tenantStatus: async () => {
        throw new Error('the control database is away');
      },
    });
    const { clientId, clientSecret } = tenant;
    const answer = await logIn(unlucky, { grantType: 'client_credentials', clientId, clientSecret });
    expect(answer.json()).toMatchObject({ code: 'AUT-1099' });
    expect(answer.statusCode).toBe(503);
    const headers = { 'x-api-key': deriveServiceKey(installation.encryptionKey) };
    const token = await machineToken(access, tenant);
    expect((await postForm(unlucky, '/v1/introspect', { token }, headers)).statusCode).toBe(503);
    await unlucky.close();
  });

  it('meets expired and disabled applications', async () => {
    const brief = await seedTenant(access, 'brief');
    const { clientId, clientSecret, tenantId } = brief;
    const change = (values: { expires_at?: Date | null; disabled_at?: Date | null }) =>
      withDirectory(access.store, tenantId, ({ db }) => db.updateTable('application').set(values).execute());
    const status = async () => (await attempt({ grantType: 'client_credentials', clientId, clientSecret })).statusCode;
    await change({ expires_at: new Date(access.clock.now.getTime() + 60_000) });
    expect(await status()).toBe(200);
    await change({ expires_at: access.clock.now });
    expect(await status()).toBe(401);
    await change({ expires_at: null, disabled_at: new Date() });
    expect(await status()).toBe(401);
  });

  it('does not let the system client of a tenant log in as a machine', async () => {
    const system = await withDirectory(access.store, tenant.tenantId, ({ db }) =>
      db.selectFrom('application').select('client_id').where('is_system', '=', true).executeTakeFirstOrThrow(),
    );
    const body = { grantType: 'client_credentials', clientId: system.client_id };
    for (const clientSecret of ['x', 'null', 'A'.repeat(43)])
      expect((await attempt({ ...body, clientSecret })).statusCode).toBe(401);
  });

  it('is kept in the audit of its tenant, without any secret', async () => {
    const audited = await seedTenant(access, 'audited');
    const { clientId, clientSecret, username, password, tenantId } = audited;
    await logIn(access, { grantType: 'client_credentials', clientId, clientSecret }, '203.0.113.7');
    await logIn(
      access,
      { grantType: 'password', username, password: 'Wrong horse 8 battery', clientId },
      '203.0.113.8',
    );
    await logIn(
      access,
      { grantType: 'password', username: 'Typed-my-Pa55word-here', password, clientId },
      '203.0.113.9',
    );
    await logIn(access, { grantType: 'password', username, password, clientId: 'nobody' }, '203.0.113.10');
    access.statuses.set(tenantId, 'suspended');
    await logIn(access, { grantType: 'client_credentials', clientId, clientSecret }, '203.0.113.11');
    const events = (id: typeof tenantId) =>
      withDirectory(access.store, id, ({ db }) =>
        db.selectFrom('audit_event').selectAll().where('kind', '=', 'login').orderBy('address').execute(),
      );
    // Failures are kept without the caller waiting.
    await vi.waitFor(async () => expect(await events(tenantId)).toHaveLength(4), 15_000);
    const kept = await events(tenantId);
    expect(kept.map(({ address, result, reason, actor }) => ({ address, result, reason, actor }))).toEqual([
      { address: '203.0.113.11', result: 'refused', reason: 'tenant_not_active', actor: clientId },
      { address: '203.0.113.7', result: 'ok', reason: null, actor: clientId },
      { address: '203.0.113.8', result: 'failed', reason: 'wrong_password', actor: expect.any(String) },
      { address: '203.0.113.9', result: 'failed', reason: 'unknown_user', actor: clientId },
    ]);
    const unknown = await events(systemTenantId);
    expect(unknown).toContainEqual(expect.objectContaining({ address: '203.0.113.10', reason: 'unknown_client' }));
    const text = JSON.stringify([kept, unknown, access.logged]);
    for (const secret of [clientSecret, password, 'Wrong horse', 'Typed-my-Pa55word'])
      expect(text).not.toContain(secret);
  });

  it('is refused with 429 after ten failures of one client from one address, for a minute, and only there', async () => {
    const limited = await seedTenant(access, 'limited');
    const { clientId, clientSecret } = limited;
    const right = { grantType: 'client_credentials', clientId, clientSecret };
    const wrong = { ...right, clientSecret: 'guess' };
    for (let guess = 0; guess < 10; guess += 1) expect((await logIn(access, wrong)).statusCode).toBe(401);
    const refused = await logIn(access, wrong);
    expect(refused.statusCode).toBe(429);
    expect(refused.json()).toMatchObject({ code: 'AUT-0015' });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect((await logIn(access, right)).statusCode).toBe(429);
    // The victim of a guesser comes from elsewhere and is not locked out.
    expect((await logIn(access, right, '198.51.100.4')).statusCode).toBe(200);
    access.clock.forward(61);
    expect((await logIn(access, right)).statusCode).toBe(200);
  });

  it('does not lock a person out where they logged in before, in whatever process', async () => {
    const { clientId, username, password } = await seedTenant(access, 'besieged');
    const right = { grantType: 'password', username, password, clientId };
    expect((await logIn(access, right, '198.51.100.20')).statusCode).toBe(200);
    const another = await startAccess(installation);
    for (let guess = 0; guess < 100; guess += 1)
      await logIn(another, { ...right, password: 'wrong' }, `198.51.101.${guess}`);
    expect((await logIn(another, right, '198.51.100.21')).statusCode).toBe(429);
    expect((await logIn(another, right, '198.51.100.20')).statusCode).toBe(200);
    await another.close();
  });

  it('that names made-up clients is limited by its address alone, so that others need not wait', async () => {
    const stranger = (at: number) =>
      logIn(access, { grantType: 'password', username: 'x', password: 'y', clientId: `made-up-${at}` }, '198.51.100.5');
    for (let guess = 0; guess < 30; guess += 1) expect((await stranger(guess)).statusCode).toBe(401);
    expect((await stranger(30)).json()).toMatchObject({ code: 'AUT-0015' });
    const { clientId, username, password } = tenant;
    const right = { grantType: 'password', username, password, clientId };
    expect((await logIn(access, right, '198.51.100.5')).statusCode).toBe(200);
  });

  it('is counted by the network of an IPv6 address: a new one for each guess buys nothing', async () => {
    const limited = await seedTenant(access, 'limited-v6');
    const wrong = { grantType: 'client_credentials', clientId: limited.clientId, clientSecret: 'guess' };
    const statuses: number[] = [];
    for (let guess = 1; guess <= 11; guess += 1)
      statuses.push((await logIn(access, wrong, `2001:db8:1:1::${guess.toString(16)}`)).statusCode);
    expect([statuses.indexOf(429), statuses.length]).toEqual([10, 11]);
    expect((await logIn(access, wrong, '2001:db8:1:2::1')).statusCode).toBe(401);
  });

  it('is not limited while it succeeds', async () => {
    const { clientId, clientSecret } = tenant;
    for (let count = 0; count < 30; count += 1)
      expect((await logIn(access, { grantType: 'client_credentials', clientId, clientSecret })).statusCode).toBe(200);
  });
});
