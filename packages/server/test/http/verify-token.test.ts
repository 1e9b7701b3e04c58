import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { createKeySource, type KeySource } from '../../src/http/jwks.js';
import { TokenRefused, type TokenRules, verifyToken } from '../../src/http/verify-token.js';
import {
  base64url,
  createSigner,
  goodClaims,
  issuer,
  makeToken,
  now,
  nowSeconds,
  signWith,
  tenantId,
} from './token-factory.js';

const rsa = createSigner('rsa-1');
const ec = createSigner('ec-1', 'ES256');
const ed = createSigner('ed-1', 'EdDSA');
const attacker = createSigner('rsa-1');

let loads: number;
let keys: KeySource;
let rules: TokenRules;

beforeEach(() => {
  loads = 0;
  keys = createKeySource({
    load: async () => {
      loads++;
      return [rsa.published, ec.published, ed.published];
    },
    now: () => now,
  });
  rules = { keys, issuer, audience: 'midaz', environment: 'test', multiTenant: true, now: () => now };
});

async function refusal(token: string, given: Partial<TokenRules> = {}): Promise<string> {
  try {
    await verifyToken(token, { ...rules, ...given });
  } catch (error) {
    if (error instanceof TokenRefused) return `${error.problem}: ${error.message}`;
    throw error;
  }
  return 'accepted';
}

function withClaims(changes: Record<string, unknown>): string {
  return makeToken(rsa, { ...goodClaims(), ...changes });
}

describe('a good token', () => {
  it.each([rsa, ec, ed])('of $algorithm names its principal', async (signer) => {
    const { principal } = await verifyToken(makeToken(signer), rules);
    expect(principal).toEqual({
      subject: 'user-1',
      kind: 'person',
      tenantId,
      clientId: 'client-1',
      tokenId: 'jti-1',
      issuer,
      expiresAt: nowSeconds + 3_600,
    });
    expect(Object.isFrozen(principal)).toBe(true);
  });

  it('may name its tenant with dashes, and its audience as a text', async () => {
    const token = withClaims({ tenantId: '019C96A0-0000-7000-8000-000000000001', aud: 'midaz', type: 'application' });
    expect((await verifyToken(token, rules)).principal).toMatchObject({ tenantId, kind: 'application' });
  });

  it('needs no tenant in single-tenant mode', async () => {
    const { tenantId: _left, ...claims } = goodClaims();
    expect(
      (await verifyToken(makeToken(rsa, claims), { ...rules, multiTenant: false })).principal.tenantId,
    ).toBeUndefined();
    expect(await refusal(makeToken(rsa, claims))).toMatch(/^MISSING_TENANT/);
  });
});

describe('X-01: edited tokens', () => {
  it('fall with any changed character', async () => {
    const token = makeToken(rsa);
    await fc.assert(
      fc.asyncProperty(fc.nat(token.length - 1), fc.constantFrom(...'Aa0-_.= \n\u0000é'), async (at, letter) => {
        if (token[at] === letter) return;
        expect(await refusal(token.slice(0, at) + letter + token.slice(at + 1))).toMatch(/^INVALID_TOKEN/);
      }),
      { numRuns: 300 },
    );
  });

  it('fall with another payload under the old signature', async () => {
    const [header, , signature] = makeToken(rsa).split('.');
    const payload = base64url(JSON.stringify({ ...goodClaims(), tenantId: '019c96a0000070008000000000000002' }));
    expect(await refusal(`${header}.${payload}.${signature}`)).toMatch(/signature/);
  });
});

describe('X-02: unsigned tokens', () => {
  it.each(['none', 'None', 'NONE', 'nOnE', '', null, undefined, 0, ['RS256'], { RS256: 1 }])('alg %j', async (alg) => {
    const header = base64url(JSON.stringify({ alg, kid: rsa.kid, typ: 'at+jwt' }));
    const payload = base64url(JSON.stringify(goodClaims()));
    for (const signature of ['', 'AA', signWith(rsa, `${header}.${payload}`)]) {
      expect(await refusal(`${header}.${payload}.${signature}`)).toMatch(/^INVALID_TOKEN/);
    }
    expect(await refusal(`${header}.${payload}`)).toMatch(/^INVALID_TOKEN/);
  });

  it('an empty signature under a good header', async () => {
    const [header, payload] = makeToken(rsa).split('.');
    expect(await refusal(`${header}.${payload}.`)).toMatch(/^INVALID_TOKEN/);
  });
});

