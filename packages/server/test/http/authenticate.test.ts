import { beforeEach, describe, expect, it } from 'vitest';
import { createAuthenticate } from '../../src/http/authenticate.js';
import { createKeySource, type KeySourceOptions } from '../../src/http/jwks.js';
import type { Principal } from '../../src/http/principal.js';
import { createSigner, goodClaims, issuer, makeToken, now, nowSeconds } from './token-factory.js';

const signer = createSigner('key-1');
const token = makeToken(signer);

let time: Date;
let revoked: Set<string>;

beforeEach(() => {
  time = now;
  revoked = new Set();
});

function authenticator(keyOptions: Partial<KeySourceOptions> = {}) {
  const keys = createKeySource({ load: async () => [signer.published], now: () => time, ...keyOptions });
  const authenticate = createAuthenticate({
    keys,
    issuer,
    audience: 'midaz',
    environment: 'test',
    multiTenant: true,
    now: () => time,
    isRevoked: (principal: Principal) => revoked.has(principal.tokenId),
  });
  // What needs no waiting is answered, or thrown, at once.
  return async (request: Parameters<typeof authenticate>[0]) => authenticate(request);
}

function requestWith(...rawHeaders: string[]) {
  return { raw: { rawHeaders } } as never;
}

async function codeOf(attempt: Promise<unknown>): Promise<unknown> {
  try {
    await attempt;
    return 'accepted';
  } catch (error) {
    const { code, info } = error as { code: string; info: { reason?: string } };
    return `${code} ${info.reason}`;
  }
}

describe('the Authorization header', () => {
  it.each([`Bearer ${token}`, `bearer ${token}`, `BEARER   ${token}`, token, ` Bearer ${token} `])(
    '%.12s… is accepted',
    async (value) => {
      const { principal, accessToken } = await authenticator()(requestWith('Host', 'x', 'authorization', value));
      expect(principal.subject).toBe('user-1');
      expect(accessToken).toBe(token);
    },
  );

  it.each([[], ['Host', 'x'], ['Authorization', ''], ['Authorization', 'Bearer'], ['Authorization', 'Bearer  ']])(
    'missing or empty answers 0041: %j',
    async (...headers) => {
      expect(await codeOf(authenticator()(requestWith(...(headers as string[]))))).toBe('0041 MISSING_TOKEN');
    },
  );

  it.each([
    `Basic ${token}`,
    `Bearer ${token}, Bearer ${token}`,
    `Bearer Bearer ${token}`,
    `Bearer${token}`,
    'Bearer x',
  ])('%.14s… answers 0042', async (value) => {
    expect(await codeOf(authenticator()(requestWith('Authorization', value)))).toBe('0042 INVALID_TOKEN');
  });

  it('sent twice answers 0042, even with the same token', async () => {
    expect(
      await codeOf(
        authenticator()(requestWith('Authorization', `Bearer ${token}`, 'AUTHORIZATION', `Bearer ${token}`)),
      ),
    ).toBe('0042 INVALID_TOKEN');
  });
});

describe('a remembered token', () => {
  it('is refused once it has expired', async () => {
    const authenticate = authenticator();
    await authenticate(requestWith('Authorization', token));
    time = new Date((nowSeconds + 3_659) * 1_000);
    expect(await codeOf(authenticate(requestWith('Authorization', token)))).toBe('accepted');
    time = new Date((nowSeconds + 3_660) * 1_000);
    expect(await codeOf(authenticate(requestWith('Authorization', token)))).toBe('0042 INVALID_TOKEN');
  });

  it('is refused once it is revoked', async () => {
    const authenticate = authenticator();
    await authenticate(requestWith('Authorization', token));
    revoked.add('jti-1');
    expect(await codeOf(authenticate(requestWith('Authorization', token)))).toBe('0042 INVALID_TOKEN');
  });

  it('is refused once its key is withdrawn', async () => {
    let published = [signer.published];
    const authenticate = authenticator({ load: async () => published, freshForMs: 1_000, unknownEveryMs: 0 });
    await authenticate(requestWith('Authorization', token));
    published = [createSigner('key-2').published];
    time = new Date(now.getTime() + 1_000);
    await authenticate(requestWith('Authorization', token));
    await expect
      .poll(() => codeOf(authenticate(requestWith('Authorization', token))), { interval: 5 })
      .toBe('0042 INVALID_TOKEN');
  });

  it('is refused once another key has its name', async () => {
    let published = [signer.published];
    const authenticate = authenticator({ load: async () => published, freshForMs: 1_000, unknownEveryMs: 0 });
    await authenticate(requestWith('Authorization', token));
    published = [createSigner('key-1').published];
    time = new Date(now.getTime() + 1_000);
    await authenticate(requestWith('Authorization', token));
    await expect
      .poll(() => codeOf(authenticate(requestWith('Authorization', token))), { interval: 5 })
      .toBe('0042 INVALID_TOKEN');
  });
});

it('says that the tenant is missing', async () => {
  const { tenantId: _left, ...claims } = goodClaims();
  expect(await codeOf(authenticator()(requestWith('Authorization', makeToken(signer, claims))))).toBe(
    '0042 MISSING_TENANT',
  );
});

it('answers 0161 when the keys cannot be had', async () => {
  const authenticate = authenticator({ load: async () => Promise.reject(new Error('down')) });
  expect(await codeOf(authenticate(requestWith('Authorization', token)))).toBe('0161 AUTH_UNAVAILABLE');
});
