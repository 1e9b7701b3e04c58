import { request } from 'node:http';
import { canonicalTenantId } from '@cofferdam/core';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SigningKey } from '../../src/access/keys/key-ring.js';
import { signWith, stealSigningKey, takeApart } from './support/real-key.js';
import { runSeed, seeded } from './support/seeded.js';
import { digest, meetings, openWorld, type Resident, type World } from './support/world.js';

let world: World;
let key: SigningKey;
beforeAll(async () => {
  world = await openWorld();
  key = await stealSigningKey(world.server);
});
afterAll(() => world.stop());

const resident = (at: number) => world.residents[at] as Resident;
const dashed = (id: string) => id.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');

const headerNames = [
  'x-tenant-id',
  'X-TenantId',
  'tenantId',
  'tenant-id',
  'tenant',
  'md-tenant-id',
  'x-tenant-slug',
  'x-tenant',
  'ce-tenantid',
  'x-organization-id',
  'x-ledger-id',
  'x-schema',
  'x-database',
  'x-forwarded-host',
  'x-original-host',
  'x-forwarded-prefix',
  'x-forwarded-user',
  'x-auth-request-user',
  'x-api-key',
  'x-api-version',
  'x-http-method-override',
  'x-original-url',
];
const queryNames = [
  'tenantId',
  'tenant_id',
  'tenant',
  'tenantSlug',
  'schema',
  'database',
  'search_path',
  'owner',
  'access_token',
  'organization_id',
];

describe('X-08: nothing but the token names the tenant', () => {
  test('random headers, query, cookies, host and baggage that name the neighbour change nothing', async () => {
    const seed = runSeed();
    const random = seeded(seed);
    for (const [caller, neighbour] of meetings(world.residents)) {
      const plain = await asks(caller, '/v1/organizations', {});
      expect(plain.text).toContain(caller.books.marker);
      const names = [
        neighbour.tenant.id,
        dashed(neighbour.tenant.id),
        neighbour.tenant.slug,
        neighbour.store.schema,
        neighbour.store.database,
        neighbour.books.ids.organization,
        'default',
        '*',
        '',
      ];
      for (let round = 0; round < 25; round += 1) {
        const some = <T>(from: readonly T[]) => from.filter(() => random.next() < 0.4);
        const headers = Object.fromEntries(some(headerNames).map((name) => [name, random.pick(names)]));
        const value = random.pick(names);
        if (random.next() < 0.5) headers['baggage'] = `tenant.id=${value},tenantId=${value}`;
        if (random.next() < 0.5)
          headers['cookie'] = `tenantId=${value}; tenant=${value}; access_token=${neighbour.token}`;
        if (random.next() < 0.5) headers['forwarded'] = `host=${value};for=${value}`;
        if (random.next() < 0.5) headers['host'] = `${value.replace(/[^\w-]/g, '') || 'x'}.ledger.example`;
        const query = some(queryNames)
          .map((name) => `${name}=${encodeURIComponent(random.pick(names))}`)
          .join('&');
        const answer = await asks(caller, `/v1/organizations?${query}`, headers);
        expect(answer, `seed ${seed} round ${round}: ${query} ${JSON.stringify(headers)}`).toEqual(plain);
      }
    }
  });

  test('a body that names a tenant is refused as an unknown field, and nothing is written anywhere', async () => {
    for (const [caller, neighbour] of meetings(world.residents)) {
      const before = [await digest(caller), await digest(neighbour)];
      for (const name of ['tenantId', 'tenant', 'tenant_id', 'tenantSlug', 'schema', 'owner']) {
        const body = { legalName: 'x', legalDocument: '1', [name]: neighbour.tenant.id };
        const { status, body: problem } = await caller.client('POST', '/v1/organizations', body);
        expect({ name, status, code: problem.code }).toEqual({ name, status: 400, code: '0053' });
      }
      expect([await digest(caller), await digest(neighbour)]).toEqual(before);
    }
  });

  test('what is written while a neighbour is named goes to the token’s tenant', async () => {
    const [caller, neighbour] = meetings(world.residents)[2] as [Resident, Resident];
    const before = await digest(neighbour);
    const headers = { 'x-tenant-id': neighbour.tenant.id, baggage: `tenant.id=${neighbour.tenant.id}` };
    const body = { legalName: 'written under a hint', legalDocument: '1' };
    const { status } = await caller.client('POST', `/v1/organizations?tenantId=${neighbour.tenant.id}`, body, {
      headers,
    });
    expect(status).toBe(201);
    expect(await digest(neighbour)).toEqual(before);
    expect((await caller.client('GET', '/v1/organizations?legal_name=written')).body.items).toHaveLength(1);
  });

  test('a login is of the tenant of its client, whatever the request says', async () => {
    const [a, b] = [resident(0), resident(1)];
    const { clientId, clientSecret } = a.tenant;
    const login = { grantType: 'client_credentials', clientId, clientSecret };
    for (const extra of [
      { tenantId: b.tenant.id },
      { owner: b.tenant.slug },
      { organization: b.tenant.slug },
      { scope: b.tenant.id },
    ]) {
      const { status, body } = await world.server.access('POST', '/v1/login/oauth/access_token', {
        body: { ...login, ...extra },
        headers: { 'x-tenant-id': b.tenant.id },
      });
      if (status === 200) expect(takeApart(body.accessToken).claims['tenantId']).toBe(a.tenant.id);
      else expect(status).toBe(400);
    }
  });
});