describe('X-03: confused keys', () => {
  const secrets = [
    rsa.publicKey.export({ format: 'pem', type: 'spki' }),
    rsa.publicKey.export({ format: 'der', type: 'spki' }),
    JSON.stringify(rsa.published),
    String(rsa.published['n']),
  ];

  it.each(['HS256', 'RS256'])('an HMAC with the public key, called %s', async (alg) => {
    const signed = `${base64url(JSON.stringify({ alg, kid: rsa.kid, typ: 'at+jwt' }))}.${base64url(JSON.stringify(goodClaims()))}`;
    for (const secret of secrets) {
      const signature = createHmac('sha256', secret).update(signed).digest('base64url');
      expect(await refusal(`${signed}.${signature}`)).toMatch(/^INVALID_TOKEN/);
    }
  });

  it.each([
    [rsa, 'ES256'],
    [rsa, 'PS256'],
    [rsa, 'RS512'],
    [ec, 'RS256'],
    [ec, 'EdDSA'],
    [ed, 'ES256'],
  ])('the key of $algorithm under another name', async (signer, alg) => {
    expect(await refusal(makeToken(signer, goodClaims(), { alg }))).toMatch(/algorithm/);
  });

  it('one key of a set under the name of another', async () => {
    expect(await refusal(makeToken(rsa, goodClaims(), { kid: ec.kid }))).toMatch(/algorithm/);
    expect(await refusal(makeToken(ec, goodClaims(), { kid: rsa.kid, alg: 'RS256' }))).toMatch(/signature/);
  });
});

describe('X-04: keys that the token brings', () => {
  it.each([
    { jku: 'http://127.0.0.1:1/jwks.json' },
    { x5u: 'http://127.0.0.1:1/cert.pem' },
    { jwk: attacker.published },
    { x5c: ['MIIB'] },
    { crit: ['exp'] },
    { crit: [] },
    { zip: 'DEF' },
  ])('%o', async (header) => {
    expect(await refusal(makeToken(attacker, goodClaims(), header))).toMatch(/^INVALID_TOKEN: the header has/);
    expect(await refusal(makeToken(rsa, goodClaims(), header))).toMatch(/^INVALID_TOKEN: the header has/);
    expect(loads).toBe(0);
  });

  it.each([
    '../../../dev/null',
    "x' or '1'='1",
    'toString',
    '__proto__',
    '',
    7,
    null,
    ['rsa-1'],
    'k'.repeat(257),
    undefined,
  ])('kid %j', async (kid) => {
    expect(await refusal(makeToken(attacker, goodClaims(), { kid }))).toMatch(/^INVALID_TOKEN/);
  });

  it('an unknown kid asks for the keys once', async () => {
    for (let count = 0; count < 20; count++)
      await refusal(makeToken(attacker, goodClaims(), { kid: `guess-${count}` }));
    expect(loads).toBe(1);
  });

  it('a known kid with the key of an attacker', async () => {
    expect(await refusal(makeToken(attacker))).toMatch(/signature/);
  });
});

describe('X-05: tokens for elsewhere', () => {
  it.each([
    { iss: 'https://other.test' },
    { iss: `${issuer}/` },
    { iss: [issuer] },
    { iss: undefined },
    { aud: 'other' },
    { aud: ['other'] },
    { aud: [] },
    { aud: [['midaz']] },
    { aud: { midaz: true } },
    { aud: undefined },
    { env: 'production' },
    { env: undefined },
    { type: 'admin' },
    { type: undefined },
    { sub: '' },
    { sub: 7 },
    { sub: 'a\u0000b' },
    { sub: 'x'.repeat(257) },
    { jti: undefined },
    { azp: undefined },
    { azp: ['client-1'] },
  ])('%o', async (changes) => {
    expect(await refusal(withClaims(changes))).toMatch(/^INVALID_TOKEN/);
  });

  it.each(['JWT', 'id+jwt', 'rt+jwt', 'AT+JWT', '', undefined])('of type %s', async (typ) => {
    expect(await refusal(makeToken(rsa, goodClaims(), { typ }))).toMatch(/typ/);
  });
});

