import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deriveServiceKey } from '../../src/access/credentials/service-key.js';
import { repeated } from '../support/long-form.js';
import { type AccessInstallation, createAccessInstallation } from './support/access-installation.js';
import {
  get,
  machineToken,
  personTokens,
  postForm,
  seedTenant,
  startAccess,
  type TestAccess,
  type TestTenant,
} from './support/access-manager.js';

/** One change to a text: the kinds of damage that tokens and bodies meet on their way, or at an attacker's hand. */
const change = fc.record({
  at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  length: fc.integer({ min: 0, max: 12 }),
  put: fc.oneof(
    fc.string({ unit: 'grapheme-ascii', maxLength: 8 }),
    fc.string({ unit: 'binary', maxLength: 4 }),
    fc.constantFrom(
      '.',
      '"',
      '{',
      '}',
      '\\',
      '\\u0000',
      '=',
      '+',
      '&',
      '%',
      '%00',
      'null',
      '[]',
      '1e999',
      'Bearer ',
      'A',
    ),
  ),
});
type Change = { at: number; length: number; put: string };

function mutate(text: string, changes: readonly Change[]): string {
  let mutated = text;
  for (const { at, length, put } of changes) {
    const from = Math.floor(at * mutated.length);
    mutated = mutated.slice(0, from) + put + mutated.slice(from + length);
  }
  return mutated;
}

const changes = fc.array(change, { minLength: 1, maxLength: 3 });

/** 10,000 in the long form. */
const mutations = {
  header: repeated(500, 4_000),
  bodies: repeated(600, 5_000),
  asked: repeated(120, 600),
  logout: repeated(80, 400),
};
const total = Object.values(mutations).reduce((sum, count) => sum + count);

describe(`${total} mutations get no 2xx and no 5xx`, () => {
  let installation: AccessInstallation;
  let access: TestAccess;
  let tenant: TestTenant;
  let addresses = 0;

  beforeAll(async () => {
    installation = await createAccessInstallation();
    access = await startAccess(installation);
    tenant = await seedTenant(access, 'acme');
  });
  afterAll(async () => {
    await access.close();
    await installation.drop();
  });

  /** Each from an address of its own: limits would answer for the code under test. */
  const nextAddress = () => {
    addresses += 1;
    return `10.${(addresses >> 16) & 255}.${(addresses >> 8) & 255}.${addresses & 255}`;
  };

  it('of the Authorization header', { timeout: 180_000 }, async () => {
    const token = await machineToken(access, tenant);
    await fc.assert(
      fc.asyncProperty(changes, async (list) => {
        // Header values are bytes of Latin-1 without line breaks: nothing else reaches a server.
        const header = mutate(`Bearer ${token}`, list).replace(/[^\t\x20-\x7e\x80-\xff]/g, '?');
        fc.pre(header.trim().replace(/^bearer(?: +|$)/i, '') !== token);
        const answer = await access.app.inject({ url: '/v1/permissions', headers: { authorization: header } });
        expect([answer.statusCode, answer.json().code]).toEqual([401, expect.stringMatching(/^AUT-000[67]$/)]);
      }),
      { numRuns: mutations.header },
    );
    expect((await get(access, '/v1/permissions', token)).statusCode).toBe(200);
  });

  it('of bodies that hold tokens', { timeout: 300_000 }, async () => {
    const { accessToken, idToken, refreshToken } = await personTokens(access, tenant);
    // Good ones as the seed of mutations, but of a login that has ended: nothing that comes of them may succeed.
    expect((await postForm(access, '/v1/logout', { id_token_hint: idToken })).statusCode).toBe(204);
    const { clientId } = tenant;
    const form = (members: Record<string, string>) => new URLSearchParams(members).toString();
    const json = JSON.stringify;
    const seeds = [
      ['/v1/login/oauth/refresh_token', json({ refreshToken, clientId })],
      ['/v1/oauth/token', form({ grant_type: 'refresh_token', refresh_token: refreshToken, client_id: clientId })],
      ['/v1/login/oauth/access_token', json({ grantType: 'client_credentials', clientId, clientSecret: 'cfs_wrong' })],
      ['/v1/oauth/token', form({ grant_type: 'client_credentials', client_id: clientId, client_secret: 'wrong' })],
      ['/v1/login/mfa/verify', json({ mfaToken: `cfm_${refreshToken.slice(4)}`, mfaType: 'app', passcode: '123456' })],
      ['/v1/login/mfa/challenge', json({ mfaToken: `cfm_${refreshToken.slice(4)}`, mfaType: 'email' })],
      ['/v1/oauth/revoke', form({ token: accessToken, client_id: clientId, client_secret: 'wrong' })],
    ] as const;
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...seeds), changes, async ([url, seed], list) => {
        const answer = await access.app.inject({
          method: 'POST',
          url,
          remoteAddress: nextAddress(),
          headers: { 'content-type': seed.startsWith('{') ? 'application/json' : 'application/x-www-form-urlencoded' },
          payload: mutate(seed, list),
        });
        expect(answer.statusCode, `${url} ${answer.body}`).toBeGreaterThanOrEqual(400);
        expect(answer.statusCode, `${url} ${answer.body}`).toBeLessThan(500);
      }),
      { numRuns: mutations.bodies },
    );
  });

  it('of tokens that are asked about, and of ID tokens at logout', { timeout: 180_000 }, async () => {
    const { accessToken, idToken, refreshToken } = await personTokens(access, tenant);
    const key = { 'x-api-key': deriveServiceKey(installation.encryptionKey) };
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(accessToken, refreshToken), changes, async (token, list) => {
        const mutated = mutate(token, list);
        fc.pre(mutated !== token);
        const answer = await postForm(access, '/v1/introspect', { token: mutated }, key);
        if (answer.statusCode === 200) expect(answer.json()).toEqual({ active: false });
        else expect(answer.statusCode).toBe(400);
      }),
      { numRuns: mutations.asked },
    );
    await fc.assert(
      fc.asyncProperty(changes, async (list) => {
        const mutated = mutate(idToken, list);
        fc.pre(mutated !== idToken);
        expect((await postForm(access, '/v1/logout', { id_token_hint: mutated })).statusCode).toBe(400);
      }),
      { numRuns: mutations.logout },
    );
    expect((await get(access, '/v1/permissions', accessToken)).statusCode).toBe(200);
  });
});