describe('X-10: odd ids', () => {
  test('canonical(canonical(x)) = canonical(x), ASCII only, and only spellings of one UUID share a form', () => {
    const uuid = fc.uuid();
    const odd = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.stringMatching(/^[\w-]{0,40}$/), uuid);
    fc.assert(
      fc.property(odd, (text) => {
        const once = canonicalTenantId(text);
        if (once === undefined) return;
        expect(canonicalTenantId(once)).toBe(once);
        expect(once).toMatch(/^[A-Za-z0-9][A-Za-z0-9_-]{0,255}$/);
      }),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(odd, odd, (one, two) => {
        const [first, second] = [canonicalTenantId(one), canonicalTenantId(two)];
        if (first === undefined || first !== second) return;
        expect(one.replaceAll('-', '').toLowerCase()).toBe(two.replaceAll('-', '').toLowerCase());
      }),
      { numRuns: 500 },
    );
    fc.assert(
      fc.property(uuid, (id) => {
        const forms = [id, id.toUpperCase(), id.replaceAll('-', ''), id.replaceAll('-', '').toUpperCase()];
        expect(new Set(forms.map(canonicalTenantId)).size).toBe(1);
        for (const wrong of [`{${id}}`, `urn:uuid:${id}`, `${id}\0`, ` ${id}`, `${id} `, `${id}\n`])
          expect(canonicalTenantId(wrong)).toBeUndefined();
      }),
    );
  });

  const withTenant = async (tenantId: unknown) => {
    const claims = { ...takeApart(resident(0).token).claims, tenantId };
    return world.server.call('GET', '/v1/organizations', { token: await signWith(key, claims) });
  };

  test('all spellings of one id are one tenant', async () => {
    const { tenant, books } = resident(0);
    for (const id of [tenant.id, dashed(tenant.id), tenant.id.toUpperCase(), dashed(tenant.id).toUpperCase()]) {
      const { status, text } = await withTenant(id);
      expect(status, id).toBe(200);
      expect(text).toContain(books.marker);
    }
  });

  test('what is no id is refused before anything is looked up', async () => {
    const { id } = resident(0).tenant;
    const odd = [
      `${id}\0`,
      ` ${id}`,
      `${id} `,
      `${id}\n`,
      `{${dashed(id)}}`,
      `urn:uuid:${dashed(id)}`,
      'а'.repeat(32),
      `${id.slice(0, 31)}\u0661`,
      '../control',
      'x'.repeat(257),
      "'; drop schema ledger; --",
      `t_${id}"`,
      '%00',
      '-',
      '_x',
    ];
    for (const tenantId of odd) {
      const { status, body } = await withTenant(tenantId);
      expect({ tenantId, status, code: body.code, reason: body.reason }).toEqual({
        tenantId,
        status: 401,
        code: '0042',
        reason: 'INVALID_TENANT',
      });
    }
    const { status, body } = await withTenant('x'.repeat(10_000));
    expect({ status, code: body.code }).toEqual({ status: 401, code: '0042' });
  });

  test('a well-formed id of nobody: 404/0160 with a text that does not repeat it', async () => {
    const { id } = resident(0).tenant;
    const nobody = [
      crypto.randomUUID(),
      'default',
      'postgres',
      `t_${id}`,
      `${id}0`,
      id.slice(1),
      'x'.repeat(256),
      'Default',
    ];
    const texts = new Set<string>();
    for (const tenantId of nobody) {
      const { status, body, text } = await withTenant(tenantId);
      // One subject has no rights in another tenant: either answer tells nothing of the tenant.
      expect([404, 403], tenantId).toContain(status);
      expect(['0160', '0043']).toContain(body.code);
      expect(text).not.toContain(tenantId);
      texts.add(text);
    }
    expect(texts.size).toBe(1);
  });
});

