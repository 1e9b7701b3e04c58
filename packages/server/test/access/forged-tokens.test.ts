import { createPublicKey } from 'node:crypto';
import { exportSPKI, generateKeyPair, importJWK, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AccessInstallation, createAccessInstallation } from './support/access-installation.js';
import {
  get,
  issuer,
  machineToken,
  seedTenant,
  startAccess,
  type TestAccess,
  type TestTenant,
} from './support/access-manager.js';

/** The Access Manager's own door. The same rules, one by one, are tested at http/verify-token. */
describe('a token that was not made here for this', () => {
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

  const status = async (token: string) => (await get(access, '/v1/permissions', token)).statusCode;

  /** Signed with the real key, as a bug of ours or a leaked key would allow. */
  async function sign(change: { claims?: Record<string, unknown>; typ?: string; header?: Record<string, unknown> }) {
    const { kid, key } = await access.keys.signingKey();
    const at = Math.floor(access.clock.now.getTime() / 1_000);
    const claims: Record<string, unknown> = {
      iss: issuer,
      aud: ['midaz'],
      sub: tenant.clientId,
      azp: tenant.clientId,
      jti: 'one',
      iat: at,
      nbf: at,
      exp: at + 600,
      type: 'application',
      tenantId: tenant.tenantId,
      env: 'test',
      ...change.claims,
    };
    for (const name of Object.keys(claims)) if (claims[name] === undefined) delete claims[name];
    return new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', kid, typ: change.typ ?? 'at+jwt', ...change.header })
      .sign(key);
  }

  it('is told apart from one that was', async () => {
    expect(await status(await sign({}))).toBe(200);
    expect(await status(await machineToken(access, tenant))).toBe(200);
  });

  it('X-01 an edited payload under the old signature', async () => {
    const [header = '', payload = '', signature = ''] = (await machineToken(access, tenant)).split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const other = await seedTenant(access, 'victim');
    const edited = Buffer.from(JSON.stringify({ ...claims, tenantId: other.tenantId })).toString('base64url');
    expect(await status(`${header}.${edited}.${signature}`)).toBe(401);
  });

  it('X-02 without algorithm or signature', async () => {
    const [, payload = ''] = (await machineToken(access, tenant)).split('.');
    for (const alg of ['none', 'None', 'NONE']) {
      const header = Buffer.from(JSON.stringify({ alg, typ: 'at+jwt' })).toString('base64url');
      expect(await status(`${header}.${payload}.`)).toBe(401);
      expect(await status(`${header}.${payload}.AAAA`)).toBe(401);
    }
  });

  it('X-03 signed with the public key as a shared secret', async () => {
    const [published] = await access.keys.publicKeys();
    if (published === undefined) throw new Error('no key');
    const pem = await exportSPKI((await importJWK(published, 'RS256')) as never);
    const der = createPublicKey(pem).export({ type: 'spki', format: 'der' });
    const [, payload = ''] = (await machineToken(access, tenant)).split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
    for (const secret of [Buffer.from(pem), der, Buffer.from(JSON.stringify(published))]) {
      const forged = await new SignJWT(claims)
        .setProtectedHeader({ alg: 'HS256', kid: published.kid, typ: 'at+jwt' })
        .sign(secret);
      expect(await status(forged)).toBe(401);
    }
  });

  it('X-04 bringing its own key', async () => {
    const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
    const jwk = { ...createPublicKey(await exportSPKI(publicKey)).export({ format: 'jwk' }) };
    const [, payload = ''] = (await machineToken(access, tenant)).split('.');
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString());
    const { kid } = await access.keys.signingKey();
    for (const header of [
      { kid },
      { kid: 'unknown' },
      { kid, jwk },
      { kid, jku: 'https://evil.test/jwks' },
      { kid: `' or 1=1 --` },
    ]) {
      const forged = await new SignJWT(claims)
        .setProtectedHeader({ alg: 'RS256', typ: 'at+jwt', ...header } as never)
        .sign(privateKey);
      expect(await status(forged), JSON.stringify(header)).toBe(401);
    }
  });

  it.each([
    ['another issuer', { claims: { iss: 'https://elsewhere.test' } }],
    ['another audience', { claims: { aud: ['tracer'] } }],
    ['another environment', { claims: { env: 'production' } }],
    ['no environment', { claims: { env: undefined } }],
    ['the type of an ID token', { typ: 'JWT' }],
    ['the type of a refresh token', { typ: 'rt+jwt' }],
    ['expired', { claims: { exp: 1_000_000_000 } }],
    ['no tenant', { claims: { tenantId: undefined } }],
    ['several tenants', { claims: { tenantId: ['a', 'b'] } }],
    ['a tenant that has no directory', { claims: { tenantId: 'a'.repeat(32) } }],
    ['the directory of single-tenant mode', { claims: { tenantId: '0'.repeat(32) } }],
    ['the system tenant', { claims: { tenantId: 'f'.repeat(32) } }],
    ['X-35 no type of subject', { claims: { type: undefined } }],
    ['X-35 an unknown type of subject', { claims: { type: 'robot' } }],
    ['X-35 the client of another tenant', { claims: { sub: 'f'.repeat(32) } }],
    ['a person who is none', { claims: { type: 'normal-user', sub: 'admin' } }],
  ])('X-05 %s', async (_what, change) => {
    expect(await status(await sign(change))).toBe(401);
  });
});