describe('X-06: tokens out of time', () => {
  it.each([
    [{ exp: nowSeconds - 59 }, 'accepted'],
    [{ exp: nowSeconds - 60 }, 'refused'],
    [{ nbf: nowSeconds + 60 }, 'accepted'],
    [{ nbf: nowSeconds + 61 }, 'refused'],
    [{ iat: nowSeconds + 61 }, 'refused'],
    [{ nbf: undefined }, 'accepted'],
    [{ exp: undefined }, 'refused'],
    [{ iat: undefined }, 'refused'],
    [{ exp: `${nowSeconds + 100}` }, 'refused'],
    [{ exp: [nowSeconds + 100] }, 'refused'],
    [{ exp: nowSeconds + 100.5 }, 'refused'],
    [{ exp: -1 }, 'refused'],
    [{ exp: null }, 'refused'],
  ])('%o is %s', async (changes, expected) => {
    expect(await refusal(withClaims(changes))).toMatch(expected === 'accepted' ? /^accepted$/ : /^INVALID_TOKEN/);
  });

  it('huge numbers do not pass as a time', async () => {
    const text = JSON.stringify(goodClaims()).replace(/"exp":\d+/, '"exp":1e400');
    expect(await refusal(makeToken(rsa, text))).toMatch(/^INVALID_TOKEN/);
  });
});

describe('X-07: several values for one claim', () => {
  const text = JSON.stringify(goodClaims());

  it.each([
    text.replace('{', '{"tenantId":"019c96a0000070008000000000000002",'),
    text.replace('}', ',"tenantId":"019c96a0000070008000000000000001"}'),
    text.replace('}', ',"\\u0074enantId":"019c96a0000070008000000000000002"}'),
    text.replace('}', ',"extra":{"a":1,"a":2}}'),
  ])('repeated members', async (claims) => {
    expect(await refusal(makeToken(rsa, claims))).toMatch(/^INVALID_TOKEN/);
  });

  it('repeated members in the header', async () => {
    expect(
      await refusal(makeToken(rsa, goodClaims(), '{"alg":"none","alg":"RS256","kid":"rsa-1","typ":"at+jwt"}')),
    ).toMatch(/header/);
  });

  it.each([
    [[tenantId]],
    [[tenantId, 'x']],
    [7],
    [{ id: tenantId }],
    [true],
    ['../x'],
    ['a b'],
    ['x'.repeat(300)],
    ['т1'],
    [`${tenantId}\n`],
    [null],
  ])('a tenant that is no text: %j', async (value) => {
    expect(await refusal(withClaims({ tenantId: value }))).toMatch(/^INVALID_TENANT/);
  });

  it.each(['[]', 'null', '"text"', '7', '{', '', `\ufeff${text}`])(
    'a payload that is no object: %j',
    async (claims) => {
      expect(await refusal(makeToken(rsa, claims))).toMatch(/^INVALID_TOKEN/);
    },
  );

  it('a payload that is not UTF-8', async () => {
    const signed = `${base64url(JSON.stringify({ alg: 'RS256', kid: rsa.kid, typ: 'at+jwt' }))}.${base64url(Buffer.from([0x7b, 0xff, 0x7d]))}`;
    expect(await refusal(`${signed}.${signWith(rsa, signed)}`)).toMatch(/payload/);
  });
});

describe('forms that are no compact token', () => {
  const [header, payload, signature] = makeToken(rsa).split('.') as [string, string, string];

  it.each([
    '',
    '.',
    '..',
    `${header}.${payload}`,
    `${header}.${payload}.${signature}.${signature}`,
    `${header}=.${payload}.${signature}`,
    `${header}.${payload}.${signature}==`,
    `${header}.${payload}.${signature.replace(/[-_]/, '+')}+`,
    ` ${header}.${payload}.${signature}`,
    'a'.repeat(9_000),
  ])('%#', async (token) => {
    expect(await refusal(token)).toMatch(/^INVALID_TOKEN/);
  });

  it('a second spelling of the same signature', async () => {
    // 256 bytes leave four unused bits in the last character.
    const last = signature.at(-1) as string;
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const twin = alphabet[alphabet.indexOf(last) + 1] as string;
    expect(Buffer.from(signature.slice(0, -1) + twin, 'base64url')).toEqual(Buffer.from(signature, 'base64url'));
    expect(await refusal(`${header}.${payload}.${signature.slice(0, -1)}${twin}`)).toMatch(/canonical/);
  });
});
