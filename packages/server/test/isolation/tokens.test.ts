import { createHmac, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { JWTPayload } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SigningKey } from '../../src/access/keys/key-ring.js';
import { encode, signWith, stealSigningKey, takeApart } from './support/real-key.js';
import { openWorld, type Resident, type World } from './support/world.js';

let world: World;
let a: Resident;
let b: Resident;
let key: SigningKey;
let jwk: Record<string, string>;

beforeAll(async () => {
  world = await openWorld(['database', 'schema']);
  [a, b] = world.residents as [Resident, Resident];
  key = await stealSigningKey(world.server);
  jwk = (await world.server.access('GET', '/.well-known/jwks.json')).body.keys[0];
});
afterAll(() => world.stop());

const claims = () => takeApart(a.token).claims as JWTPayload;
const header = () => takeApart(a.token).header;

/** The answer to the token on a real route of the ledger: `200`, or status, code and reason. */
async function tried(token: string): Promise<string> {
  const { status, body } = await world.server.call('GET', '/v1/organizations', { token });
  return status === 200 ? '200' : `${status}/${body.code} ${body.reason ?? ''}`.trim();
}
const refused = '401/0042 INVALID_TOKEN';

test('the stolen key signs tokens that are accepted: what is refused below is refused for one reason', async () => {
  expect(await tried(a.token)).toBe('200');
  expect(await tried(await signWith(key, claims()))).toBe('200');
});

describe('X-01: forged claims', () => {
  test('any byte of the payload or of the signature changed', async () => {
    const [head, payload, signature] = a.token.split('.') as [string, string, string];
    for (const at of [0, 1, 20, payload.length >> 1, payload.length - 2]) {
      const changed = payload.slice(0, at) + (payload[at] === 'A' ? 'B' : 'A') + payload.slice(at + 1);
      expect(await tried([head, changed, signature].join('.'))).toBe(refused);
    }
    const flipped = (signature[0] === 'A' ? 'B' : 'A') + signature.slice(1);
    expect(await tried([head, payload, flipped].join('.'))).toBe(refused);
  });

  test('the tenant replaced, the signature kept', async () => {
    const [head, , signature] = a.token.split('.');
    const forged = encode({ ...claims(), tenantId: b.tenant.id });
    expect(await tried([head, forged, signature].join('.'))).toBe(refused);
  });

  test('the payload of one token with the signature of another', async () => {
    const [headA, payloadA] = a.token.split('.');
    expect(await tried([headA, payloadA, b.token.split('.')[2]].join('.'))).toBe(refused);
  });
});

describe('X-02: unsigned tokens', () => {
  test.each(['none', 'None', 'NONE', 'nOnE', ''])('alg %j', async (alg) => {
    for (const signature of ['', takeApart(a.token).signature, encode('x')]) {
      const token = `${encode({ ...header(), alg })}.${encode(claims())}.${signature}`;
      expect(await tried(token)).toBe(refused);
    }
  });

  test('no signature, two parts, five parts', async () => {
    const [head, payload, signature] = a.token.split('.');
    for (const token of [`${head}.${payload}.`, `${head}.${payload}`, `${a.token}.x.y`, `.${payload}.${signature}`])
      expect(await tried(token)).toBe(refused);
  });
});

test('X-03: key confusion: HMAC with the public key in any form, and another kind of key', async () => {
  const publicKey = createPublicKey({ key: jwk, format: 'jwk' });
  const secrets = [
    publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    publicKey.export({ type: 'spki', format: 'pem' }).toString().trim(),
    publicKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
    publicKey.export({ type: 'spki', format: 'der' }),
    JSON.stringify(jwk),
    jwk['n'] as string,
    Buffer.from(jwk['n'] as string, 'base64url'),
  ];
  for (const secret of secrets) {
    const signed = `${encode({ ...header(), alg: 'HS256' })}.${encode(claims())}`;
    expect(await tried(`${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`)).toBe(refused);
  }
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  for (const alg of ['ES256', 'RS256', 'PS256', 'RS512', 'EdDSA']) {
    const signed = `${encode({ ...header(), alg })}.${encode(claims())}`;
    expect(await tried(`${signed}.${sign('sha256', Buffer.from(signed), privateKey).toString('base64url')}`)).toBe(
      refused,
    );
  }
});