describe('X-11: names are never identifiers', () => {
  const names = [
    'x"; DROP SCHEMA ledger CASCADE; --',
    `x'; DROP DATABASE postgres; --`,
    '"; ALTER ROLE CURRENT_USER SUPERUSER; --',
    '$$; select pg_sleep(1); $$ \\ \u202e ../../x %s {x}',
  ];

  test('a tenant of any name is provisioned as usual, in both modes, and the name stays a name', async () => {
    const { server } = world;
    const before = await digest(resident(0));
    for (const [at, name] of names.entries()) {
      const tenant = await server.createTenant({ isolation: at % 2 === 0 ? 'database' : 'schema', name });
      const { body } = await server.operate('GET', `/v1/tenants/${tenant.id}`);
      expect(body.name).toBe(name);
      const place = await server.operate('GET', `/v1/tenants/${tenant.id}/associations/ledger/connections`);
      const { database, schema, username } = place.body.databases.transaction.postgresql;
      const own = `t_${tenant.id}`;
      expect([database, schema, username]).toEqual(
        tenant.isolation === 'database' ? [own, 'ledger', own] : [server.names.sharedDatabase, own, own],
      );
      expect((await server.call('GET', '/v1/organizations', { token: await tenant.token() })).body.items).toEqual([]);
    }
    expect(await digest(resident(0))).toEqual(before);
  });

  test('a slug that is no plain handle is refused, and nothing is made', async () => {
    const tenants = async () => (await world.server.operate('GET', '/v1/tenants?limit=100')).body.items.length;
    const before = await tenants();
    for (const slug of ['x"; drop', "a'b", 'a b', '../a', 'a_b', 'A', '1a', 'a', 'a'.repeat(64), 'ä', 'a\u0000b'])
      for (const isolation of ['database', 'schema']) {
        const { status } = await world.server.operate('POST', '/v1/tenants', {
          body: {
            name: 'x',
            slug,
            isolation,
            owner: { email: 'owner@example.com', password: 'Correct-horse-7-battery' },
          },
        });
        expect(status, slug).toBe(400);
      }
    expect(await tenants()).toBe(before);
  });
});

/** An answer without what differs from request to request. `fetch` would not send a Host of our choice. */
function asks({ token }: Resident, path: string, headers: Record<string, string>) {
  return new Promise<{ status: number; text: string }>((resolve, reject) => {
    request(
      `${world.server.running.urls.ledger}${path}`,
      { headers: { ...headers, authorization: `Bearer ${token}` } },
      (response) => {
        let text = '';
        response.on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
      },
    )
      .on('error', reject)
      .end();
  });
}
