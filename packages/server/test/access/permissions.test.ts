import type { TenantId } from '@cofferdam/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withDirectory } from '../../src/access/directory/with-directory.js';
import { decide, listPermissions } from '../../src/access/permissions/decide.js';
import {
  applicationRoles,
  ledgerResources,
  predefinedGroups,
  roleOfApplication,
} from '../../src/access/permissions/roles.js';
import type { Principal } from '../../src/http/principal.js';
import { type AccessInstallation, createAccessInstallation, newTenantId } from './support/access-installation.js';
import {
  get,
  issuer,
  logIn,
  machineToken,
  ownerPassword,
  personToken,
  seedTenant,
  startAccess,
  type TestAccess,
  type TestTenant,
} from './support/access-manager.js';

const verbs = ['get', 'head', 'post', 'put', 'patch', 'delete'] as const;
const allowed = {
  viewer: ['get', 'head'],
  contributor: ['get', 'head', 'post', 'put', 'patch'],
  editor: ['get', 'head', 'post', 'put', 'patch', 'delete'],
};

describe('the permission matrix', () => {
  it.each(applicationRoles)('of %s covers every resource of the ledger, under both names of the product', (role) => {
    const roles = [roleOfApplication(role)];
    for (const resource of ledgerResources)
      for (const action of verbs) {
        const expected = allowed[role].includes(action);
        expect(decide(roles, { resource, action }), `${role} ${resource}:${action}`).toBe(expected);
        expect(decide(roles, { product: 'midaz', resource, action })).toBe(expected);
        expect(decide(roles, { product: 'routing', resource, action })).toBe(expected);
      }
    expect(Object.keys(listPermissions(roles))).toEqual([...ledgerResources]);
  });

  it('names what the contract names', () => {
    expect([...ledgerResources].sort()).toEqual(
      [
        'account-types accounts asset-rates assets balances holders instruments ledgers operation-routes operations',
        'organizations portfolios segments settings transaction-routes transactions',
      ]
        .join(' ')
        .split(' '),
    );
  });

  it('refuses what nobody knows', () => {
    const admin = predefinedGroups['admin-group'] ?? [];
    expect(decide(admin, { resource: 'users', action: 'delete' })).toBe(true);
    expect(decide(admin, { product: 'midaz', resource: 'users', action: 'delete' })).toBe(false);
    for (const question of [
      { resource: 'nothing', action: 'get' },
      { resource: 'accounts', action: 'GET' },
      { resource: 'accounts', action: '*' },
      { resource: '*', action: 'get' },
      { resource: '__proto__', action: 'get' },
      { product: 'constructor', resource: 'accounts', action: 'get' },
      { product: 'tracer', resource: 'accounts', action: 'get' },
    ])
      expect(decide(admin, question), JSON.stringify(question)).toBe(false);
    expect(decide([], { resource: 'accounts', action: 'get' })).toBe(false);
  });
});