describe('X-04: keys chosen by the attacker', () => {
  let trap: Server;
  let fetched = 0;
  beforeAll(async () => {
    trap = createServer((_, response) => {
      fetched += 1;
      response.end(JSON.stringify({ keys: [jwk] }));
    });
    await new Promise<void>((listening) => trap.listen(0, '127.0.0.1', listening));
  });
  afterAll(() => void trap.close());

  test('keys in the header or behind its URLs are neither used nor fetched', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const own = publicKey.export({ format: 'jwk' });
    const url = `http://127.0.0.1:${(trap.address() as AddressInfo).port}/jwks.json`;
    const forge = (extra: object) => {
      const signed = `${encode({ ...header(), ...extra })}.${encode({ ...claims(), tenantId: b.tenant.id })}`;
      return `${signed}.${sign('sha256', Buffer.from(signed), privateKey).toString('base64url')}`;
    };
    const extras = [
      {},
      { jku: url },
      { x5u: url },
      { jwk: own },
      { x5c: ['AAAA'] },
      { kid: url },
      { kid: 'unknown', jku: url },
    ];
    for (const extra of extras) expect(await tried(forge(extra)), JSON.stringify(extra)).toBe(refused);
    expect(fetched).toBe(0);
  });

  test('even beside the right signature', async () => {
    for (const extra of [
      { jku: 'https://x.example' },
      { x5u: 'https://x.example' },
      { jwk },
      { x5c: ['AAAA'] },
      { crit: ['exp'] },
    ])
      expect(await tried(await signWith(key, claims(), extra).catch(() => raw(extra)))).toBe(refused);

    function raw(extra: object) {
      return `${encode({ ...header(), ...extra })}.${encode(claims())}.${takeApart(a.token).signature}`;
    }
  });

  test.each([
    '../../etc/passwd',
    "' or 1=1 --",
    '__proto__',
    'constructor',
    '',
    'x'.repeat(5_000),
    '\u0000',
    ['a'],
    7,
    null,
  ])('kid %j is a key of a map, no path and no SQL', async (kid) => {
    expect(await tried(`${encode({ ...header(), kid })}.${encode(claims())}.${takeApart(a.token).signature}`)).toBe(
      refused,
    );
  });
});

test('X-05: tokens of another issuer, environment, audience or type', async () => {
  const wrong: JWTPayload[] = [
    { iss: 'https://evil.example' },
    { iss: 'https://access.test/' },
    { aud: 'tracer' },
    { aud: [] },
    { aud: ['midaz', 7] as never },
    { env: 'staging' },
    { env: undefined as never },
    { type: 'refresh' },
    { type: undefined as never },
    { type: 'id' },
    { sub: '' },
    { jti: undefined as never },
  ];
  for (const change of wrong)
    expect(await tried(await signWith(key, { ...claims(), ...change })), JSON.stringify(change)).toBe(refused);
  for (const typ of ['JWT', 'id+jwt', 'rt+jwt', undefined])
    expect(await tried(await signWith(key, claims(), { typ })), String(typ)).toBe(refused);
});

test('X-06: expired and not yet valid tokens, 60 s of skew and no more (suspension: lifecycle.test.ts)', async () => {
  const now = Math.floor(Date.now() / 1_000);
  const at = (times: JWTPayload) => signWith(key, { ...claims(), ...times }).then(tried);
  expect(await at({ exp: now - 30 })).toBe('200');
  expect(await at({ exp: now - 120 })).toBe(refused);
  expect(await at({ nbf: now + 30 })).toBe('200');
  expect(await at({ nbf: now + 120 })).toBe(refused);
  expect(await at({ iat: now + 120 })).toBe(refused);
  for (const exp of [undefined, null, String(now + 600), now + 0.5, 1e300])
    expect(await at({ exp: exp as never }), String(exp)).toBe(refused);
});

