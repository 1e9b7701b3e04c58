import { createHash, randomBytes } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateSigningKey } from '../../src/access/keys/generate-key.js';
import { createKeyCipher } from '../../src/access/keys/key-cipher.js';
import { openKeyRing } from '../../src/access/keys/key-ring.js';
import { type AccessInstallation, createAccessInstallation } from './support/access-installation.js';
import { createClock, get, machineToken, seedTenant, startAccess } from './support/access-manager.js';

describe('signing keys', () => {
  let installation: AccessInstallation;

  beforeAll(async () => {
    installation = await createAccessInstallation();
  });
  afterAll(() => installation.drop());

  const clock = createClock();
  const open = (options: { encryptionKey?: Buffer; refreshSeconds?: number } = {}) =>
    openKeyRing({
      store: installation.store,
      encryptionKey: installation.encryptionKey,
      algorithm: 'RS256',
      now: () => clock.now,
      ...options,
    });
  const rows = () =>
    installation.store.installation
      .selectFrom('signing_key')
      .selectAll()
      .select(sql<string>`encode(private_key_sealed, 'escape')`.as('text'))
      .orderBy('created_at')
      .execute();

  it('are made once, also by starters at the same time, and survive a restart', async () => {
    const rings = await Promise.all([open(), open(), open()]);
    const kids = await Promise.all(rings.map(async (ring) => (await ring.signingKey()).kid));
    expect(new Set(kids).size).toBe(1);
    expect((await (await open()).signingKey()).kid).toBe(kids[0]);
    expect(await rows()).toHaveLength(1);
  });

  it('are RSA of 2048 bits by default, named by their RFC 7638 thumbprint, published without the private half', async () => {
    const ring = await open();
    const [published, ...others] = await ring.publicKeys();
    expect(others).toEqual([]);
    if (published === undefined) throw new Error('no key');
    expect(Object.keys(published).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
    expect(Buffer.from(String(published['n']), 'base64url')).toHaveLength(256);
    expect(published.kid).toBe(await calculateJwkThumbprint(published));
  });

  it('are encrypted at rest: the database holds no private member in any form', async () => {
    const [row] = await rows();
    if (row === undefined) throw new Error('no key');
    expect(Object.keys(row.public_jwk as object).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
    const privateJwk = JSON.parse(createKeyCipher(installation.encryptionKey).open(row.kid, row.private_key_sealed));
    const dump = JSON.stringify(row) + row.text + row.private_key_sealed.toString('latin1');
    for (const member of ['d', 'p', 'q', 'dp', 'dq', 'qi']) {
      expect(privateJwk[member]).toEqual(expect.any(String));
      expect(dump).not.toContain(privateJwk[member]);
    }
  });

  it('cannot be opened with another encryption key, under another id, or when a byte was changed', async () => {
    await expect(open({ encryptionKey: randomBytes(32) })).rejects.toThrow('COFFERDAM_ENCRYPTION_KEY is not the one');
    const cipher = createKeyCipher(installation.encryptionKey);
    const sealed = cipher.seal('one', 'private');
    expect(cipher.open('one', sealed)).toBe('private');
    expect(() => cipher.open('two', sealed)).toThrow('cannot be decrypted');
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = Buffer.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(() => cipher.open('one', changed)).toThrow('cannot be decrypted');
    }
    expect(createHash('sha256').update(cipher.seal('one', 'private')).digest()).not.toEqual(
      createHash('sha256').update(sealed).digest(),
    );
  });

  it('rotate with an overlap: both are published, old tokens hold, and the old key goes when they have expired', async () => {
    const access = await startAccess(installation);
    const tenant = await seedTenant(access, 'acme');
    const oldToken = await machineToken(access, tenant);
    const oldKid = (await access.keys.signingKey()).kid;

    const newKid = await access.keys.rotate();
    expect(newKid).not.toBe(oldKid);
    const newToken = await machineToken(access, tenant);
    for (const token of [oldToken, newToken])
      expect((await get(access, '/v1/permissions', token)).statusCode).toBe(200);
    const kidsOf = async () =>
      (await get(access, '/.well-known/jwks.json')).json().keys.map((key: { kid: string }) => key.kid);
    expect(await kidsOf()).toEqual([newKid, oldKid]);

    access.clock.forward(3_500);
    expect((await get(access, '/v1/permissions', oldToken)).statusCode).toBe(200);
    access.clock.forward(230);
    expect(await kidsOf()).toEqual([newKid]);
    await access.close();
  });

  it('are seen by another process within its refresh', async () => {
    const [one, two] = [await open(), await open({ refreshSeconds: 60 })];
    const rotated = await one.rotate();
    expect((await two.signingKey()).kid).not.toBe(rotated);
    clock.forward(61);
    expect((await two.signingKey()).kid).toBe(rotated);
  });

  it.each([
    ['RS256', 'RSA', ['e', 'kty', 'n']],
    ['ES256', 'EC', ['crv', 'kty', 'x', 'y']],
    ['EdDSA', 'OKP', ['crv', 'kty', 'x']],
  ] as const)('can be made for %s', async (algorithm, kty, members) => {
    const made = await generateSigningKey(algorithm);
    expect(made.publicJwk).toMatchObject({ kty, alg: algorithm, use: 'sig', kid: made.kid });
    expect(Object.keys(made.publicJwk).sort()).toEqual([...members, 'alg', 'kid', 'use'].sort());
    expect(made.privateJwk['d']).toEqual(expect.any(String));
  });
});