describe('permissions of a caller', () => {
  let installation: AccessInstallation;
  let access: TestAccess;
  let tenant: TestTenant;
  let viewer: TestTenant;

  beforeAll(async () => {
    installation = await createAccessInstallation();
    access = await startAccess(installation);
    tenant = await seedTenant(access, 'acme', 'contributor');
    viewer = await seedTenant(access, 'readers', 'viewer');
  });
  afterAll(async () => {
    await access.close();
    await installation.drop();
  });

  const authorize = (token: string, body: object, scheme = 'Bearer ') =>
    access.app.inject({
      method: 'POST',
      url: '/v1/authorize',
      headers: { authorization: `${scheme}${token}` },
      payload: body,
    });

  it('are listed, with and without trailing slash, with and without the word Bearer', async () => {
    const token = await machineToken(access, tenant);
    const answers = [
      await get(access, '/v1/permissions', token),
      await get(access, '/v1/permissions/', token),
      await access.app.inject({ method: 'GET', url: '/v1/permissions', headers: { authorization: token } }),
    ];
    for (const answer of answers) {
      expect(answer.statusCode).toBe(200);
      expect(answer.json()['accounts']).toEqual(allowed.contributor);
      expect(Object.keys(answer.json())).toEqual([...ledgerResources]);
    }
  });

  it('of the owner are everything, and identity', async () => {
    const listed = (await get(access, '/v1/permissions', await personToken(access, tenant))).json();
    for (const resource of [...ledgerResources, 'users', 'groups', 'applications'])
      expect(listed[resource], resource).toEqual(allowed.editor);
  });

  it('of a person in no group are the own password only', async () => {
    const lonely = await seedTenant(access, 'lonely');
    await withDirectory(access.store, lonely.tenantId, ({ db }) => db.deleteFrom('user_group_membership').execute());
    const listed = (await get(access, '/v1/permissions', await personToken(access, lonely))).json();
    expect(listed).toEqual({ 'update-password': ['patch'] });
  });

  it('are decided for the subject of the token; "no" is a 200', async () => {
    const token = await machineToken(access, viewer);
    const yes = await authorize(token, { sub: 'admin/midaz-editor-role', resource: 'accounts', action: 'get' }, '');
    expect(yes.json()).toEqual({ authorized: true, timestamp: access.clock.now.toISOString() });
    // The name says editor because client libraries call every machine so; what counts is the application's own role.
    const no = await authorize(token, { sub: 'admin/midaz-editor-role', resource: 'accounts', action: 'delete' });
    expect(no.json()).toMatchObject({ authorized: false });
    expect([yes.statusCode, no.statusCode]).toEqual([200, 200]);
  });

  it('are not told about anybody else', async () => {
    const machine = await machineToken(access, viewer);
    const person = await personToken(access, viewer);
    const { sub } = (await get(access, '/v1/userinfo', person)).json();
    const question = { resource: 'accounts', action: 'get' };
    for (const name of [sub, `readers/${sub}`])
      expect((await authorize(person, { ...question, sub: name, product: 'midaz' })).json()).toMatchObject({
        authorized: true,
      });
    for (const name of [`acme/${sub}`, viewer.clientId, 'admin/midaz-editor-role', 'readers/', ''])
      expect((await authorize(person, { ...question, sub: name || 'x' })).statusCode, name).toBe(403);
    for (const name of [sub, tenant.clientId, 'admin/midaz-contributor-role'])
      expect((await authorize(machine, { ...question, sub: name })).statusCode, name).toBe(403);
  });

  it('need a token, and a valid one', async () => {
    const missing = await get(access, '/v1/permissions');
    expect(missing.json()).toMatchObject({ code: 'AUT-0006' });
    expect(missing.headers['www-authenticate']).toBe('Bearer');
    const invalid = await get(access, '/v1/userinfo', 'a.b.c');
    expect(invalid.json()).toMatchObject({ code: 'AUT-0007' });
    expect(invalid.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
    expect((await authorize('x', { resource: 'accounts', action: 'get' })).statusCode).toBe(401);
    expect((await authorize(await machineToken(access, viewer), { resource: 'accounts' })).json()).toMatchObject({
      code: 'AUT-0001',
    });
  });

  it('userinfo says who a person and a machine are', async () => {
    const person = (await get(access, '/v1/userinfo', await personToken(access, tenant))).json();
    expect(person).toEqual({
      sub: expect.stringMatching(/^[0-9a-f-]{36}$/),
      name: tenant.username,
      preferredUsername: tenant.username,
      preferred_username: tenant.username,
      email: tenant.username,
      emailVerified: false,
      email_verified: false,
      picture: null,
      profile: null,
    });
    const machine = (await get(access, '/v1/userinfo', await machineToken(access, tenant))).json();
    expect(machine).toMatchObject({ sub: tenant.clientId, name: 'robot', email: null });
  });

  it('are gone with the tenant: a live token of a suspended one answers 403', async () => {
    const asleep = await seedTenant(access, 'asleep');
    const token = await machineToken(access, asleep);
    access.statuses.set(asleep.tenantId, 'suspended');
    const answer = await get(access, '/v1/permissions', token);
    expect(answer.statusCode).toBe(403);
    expect(answer.json()).toMatchObject({ code: 'AUT-0016' });
  });

  it('X-35 belong to the client and its own tenant: no role is shared by machines', async () => {
    const [contributor, reader] = [await machineToken(access, tenant), await machineToken(access, viewer)];
    expect((await authorize(contributor, { resource: 'accounts', action: 'post' })).json()).toMatchObject({
      authorized: true,
    });
    expect((await authorize(reader, { resource: 'accounts', action: 'post' })).json()).toMatchObject({
      authorized: false,
    });
  });

  it('X-39 are remembered by tenant and subject: the same user name and e-mail in two tenants never cross', async () => {
    const [one, two] = [await seedTenant(access, 'twin-one'), await seedTenant(access, 'twin-two')];
    expect(one.username).toBe(two.username);
    await withDirectory(access.store, two.tenantId, async ({ db, tenantId }) => {
      const { id } = await db
        .selectFrom('user_group')
        .select('id')
        .where('name', '=', 'midaz-viewer-group')
        .executeTakeFirstOrThrow();
      await db.updateTable('user_group_membership').set({ group_id: id }).where('tenant_id', '=', tenantId).execute();
    });
    const [tokenOne, tokenTwo] = [await personToken(access, one), await personToken(access, two)];
    const subjects = new Set<string>();
    for (const [token, accounts] of [
      [tokenOne, allowed.editor],
      [tokenTwo, allowed.viewer],
    ] as const) {
      expect((await get(access, '/v1/permissions', token)).json()['accounts']).toEqual(accounts);
      subjects.add((await get(access, '/v1/userinfo', token)).json().sub);
    }
    expect(subjects.size).toBe(2);
    // One's name and password through the other's client: there it is the other's user of that name.
    const crossed = await logIn(access, {
      grantType: 'password',
      username: one.username,
      password: ownerPassword,
      clientId: two.clientId,
    });
    const claims = JSON.parse(Buffer.from(crossed.json().accessToken.split('.')[1], 'base64url').toString());
    expect(claims.tenantId).toBe(two.tenantId);
  });

  describe('as the source of the ledger in the same process', () => {
    const principalOf = (clientId: string, tenantId: TenantId | undefined): Principal => ({
      subject: clientId,
      kind: 'application',
      tenantId,
      clientId,
      tokenId: 'x',
      issuer,
      expiresAt: 0,
    });
    const may = (principal: Principal, action: string) =>
      access.permissions.isAllowed(principal, { resource: 'accounts', action }, 'unused');

    it('answers from the roles', async () => {
      const principal = principalOf(viewer.clientId, viewer.tenantId);
      expect(await may(principal, 'get')).toBe(true);
      expect(await may(principal, 'post')).toBe(false);
      expect(await access.permissions.isAllowed(principal, { resource: 'users', action: 'get' }, '')).toBe(false);
    });

    it('refuses a client in a tenant that is not its own, without tenant, or of an unknown one', async () => {
      expect(await may(principalOf(viewer.clientId, tenant.tenantId), 'get')).toBe(false);
      expect(await may(principalOf(viewer.clientId, undefined), 'get')).toBe(false);
      expect(await may(principalOf(viewer.clientId, newTenantId()), 'get')).toBe(false);
      const nobody = {
        ...principalOf(viewer.clientId, viewer.tenantId),
        kind: 'person',
        subject: newTenantId(),
      } as const;
      expect(await may(nobody, 'get')).toBe(false);
    });

    it('remembers for a minute, and drops on change', async () => {
      const principal = principalOf(viewer.clientId, viewer.tenantId);
      const setRole = (role: 'viewer' | 'editor') =>
        withDirectory(access.store, viewer.tenantId, ({ db }) =>
          db.updateTable('application').set({ role }).where('client_id', '=', viewer.clientId).execute(),
        );
      expect(await may(principal, 'delete')).toBe(false);
      await setRole('editor');
      expect(await may(principal, 'delete')).toBe(false);
      access.clock.forward(60);
      expect(await may(principal, 'delete')).toBe(true);
      await setRole('viewer');
      access.subjects.forget(viewer.tenantId, { kind: 'application', subject: viewer.clientId });
      expect(await may(principal, 'delete')).toBe(false);
      await setRole('editor');
      access.subjects.forget(viewer.tenantId);
      expect(await may(principal, 'delete')).toBe(true);
      await setRole('viewer');
      access.subjects.forget(viewer.tenantId);
    });

    it('forgets a purged tenant', async () => {
      const gone = await seedTenant(access, 'gone');
      const principal = principalOf(gone.clientId, gone.tenantId);
      expect(await may(principal, 'get')).toBe(true);
      const token = await machineToken(access, gone);
      await access.seeder.purge(gone.tenantId);
      expect(await may(principal, 'get')).toBe(false);
      expect((await get(access, '/v1/permissions', token)).statusCode).toBe(401);
      const { clientId, clientSecret } = gone;
      expect((await logIn(access, { grantType: 'client_credentials', clientId, clientSecret })).statusCode).toBe(401);
    });
  });
});