describe('X-07: several values for the tenant', () => {
  test.each([
    ['repeated member, own first', (own: string, other: string) => `"tenantId":"${own}","tenantId":"${other}"`],
    ['repeated member, own last', (own: string, other: string) => `"tenantId":"${other}","tenantId":"${own}"`],
    ['the same twice', (own: string) => `"tenantId":"${own}","tenantId":"${own}"`],
    ['repeated with an escape', (own: string, other: string) => `"tenantId":"${own}","\\u0074enantId":"${other}"`],
  ])('%s', async (_, member) => {
    const rest = JSON.stringify({ ...claims(), tenantId: undefined }).slice(1);
    const payload = `{${member(a.tenant.id, b.tenant.id)},${rest}`;
    const signed = `${encode(header())}.${encode(payload)}`;
    const signature = Buffer.from(await crypto.subtle.sign('RSASSA-PKCS1-v1_5', key.key, Buffer.from(signed)));
    expect(await tried(`${signed}.${signature.toString('base64url')}`)).toBe(refused);
  });

  test('no string', async () => {
    const own = a.tenant.id;
    for (const tenantId of [[own], [own, b.tenant.id], { id: own }, 7, true, `${own},${b.tenant.id}`, ` ${own}`])
      expect(await tried(await signWith(key, { ...claims(), tenantId })), JSON.stringify(tenantId)).toBe(
        '401/0042 INVALID_TENANT',
      );
  });

  test('look-alike claims are no tenant', async () => {
    for (const name of ['TenantId', 'tenantID', 'tenant_id', 'tenant', 'tid', 'organizationId']) {
      const token = await signWith(key, { ...claims(), tenantId: undefined, [name]: b.tenant.id });
      expect(await tried(token), name).toBe('401/0042 MISSING_TENANT');
      const both = await world.server.call('GET', '/v1/organizations', {
        token: await signWith(key, { ...claims(), [name]: b.tenant.id }),
      });
      expect(both.text).toContain(a.books.marker);
      expect(both.text).not.toContain(b.books.marker);
    }
  });

  test('several Authorization headers, on the wire', async () => {
    for (const [first, second] of [
      [a.token, b.token],
      [b.token, a.token],
      [a.token, a.token],
      [a.token, ''],
    ])
      expect(await onTheWire([`Authorization: Bearer ${first}`, `authorization: Bearer ${second}`])).toMatch(
        /^HTTP\/1.1 401 [\s\S]*"code":"0042"/,
      );
  });

  test('tokens joined in one header, in the query, in a cookie, in the body', async () => {
    const open = (path: string, headers: Record<string, string>) => world.server.call('GET', path, { headers });
    const joined = await open('/v1/organizations', { authorization: `Bearer ${a.token}, Bearer ${b.token}` });
    expect(joined.body.code).toBe('0042');
    const elsewhere = [
      await open(`/v1/organizations?access_token=${a.token}`, {}),
      await open('/v1/organizations', { cookie: `access_token=${a.token}; Authorization=Bearer ${a.token}` }),
      await open('/v1/organizations', { 'x-access-token': a.token, 'x-authorization': `Bearer ${a.token}` }),
    ];
    expect(elsewhere.map(({ status, body }) => `${status}/${body.code}`)).toEqual(Array(3).fill('401/0041'));
    const query = await open(`/v1/organizations?access_token=${b.token}`, { authorization: `Bearer ${a.token}` });
    expect(query.text).toContain(a.books.marker);
    expect(query.text).not.toContain(b.books.marker);
  });
});

/** The whole answer to a request with these header lines: fetch would join repeated ones. */
function onTheWire(lines: readonly string[]): Promise<string> {
  const { hostname, port } = new URL(world.server.running.urls.ledger);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => {
      socket.end(`GET /v1/organizations HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${lines.join('\r\n')}\r\n\r\n`);
    });
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.on('end', () => resolve(answer));
    socket.on('error', reject);
  });
}
