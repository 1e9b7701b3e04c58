import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pruneAuditEvents } from '../../src/access/directory/audit-events.js';
import { withDirectory } from '../../src/access/directory/with-directory.js';
import { type AccessInstallation, createAccessInstallation } from './support/access-installation.js';
import {
  get,
  logIn,
  machineToken,
  personToken,
  seedTenant,
  startAccess,
  type TestAccess,
  type TestTenant,
} from './support/access-manager.js';

let installation: AccessInstallation;
let access: TestAccess;
let a: TestTenant;
let b: TestTenant;
let tokenA: string;
let tokenB: string;

beforeAll(async () => {
  installation = await createAccessInstallation();
  access = await startAccess(installation);
  a = await seedTenant(access, 'acme');
  b = await seedTenant(access, 'bolt');
  tokenA = await personToken(access, a);
  tokenB = await personToken(access, b);
});
afterAll(async () => {
  await access.close();
  await installation.drop();
});

type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';
const password = 'Another horse 8 battery';

function send(method: Method, url: string, token: string, payload?: object) {
  return access.app.inject({
    method,
    url,
    headers: { authorization: `Bearer ${token}` },
    ...(payload !== undefined && { payload }),
  });
}

let count = 0;
async function newUser(token: string, changes: object = {}) {
  count += 1;
  const answer = await send('POST', '/v1/users', token, {
    email: `u${count}@example.com`,
    firstName: 'Ana',
    lastName: 'Lima',
    username: `u${count}`,
    password,
    ...changes,
  });
  expect(answer.statusCode, answer.body).toBe(201);
  return answer.json() as { id: string; username: string; groups: string[] };
}

async function newApplication(token: string, changes: object = {}) {
  const answer = await send('POST', '/v1/applications', token, { name: 'midaz', description: 'robot', ...changes });
  expect(answer.statusCode, answer.body).toBe(201);
  return answer.json() as { id: string; clientId: string; clientSecret: string; role: string };
}

const loginOf = (tenant: TestTenant, username: string, secret = password) =>
  logIn(access, { grantType: 'password', username, password: secret, clientId: tenant.clientId });
const machineLogin = ({ clientId, clientSecret }: { clientId: string; clientSecret: string }, address?: string) =>
  logIn(access, { grantType: 'client_credentials', clientId, clientSecret }, address);

async function auditOf(token: string, query = '') {
  return (await send('GET', `/v1/audit-events?limit=100${query}`, token)).json().items as Record<string, string>[];
}

