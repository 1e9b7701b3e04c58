import { afterAll, describe, expect, it, vi } from 'vitest';
import { lockUser } from '../../src/access/directory/users.js';
import { withDirectory } from '../../src/access/directory/with-directory.js';
import { get, personToken, seedTenant, untilBlocked } from './support/access-manager.js';
import { openIdentity, password } from './support/identity.js';

const { access, a, b, tokenA, tokenB, send, newUser, loginOf, auditOf, close } = await openIdentity();
afterAll(close);

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

  it('are changed once by two who show the old one at the same time, however long one waits', async () => {
    const user = await newUser(tokenA);
    const token = (await loginOf(a, user.username)).json().accessToken;
    const change = (newPassword: string) =>
      send('PATCH', `/v1/users/${user.id}/update-password`, token, { oldPassword: password, newPassword });
    let both: Promise<{ statusCode: number }[]> = Promise.resolve([]);
    await withDirectory(access.store, a.tenantId, async (tx) => {
      await lockUser(tx, user.id);
      both = Promise.all([change(`${password}2`), change(`${password}3`)]);
      await untilBlocked(access, 2);
    });
    expect((await both).map(({ statusCode }) => statusCode).sort()).toEqual([204, 422]);
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

  it('and what else was refused stand in the audit', async () => {
    const user = await newUser(tokenA);
    const token = (await loginOf(a, user.username)).json().accessToken;
    const { id } = user;
    const wrong = { oldPassword: 'wrong', newPassword: 'Third horse 9 battery' };
    expect((await send('PATCH', `/v1/users/${id}/update-password`, token, wrong)).statusCode).toBe(422);
    expect((await send('GET', '/v1/users', token)).statusCode).toBe(403);
    await send('POST', `/v1/users/${id}/mfa/setup`, token, { mfaType: 'app' });
    await send('POST', `/v1/users/${id}/mfa/verify`, token, { mfaType: 'app', passcode: '000000' });
    const recoveryCode = 'AAAA-AAAA-AAAA-AAAA';
    await send('POST', `/v1/users/${id}/mfa/enable`, token, { mfaType: 'app', recoveryCode });
    expect((await send('POST', `/v1/users/${id}/mfa/disable`, token, { password: 'wrong' })).statusCode).toBe(422);
    // What is refused is kept without the caller waiting.
    await vi.waitFor(async () => {
      const kept = await auditOf(tokenA, `&actor=${id}`);
      const told = kept.map(({ kind, reason, result }) => `${kind} ${reason} ${result}`);
      expect(told).toEqual(
        expect.arrayContaining([
          'password wrong_old_password failed',
          'permission users:get refused',
          'mfa app_code_wrong failed',
          'mfa app_not_enabled failed',
          'mfa wrong_password failed',
        ]),
      );
    }, 15_000);
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
