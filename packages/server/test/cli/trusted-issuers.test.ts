import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readTrustedIssuers } from '../../src/cli/trusted-issuers.js';
import { createSigner, makeToken, type Signer } from '../http/token-factory.js';
import { startTestServer, type TestServer } from '../support/server.js';

const folder = mkdtempSync(join(tmpdir(), 'cofferdam-issuers-'));
const path = join(folder, 'issuers.json');
const keep = (content: unknown) => writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const tenant = '019c96a0-0000-7000-8000-000000000001';
const good = {
  issuer: 'https://x.test',
  jwksUrl: 'https://x.test/jwks',
  audience: 'cofferdam',
  tenantClaim: 'tenant',
  tenants: [tenant],
  rolesClaim: 'realm_access.roles',
  roles: { reader: 'viewer' },
};

describe('the file of trusted issuers', () => {
  const read = (multiTenant = true) =>
    readTrustedIssuers({ path, multiTenant, ownIssuer: 'https://own.test', now: () => new Date(), onError: () => {} });

  it('binds each issuer to its tenants', async () => {
    keep([good, { ...good, issuer: 'https://y.test', tenants: { 'bank-y': tenant } }]);
    const canonical = tenant.replaceAll('-', '');
    const [x, y] = await read();
    expect(x).toMatchObject({
      issuer: 'https://x.test',
      rolesClaim: ['realm_access', 'roles'],
      tenantClaim: ['tenant'],
    });
    expect([...(x?.tenants ?? [])]).toEqual([[canonical, canonical]]);
    expect([...(y?.tenants ?? [])]).toEqual([['bank-y', canonical]]);
    keep([{ ...good, tenants: undefined, tenantClaim: undefined }]);
    expect(await read(false)).toHaveLength(1);
  });

  it.each([
    ['no JSON', '{', /cannot be read as JSON/],
    ['no list', good, /TRUSTED_ISSUERS_FILE/],
    ['no audience', [{ ...good, audience: undefined }], /audience/],
    ['an unknown member', [{ ...good, tenant: 'x' }], /TRUSTED_ISSUERS_FILE/],
    ['an unknown role', [{ ...good, roles: { a: 'owner' } }], /roles/],
    ['no tenants', [{ ...good, tenants: [] }], /at least one tenant/],
    ['no tenant id', [{ ...good, tenants: ['*'] }], /no tenant id/],
    [
      'several tenants and no claim',
      [{ ...good, tenants: [tenant, `${tenant.slice(0, -1)}2`], tenantClaim: undefined }],
      /tenantClaim is missing/,
    ],
    ['clear text', [{ ...good, jwksUrl: 'http://x.test/jwks' }], /must be an https URL/],
    ['one issuer twice', [good, good], /twice/],
    ['our own issuer', [{ ...good, issuer: 'https://own.test' }], /own issuer/],
  ])('refuses %s', async (_name, content, message) => {
    keep(content);
    await expect(read()).rejects.toThrow(message);
  });

  it('has no tenants without tenants', async () => {
    keep([good]);
    await expect(read(false)).rejects.toThrow(/MULTI_TENANT_ENABLED/);
  });
});

describe('two issuers on a running server', () => {
  const signers: Signer[] = [createSigner('k1'), createSigner('k1')];
  const servers: Server[] = [];
  const issuers: string[] = [];
  let server: TestServer;
  let tenants: string[];

  beforeAll(async () => {
    for (const { published } of signers) {
      const one = createServer((_request, response) => response.end(JSON.stringify({ keys: [published] })));
      await new Promise<void>((done) => one.listen(0, '127.0.0.1', done));
      servers.push(one);
      issuers.push(`http://127.0.0.1:${(one.address() as AddressInfo).port}`);
    }
    const first = await startTestServer({ MULTI_TENANT_ENABLED: 'true' });
    tenants = [(await first.createTenant()).id, (await first.createTenant({ isolation: 'schema' })).id];
    keep(
      issuers.map((issuer, at) => ({
        ...good,
        issuer,
        jwksUrl: `${issuer}/jwks`,
        tokenTypes: ['JWT'],
        tenants: [tenants[at]],
        roles: { reader: 'viewer', chief: 'editor' },
      })),
    );
    server = first;
  });
  afterAll(async () => {
    for (const one of servers) one.close();
    await server?.stop();
  });

  it('each opens its own tenant with its own role, and nothing of the other', async () => {
    const twin = await server.twin({ TRUSTED_ISSUERS_FILE: path });
    try {
      const seconds = Math.floor(Date.now() / 1_000);
      const token = (by: number, of: number, forTenant: number, roles: string[]) =>
        makeToken(
          signers[by] as Signer,
          {
            iss: issuers[of],
            aud: 'cofferdam',
            sub: 'ana',
            tenant: tenants[forTenant],
            realm_access: { roles },
            iat: seconds,
            exp: seconds + 300,
          },
          { typ: 'JWT' },
        );
      const create = (bearer: string, at = twin) =>
        at.call('POST', '/v1/organizations', { token: bearer, body: { legalName: 'A', legalDocument: '1' } });
      const made = [];
      for (const at of [0, 1]) {
        const answer = await create(token(at, at, at, ['chief']));
        expect(answer.status, answer.text).toBe(201);
        made.push(answer.body.id);
      }
      const [x, y] = made;
      const read = (id: string, bearer: string) => twin.call('GET', `/v1/organizations/${id}`, { token: bearer });
      const reader = token(0, 0, 0, ['reader']);
      expect([(await read(x, reader)).status, (await read(y, reader)).status]).toEqual([200, 404]);
      expect((await create(reader)).status).toBe(403);
      expect((await read(x, token(0, 0, 0, []))).status).toBe(403);
      for (const forged of [token(0, 0, 1, ['chief']), token(0, 1, 1, ['chief']), token(1, 0, 0, ['chief'])]) {
        const answer = await create(forged);
        expect([answer.status, answer.body.code]).toEqual([401, '0042']);
      }
      // Whoever does not trust the issuer takes nothing of it; the Access Manager administers by its own tokens only.
      expect((await create(token(0, 0, 0, ['chief']), server)).status).toBe(401);
      expect((await twin.access('GET', '/v1/users', { token: token(0, 0, 0, ['chief']) })).status).toBe(401);
    } finally {
      await twin.stop();
    }
  });
});