describe('users', () => {
  it('are created, read, listed, changed and deleted', async () => {
    const user = await newUser(tokenA, { groups: ['midaz-viewer-group'] });
    expect(user).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      firstName: 'Ana',
      lastName: 'Lima',
      email: `${user.username}@example.com`,
      username: user.username,
      groups: ['midaz-viewer-group'],
      disabled: false,
    });
    expect((await send('GET', `/v1/users/${user.id}`, tokenA)).json()).toEqual(user);
    const list = (await send('GET', '/v1/users?page=1&limit=1', tokenA)).json();
    expect(list).toMatchObject({ items: [{ username: a.username }], page: 1, limit: 1 });
    expect(list.total).toBeGreaterThanOrEqual(2);
    const changed = await send('PATCH', `/v1/users/${user.id}`, tokenA, { firstName: 'Bea', groups: [] });
    expect(changed.json()).toEqual({ ...user, firstName: 'Bea', groups: [] });
    expect((await send('DELETE', `/v1/users/${user.id}`, tokenA)).statusCode).toBe(204);
    const gone = await send('GET', `/v1/users/${user.id}`, tokenA);
    expect([gone.statusCode, gone.json().code]).toEqual([404, 'IDE-0100']);
    expect((await loginOf(a, user.username)).statusCode).toBe(401);
  });

  it('have names and e-mails that are unique in the tenant, not beyond it', async () => {
    const user = await newUser(tokenA, { username: 'same', email: 'same@example.com' });
    for (const changes of [
      { username: 'SAME', email: 'x@example.com' },
      { username: 'x', email: 'Same@example.com' },
    ]) {
      const body = { firstName: 'A', lastName: 'B', password, ...changes };
      const taken = await send('POST', '/v1/users', tokenA, body);
      expect([taken.statusCode, taken.json().code]).toEqual([409, 'IDE-0101']);
    }
    const other = await newUser(tokenB, { username: 'same', email: 'same@example.com' });
    expect(other.id).not.toBe(user.id);
    const one = (await get(access, '/v1/userinfo', (await loginOf(a, 'same')).json().accessToken)).json();
    const two = (await get(access, '/v1/userinfo', (await loginOf(b, 'same')).json().accessToken)).json();
    expect([one.sub, two.sub]).toEqual([user.id, other.id]);
    const third = await newUser(tokenA);
    const change = await send('PATCH', `/v1/users/${third.id}`, tokenA, { email: 'same@example.com' });
    expect(change.json().code).toBe('IDE-0101');
  });

  it('are refused with the codes of Identity', async () => {
    const good = { email: 'v@example.com', firstName: 'A', lastName: 'B', username: 'v', password };
    const cases: [object, number, string][] = [
      [{ ...good, email: undefined }, 400, 'IDE-0001'],
      [{ ...good, email: 'nobody' }, 400, 'IDE-0009'],
      [{ ...good, tenantId: b.tenantId }, 400, 'IDE-0003'],
      [{ ...good, password: 'short' }, 422, 'IDE-0105'],
      [{ ...good, groups: ['owners'] }, 422, 'IDE-0102'],
    ];
    for (const [body, status, code] of cases) {
      const answer = await send('POST', '/v1/users', tokenA, body);
      expect([answer.statusCode, answer.json().code], answer.body).toEqual([status, code]);
      expect(answer.body).not.toContain(password);
    }
    expect((await send('GET', '/v1/users?limit=101', tokenA)).json().code).toBe('IDE-0004');
    expect((await send('GET', '/v1/users/nobody', tokenA)).json().code).toBe('IDE-0002');
  });

  it('cannot delete or disable themselves', async () => {
    const { sub } = (await get(access, '/v1/userinfo', tokenA)).json();
    for (const answer of [
      await send('DELETE', `/v1/users/${sub}`, tokenA),
      await send('PATCH', `/v1/users/${sub}`, tokenA, { disabled: true }),
    ])
      expect([answer.statusCode, answer.json().code]).toEqual([409, 'IDE-0107']);
  });

  it('always leave one administrator who can log in, also when two leave at the same time', async () => {
    const tenant = await seedTenant(access, 'lone');
    const first = await personToken(access, tenant);
    const { sub: firstId } = (await get(access, '/v1/userinfo', first)).json();
    const leave = (token: string, id: string) => send('PATCH', `/v1/users/${id}`, token, { groups: [] });
    const refused = await leave(first, firstId);
    expect([refused.statusCode, refused.json().code]).toEqual([409, 'IDE-0110']);
    // One who may not log in does not count.
    const spare = await newUser(first, { groups: ['admin-group'] });
    expect((await send('PATCH', `/v1/users/${spare.id}`, first, { disabled: true })).statusCode).toBe(200);
    expect((await leave(first, firstId)).statusCode).toBe(409);

    expect((await send('PATCH', `/v1/users/${spare.id}`, first, { disabled: false })).statusCode).toBe(200);
    const second = (await loginOf(tenant, spare.username)).json().accessToken;
    // Each puts the other out.
    const answers = await Promise.all([
      leave(first, spare.id),
      send('PATCH', `/v1/users/${firstId}`, second, { disabled: true }),
    ]);
    // Or the other was out already when the request came.
    const [done, late] = answers.map(({ statusCode }) => statusCode).sort();
    expect(done).toBe(200);
    expect([401, 403, 409]).toContain(late);
    const left = (await send('GET', '/v1/groups', answers[0].statusCode === 200 ? first : second)).json().items;
    expect(left.find(({ name }: { name: string }) => name === 'admin-group').users).toContain(
      answers[0].statusCode === 200 ? tenant.username : spare.username,
    );
  });

  it('lose everything at once when they are disabled, and get it back', async () => {
    const user = await newUser(tokenA, { groups: ['admin-group'] });
    const token = (await loginOf(a, user.username)).json().accessToken;
    expect((await send('GET', '/v1/users', token)).statusCode).toBe(200);
    await send('PATCH', `/v1/users/${user.id}`, tokenA, { disabled: true });
    expect((await send('GET', '/v1/users', token)).statusCode).toBe(401);
    expect((await loginOf(a, user.username)).statusCode).toBe(401);
    await send('PATCH', `/v1/users/${user.id}`, tokenA, { disabled: false });
    expect((await loginOf(a, user.username)).statusCode).toBe(200);
  });

  it('may do at once what their groups may', async () => {
    const user = await newUser(tokenA);
    const token = (await loginOf(a, user.username)).json().accessToken;
    expect((await send('GET', '/v1/users', token)).json().code).toBe('AUT-0008');
    await send('PATCH', `/v1/users/${user.id}`, tokenA, { groups: ['admin-group'] });
    expect((await send('GET', '/v1/users', token)).statusCode).toBe(200);
    await send('PATCH', `/v1/users/${user.id}`, tokenA, { groups: ['midaz-viewer-group'] });
    expect((await send('GET', '/v1/users', token)).statusCode).toBe(403);
    expect((await get(access, '/v1/permissions', token)).json()['accounts']).toEqual(['get', 'head']);
  });
});

