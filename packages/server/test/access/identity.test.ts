import { afterAll, describe, expect, it } from 'vitest';
import { pruneAuditEvents } from '../../src/access/directory/audit-events.js';
import { withDirectory } from '../../src/access/directory/with-directory.js';
import { get, machineToken, seedTenant } from './support/access-manager.js';
import { type Method, openIdentity, password } from './support/identity.js';

const { access, a, b, tokenA, tokenB, send, newUser, newApplication, loginOf, machineLogin, auditOf, close } =
  await openIdentity();
afterAll(close);

describe('walls between tenants', () => {
  it('X-36: ids of another tenant are nobody here, and its groups unknown', async () => {
    const user = await newUser(tokenB);
    const application = await newApplication(tokenB);
    const group = (await send('GET', '/v1/groups', tokenB)).json().items[0];
    const tries: [Method, string, object?][] = [
      ['GET', `/v1/users/${user.id}`],
      ['PATCH', `/v1/users/${user.id}`, { firstName: 'X' }],
      ['DELETE', `/v1/users/${user.id}`],
      ['PATCH', `/v1/users/${user.id}/reset-password`, { newPassword: `${password}4` }],
      ['GET', `/v1/groups/${group.id}`],
      ['GET', `/v1/applications/${application.id}`],
      ['PATCH', `/v1/applications/${application.id}`, { role: 'editor' }],
      ['DELETE', `/v1/applications/${application.id}`],
      ['POST', `/v1/applications/${application.id}/rotate-secret`, {}],
    ];
    for (const [method, url, body] of tries) {
      const foreign = await send(method, url, tokenA, body);
      const random = await send(method, url.replace(/[0-9a-f-]{36}/, crypto.randomUUID()), tokenA, body);
      expect(foreign.statusCode, `${method} ${url}`).toBe(404);
      expect(foreign.body).toBe(random.body);
    }
    const mine = await newUser(tokenA);
    const joined = await send('PATCH', `/v1/users/${mine.id}`, tokenA, { groups: [group.id] });
    expect([joined.statusCode, joined.json().code]).toEqual([422, 'IDE-0102']);
    expect((await loginOf(b, user.username)).statusCode).toBe(200);
    expect((await machineLogin(application)).statusCode).toBe(200);
  });

  it('X-39: the same user name in two tenants has the permissions of its own tenant', async () => {
    const names = { username: 'twin', email: 'twin@example.com' };
    await newUser(tokenA, { ...names, groups: ['admin-group'] });
    await newUser(tokenB, { ...names, groups: ['midaz-viewer-group'] });
    const [inA, inB] = [(await loginOf(a, 'twin')).json().accessToken, (await loginOf(b, 'twin')).json().accessToken];
    for (let round = 0; round < 2; round += 1) {
      expect((await get(access, '/v1/permissions', inA)).json()['accounts']).toContain('delete');
      expect((await get(access, '/v1/permissions', inB)).json()['accounts']).toEqual(['get', 'head']);
    }
  });

  it('machines may not administer, whatever their role', async () => {
    const token = await machineToken(access, a);
    for (const url of ['/v1/users', '/v1/groups', '/v1/applications', '/v1/audit-events'])
      expect((await send('GET', url, token)).statusCode, url).toBe(403);
  });

  it('every route of Identity asks for a token and for a permission', async () => {
    const lonely = await newUser(tokenA);
    const token = (await loginOf(a, lonely.username)).json().accessToken;
    const identity = access.routes.filter(({ url }) => /^\/v1\/(users|groups|applications|audit-events)/.test(url));
    expect(identity.length).toBeGreaterThanOrEqual(16);
    for (const { method, url } of identity) {
      const path = url.replace(/:\w+/, crypto.randomUUID());
      expect((await access.app.inject({ method, url: path })).statusCode, `${method} ${url}`).toBe(401);
      const payload = ['GET', 'DELETE'].includes(method) ? undefined : {};
      const status = (await send(method as Method, path, token, payload)).statusCode;
      expect([400, 403], `${method} ${url}`).toContain(status);
    }
  });
});

describe('audit events', () => {
  it('tell the administrators of the tenant who did what, and nobody else', async () => {
    const { sub: actor } = (await get(access, '/v1/userinfo', tokenA)).json();
    const user = await newUser(tokenA);
    await send('PATCH', `/v1/users/${user.id}`, tokenA, { groups: ['midaz-viewer-group'] });
    await send('PATCH', `/v1/users/${user.id}/reset-password`, tokenA, { newPassword: `${password}5` });
    await send('DELETE', `/v1/users/${user.id}`, tokenA);
    const found = await auditOf(tokenA, `&target=${user.id}`);
    expect(found.map(({ kind, reason }) => `${kind} ${reason}`)).toEqual([
      'user deleted',
      'password reset',
      'user groups_changed',
      'user created',
    ]);
    for (const event of found) expect(event).toMatchObject({ actor, result: 'ok', address: '127.0.0.1' });
    expect(await auditOf(tokenB, `&target=${user.id}`)).toEqual([]);
    expect(JSON.stringify(await auditOf(tokenB))).not.toContain(actor);
  });

  it('are paged and filtered', async () => {
    const page = (await send('GET', '/v1/audit-events?page=2&limit=3&kind=user', tokenA)).json();
    expect(page).toMatchObject({ page: 2, limit: 3 });
    expect(page.items).toHaveLength(3);
    const first = (await send('GET', '/v1/audit-events?page=1&limit=3&kind=user', tokenA)).json();
    expect(first.items.map(({ id }: { id: string }) => id)).not.toContain(page.items[0].id);
    expect(page.items.every(({ kind }: { kind: string }) => kind === 'user')).toBe(true);
    expect(await auditOf(tokenA, '&from=2999-01-01')).toEqual([]);
    expect((await auditOf(tokenA, '&to=2999-01-01T00:00:00Z')).length).toBeGreaterThan(0);
    expect((await send('GET', '/v1/audit-events?from=yesterday', tokenA)).json().code).toBe('IDE-0004');
  });

  it('go when they are old, by age only, and not by the hand of the service', async () => {
    const tenant = await seedTenant(access, 'old');
    const insert = (days: number) =>
      withDirectory(access.store, tenant.tenantId, ({ db, tenantId }) =>
        db
          .insertInto('audit_event')
          .values({
            tenant_id: tenantId,
            id: crypto.randomUUID(),
            at: new Date(Date.now() - days * 86_400_000),
            kind: `${days} days`,
            result: 'ok',
            reason: null,
            actor: null,
            address: null,
            target: null,
          })
          .execute(),
      );
    for (const days of [400, 40, 20]) await insert(days);
    const kinds = () =>
      withDirectory(access.store, tenant.tenantId, async ({ db }) =>
        (await db.selectFrom('audit_event').select('kind').where('kind', 'like', '% days').orderBy('at').execute()).map(
          ({ kind }) => kind,
        ),
      );
    expect(await prune(365)).toBe(1);
    expect(await kinds()).toEqual(['40 days', '20 days']);
    // Even when it is told to, the database keeps what is younger than 30 days.
    expect(await prune(1)).toBe(1);
    expect(await kinds()).toEqual(['20 days']);
    await expect(
      withDirectory(access.store, tenant.tenantId, ({ db }) => db.deleteFrom('audit_event').execute()),
    ).rejects.toMatchObject({ code: '42501' });
  });
});

const prune = (days: number) => pruneAuditEvents(access.store, new Date(Date.now() - days * 86_400_000));
