import type { TenantId } from '@cofferdam/core';
import { describe, expect, it } from 'vitest';
import { createAuthenticate } from '../../src/http/authenticate.js';
import type { ExternalIssuer } from '../../src/http/external-issuer.js';
import { createIssuerPermissions } from '../../src/http/issuer-permissions.js';
import { createKeySource } from '../../src/http/jwks.js';
import type { PermissionSource, Principal } from '../../src/http/principal.js';
import {
  createSigner,
  goodClaims,
  issuer,
  makeToken,
  now,
  nowSeconds,
  type Signer,
  tenantId,
} from './token-factory.js';

const tenantX = tenantId as TenantId;
const tenantY = '019c96a0000070008000000000000002' as TenantId;
const ours = createSigner('same-kid');
// The same key id at both issuers, and at ours.
const [signerX, signerY] = [createSigner('same-kid'), createSigner('same-kid')];
const [issuerX, issuerY] = ['https://x.test/realms/bank', 'https://y.test/'];

const keysOf = (signer: Signer) => createKeySource({ load: async () => [signer.published], now: () => now });

function external(signer: Signer, changes: Partial<ExternalIssuer>): ExternalIssuer {
  return {
    issuer: issuerX,
    keys: keysOf(signer),
    audience: 'cofferdam',
    tokenTypes: ['JWT'],
    tenantClaim: ['organization', 'id'],
    tenants: new Map([['bank-x', tenantX]]),
    rolesClaim: ['realm_access', 'roles'],
    roles: new Map([
      ['reader', 'viewer'],
      ['chief', 'editor'],
    ]),
    ...changes,
  };
}

function door(multiTenant = true, changes: Partial<ExternalIssuer> = {}) {
  const authenticate = createAuthenticate({
    keys: keysOf(ours),
    issuer,
    audience: 'midaz',
    environment: 'test',
    multiTenant,
    now: () => now,
    externalIssuers: [
      external(signerX, changes),
      external(signerY, { issuer: issuerY, tenants: new Map([['bank-y', tenantY]]) }),
    ],
  });
  const admit = async (token: string): Promise<Principal> =>
    (await authenticate({ raw: { rawHeaders: ['Authorization', `Bearer ${token}`] } } as never)).principal;
  return Object.assign(admit, {
    refuses: (token: string, reason = 'INVALID_TOKEN') =>
      expect(admit(token)).rejects.toMatchObject({ code: '0042', info: { reason } }),
  });
}

function claims(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    iss: issuerX,
    aud: ['account', 'cofferdam'],
    sub: 'f:1:ana',
    azp: 'their-client',
    jti: 'j1',
    organization: { id: 'bank-x' },
    realm_access: { roles: ['offline_access', 'reader'] },
    iat: nowSeconds,
    exp: nowSeconds + 300,
    ...changes,
  };
}
const tokenX = (changes: Record<string, unknown> = {}, header: Record<string, unknown> = {}) =>
  makeToken(signerX, claims(changes), { typ: 'JWT', ...header });