describe('passwords', () => {
  it('are changed by their owner, who knows the old one; every login ends', async () => {
    const user = await newUser(tokenA);
    const url = `/v1/users/${user.id}/update-password`;
    const token = (await loginOf(a, user.username)).json().accessToken;
    const wrong = await send('PATCH', url, token, {
      oldPassword: 'Wrong horse 9 battery',
      newPassword: `${password}2`,
    });
    expect([wrong.statusCode, wrong.json().code]).toEqual([422, 'IDE-0106']);
    const weak = await send('PATCH', url, token, { oldPassword: password, newPassword: 'weak' });
    expect(weak.json().code).toBe('IDE-0105');
    const right = await send('PATCH', url, token, { oldPassword: password, newPassword: `${password}2` });
    expect(right.statusCode).toBe(204);
    expect((await get(access, '/v1/userinfo', token)).statusCode).toBe(401);
    expect((await loginOf(a, user.username)).statusCode).toBe(401);
    expect((await loginOf(a, user.username, `${password}2`)).statusCode).toBe(200);
  });

  it('of others cannot be changed that way, whoever they are, nor guessed', async () => {
    const user = await newUser(tokenA);
    const token = (await loginOf(a, user.username)).json().accessToken;
    const body = { oldPassword: 'Wrong horse 9 battery', newPassword: `${password}2` };
    const { sub: owner } = (await get(access, '/v1/userinfo', tokenA)).json();
    for (const id of [owner, crypto.randomUUID()])
      expect((await send('PATCH', `/v1/users/${id}/update-password`, token, body)).statusCode).toBe(403);
    const codes: number[] = [];
    for (let guess = 0; guess < 11; guess += 1)
      codes.push((await send('PATCH', `/v1/users/${user.id}/update-password`, token, body)).statusCode);
    expect(codes).toEqual([...Array(10).fill(422), 429]);
  });

  it('are reset by an administrator only', async () => {
    const user = await newUser(tokenA);
    const url = `/v1/users/${user.id}/reset-password`;
    const token = (await loginOf(a, user.username)).json().accessToken;
    expect((await send('PATCH', url, token, { newPassword: `${password}3` })).statusCode).toBe(403);
    expect((await send('PATCH', url, tokenA, { newPassword: `${password}3` })).statusCode).toBe(204);
    expect((await get(access, '/v1/userinfo', token)).statusCode).toBe(401);
    expect((await loginOf(a, user.username, `${password}3`)).statusCode).toBe(200);
  });
});

describe('groups', () => {
  it('are predefined, with members and what they reach', async () => {
    const list = (await send('GET', '/v1/groups', tokenA)).json();
    expect(list.items.map(({ name }: { name: string }) => name)).toEqual([
      'admin-group',
      'midaz-contributor-group',
      'midaz-editor-group',
      'midaz-viewer-group',
    ]);
    expect(list).toMatchObject({ page: 1, limit: 10, total: 4 });
    expect(list.items[0].users).toContain(a.username);
    const one = (await send('GET', `/v1/groups/${list.items[3].id}`, tokenA)).json();
    expect(one.permissions).toContainEqual({ product: 'midaz', resource: 'accounts', actions: ['get', 'head'] });
    expect((await send('POST', '/v1/groups', tokenA, { name: 'x' })).statusCode).toBe(405);
  });
});

describe('applications', () => {
  it('show their secret once and log in with it', async () => {
    const made = await newApplication(tokenA);
    expect(made).toMatchObject({ name: 'midaz', description: 'robot', role: 'viewer', disabled: false, system: false });
    expect((await machineLogin(made)).statusCode).toBe(200);
    for (const url of ['/v1/applications', `/v1/applications/${made.id}`]) {
      const read = await send('GET', url, tokenA);
      expect(read.statusCode).toBe(200);
      expect(read.body).not.toMatch(/secret/i);
      expect(read.body).toContain(made.clientId);
    }
    expect(access.logged.join('')).not.toContain(made.clientSecret);
  });

  it('are gone at once when they are deleted or disabled', async () => {
    for (const end of ['DELETE', 'PATCH'] as const) {
      const made = await newApplication(tokenA, { role: 'editor' });
      const token = (await machineLogin(made)).json().accessToken;
      expect((await get(access, '/v1/permissions', token)).statusCode).toBe(200);
      await send(end, `/v1/applications/${made.id}`, tokenA, end === 'PATCH' ? { disabled: true } : undefined);
      expect((await get(access, '/v1/permissions', token)).statusCode).toBe(401);
      expect((await machineLogin(made)).statusCode).toBe(401);
    }
  });

  it('rotate their secret with an overlap, or without', async () => {
    const made = await newApplication(tokenA);
    const url = `/v1/applications/${made.id}/rotate-secret`;
    const second = (await send('POST', url, tokenA, { overlapSeconds: 600 })).json();
    expect(Date.parse(second.previousSecretUntil) - access.clock.now.getTime()).toBe(600_000);
    for (const secret of [made, second]) expect((await machineLogin(secret)).statusCode).toBe(200);
    const third = (await send('POST', url, tokenA, { overlapSeconds: 600 })).json();
    expect((await machineLogin(made)).statusCode).toBe(401);
    for (const secret of [second, third]) expect((await machineLogin(secret)).statusCode).toBe(200);
    access.clock.forward(601);
    expect((await machineLogin(second)).statusCode).toBe(401);
    const leaked = (await send('POST', url, tokenA, { overlapSeconds: 0 })).json();
    expect(leaked.previousSecretUntil).toBeNull();
    expect((await machineLogin(third)).statusCode).toBe(401);
    expect((await machineLogin(leaked)).statusCode).toBe(200);
  });

  it('end at their time and come from where they may only', async () => {
    const expiresAt = new Date(access.clock.now.getTime() + 60_000).toISOString();
    const ending = await newApplication(tokenA, { expiresAt });
    expect((await machineLogin(ending)).statusCode).toBe(200);
    access.clock.forward(61);
    expect((await machineLogin(ending)).statusCode).toBe(401);
    const bound = await newApplication(tokenA, { allowedAddresses: ['198.51.100.0/24', '2001:db8::/32'] });
    expect((await machineLogin(bound, '192.0.2.1')).statusCode).toBe(401);
    for (const address of ['198.51.100.7', '::ffff:198.51.100.7', '2001:db8::1'])
      expect((await machineLogin(bound, address)).statusCode, address).toBe(200);
    for (const body of [
      { expiresAt: '2020-01-01T00:00:00Z' },
      { expiresAt: 'tomorrow' },
      { allowedAddresses: ['10.0.0.0/33'] },
      { allowedAddresses: ['example.com'] },
      { name: 'anything' },
      { role: 'owner' },
    ]) {
      const refused = await send('POST', '/v1/applications', tokenA, { name: 'midaz', ...body });
      expect([refused.statusCode, refused.json().code], JSON.stringify(body)).toEqual([400, 'IDE-0009']);
    }
  });

  it('of the system are protected', async () => {
    const system = (await send('GET', '/v1/applications', tokenA))
      .json()
      .find((one: { system: boolean }) => one.system);
    for (const answer of [
      await send('DELETE', `/v1/applications/${system.id}`, tokenA),
      await send('PATCH', `/v1/applications/${system.id}`, tokenA, { disabled: true }),
      await send('POST', `/v1/applications/${system.id}/rotate-secret`, tokenA, {}),
    ])
      expect([answer.statusCode, answer.json().code]).toEqual([403, 'IDE-0104']);
  });
});

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