describe('a token of an external issuer', () => {
  it('speaks for the tenant that the operator has bound it to, with the role its roles mean', async () => {
    const admit = door();
    expect(await admit(tokenX())).toEqual({
      subject: 'f:1:ana',
      kind: 'person',
      tenantId: tenantX,
      clientId: 'their-client',
      tokenId: 'j1',
      issuer: issuerX,
      expiresAt: nowSeconds + 300,
      externalRole: 'viewer',
    });
    const roles = async (value: unknown) => (await admit(tokenX({ realm_access: { roles: value } }))).externalRole;
    expect(await roles(['reader', 'chief'])).toBe('editor');
    expect(await roles('reader other')).toBe('viewer');
    for (const none of [['Chief'], [], [['chief']], [{ chief: true }], 7, null, 'readers', ['editor']])
      expect(await roles(none), JSON.stringify(none)).toBe('none');
    expect((await admit(makeToken(ours))).externalRole).toBeUndefined();
  });

  it('never speaks for a tenant of another issuer, nor for one that nobody named', async () => {
    const admit = door();
    for (const id of ['bank-y', tenantY, 'bank-z', tenantX, 'BANK-X', '__proto__', 'constructor'])
      await admit.refuses(tokenX({ organization: { id } }), 'INVALID_TENANT');
    await admit.refuses(tokenX({ organization: { id: ['bank-x'] } }), 'INVALID_TENANT');
    for (const organization of [undefined, {}, { id: '' }, 'bank-x', ['bank-x'], null])
      await admit.refuses(tokenX({ organization }), 'MISSING_TENANT');
    // Our own claim is none of theirs.
    await admit.refuses(tokenX({ organization: undefined, tenantId: tenantY }), 'MISSING_TENANT');
    expect((await admit(tokenX({ tenantId: tenantY }))).tenantId).toBe(tenantX);
  });

  it('is signed by that issuer’s own key, also where another has a key of the same name', async () => {
    const admit = door();
    const asY = claims({ iss: issuerY, organization: { id: 'bank-y' } });
    expect((await admit(makeToken(signerY, asY, { typ: 'JWT' }))).tenantId).toBe(tenantY);
    await admit.refuses(makeToken(signerX, asY, { typ: 'JWT' }));
    await admit.refuses(makeToken(signerY, claims(), { typ: 'JWT' }));
    await admit.refuses(makeToken(ours, claims(), { typ: 'JWT' }));
    // Nor can it make a token of ours, in our form or in its own.
    await admit.refuses(makeToken(signerX, goodClaims()));
    await admit.refuses(makeToken(signerX, { ...goodClaims(), aud: ['midaz', 'cofferdam'] }, { typ: 'JWT' }));
    await admit.refuses(makeToken(ours, { ...goodClaims(), iss: issuerX }));
  });

  it('is for this ledger, an access token, of one issuer to the letter, and of bounded life', async () => {
    const admit = door();
    for (const [changes, header] of [
      [{ aud: 'their-client' }],
      [{ aud: [['cofferdam']] }],
      [{ aud: undefined }],
      [{}, { typ: 'at+jwt' }],
      [{}, { typ: undefined }],
      [{}, { alg: 'none' }],
      [{}, { alg: 'ES256' }],
      [{}, { jwk: signerX.published }],
      [{}, { kid: 'other' }],
      [{ iss: `${issuerX}/` }],
      [{ iss: [issuerX] }],
      [{ iss: 'https://evil.test' }],
      [{ sub: undefined }],
      [{ sub: 'a\nb' }],
      [{ exp: nowSeconds - 61 }],
      [{ iat: nowSeconds + 61, nbf: nowSeconds + 61 }],
      [{ exp: nowSeconds + 90_000 }],
      [{ iat: undefined }],
    ] as [Record<string, unknown>, Record<string, unknown>?][])
      await admit.refuses(tokenX(changes, header));
    const twice = JSON.stringify(claims()).replace(
      '"iss":',
      `"organization":{"id":"bank-x"},"iss":"${issuerY}","iss":`,
    );
    await admit.refuses(makeToken(signerX, twice, { typ: 'JWT' }));
  });

  it('needs no claim when its issuer has one tenant, and is remembered by its own keys', async () => {
    const one = door(true, { tenantClaim: undefined });
    const token = tokenX({ organization: undefined });
    expect((await one(token)).tenantId).toBe(tenantX);
    expect((await one(token)).tenantId).toBe(tenantX);
    const two = { tenantClaim: undefined, tenants: new Map([['a', tenantX] as const, ['b', tenantY] as const]) };
    await door(true, two).refuses(token, 'MISSING_TENANT');
    expect((await door(false)(tokenX())).tenantId).toBeUndefined();
  });
});

it('the role of an external token decides alone', async () => {
  const asked: unknown[] = [];
  const own: PermissionSource = {
    isAllowed: async (principal) => {
      asked.push(principal.subject);
      return true;
    },
  };
  const permissions = createIssuerPermissions(own, (role, { action }) => role === 'editor' || action === 'get');
  const may = (externalRole: Principal['externalRole'] | undefined, action: string) =>
    permissions.isAllowed({ subject: 's', externalRole } as Principal, { resource: 'accounts', action }, 'token');
  expect([await may('viewer', 'get'), await may('viewer', 'delete'), await may('editor', 'delete')]).toEqual([
    true,
    false,
    true,
  ]);
  expect([await may('none', 'get'), asked]).toEqual([false, []]);
  expect([await may(undefined, 'delete'), asked]).toEqual([true, ['s']]);
});
