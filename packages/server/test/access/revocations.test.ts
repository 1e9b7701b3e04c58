import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deriveServiceKey } from '../../src/access/credentials/service-key.js';
import { withDirectory } from '../../src/access/directory/with-directory.js';
import { endSessionsOfPerson } from '../../src/access/tokens/end-sessions.js';
import { createRemoteRevocations } from '../../src/http/remote-revocations.js';
import { createRevocationList } from '../../src/http/revocation-list.js';
import { awakeMsUntil } from '../support/awake-time.js';
import { type AccessInstallation, createAccessInstallation } from './support/access-installation.js';
import {
  get,
  personTokens,
  postForm,
  refresh,
  seedTenant,
  startAccess,
  type TestAccess,
  type TestTenant,
} from './support/access-manager.js';

describe('revocation', () => {
  let installation: AccessInstallation;
  let one: TestAccess;
  let two: TestAccess;
  let tenant: TestTenant;
  let address: string;

  beforeAll(async () => {
    installation = await createAccessInstallation();
    one = await startAccess(installation);
    two = await startAccess(installation);
    tenant = await seedTenant(one, 'acme');
    await two.app.listen({ port: 0 });
    address = `http://127.0.0.1:${(two.app.server.address() as { port: number }).port}`;
  });
  afterAll(async () => {
    await one.close();
    await two.close();
    await installation.drop();
  });

  const statusAt = async (access: TestAccess, token: string) =>
    (await get(access, '/v1/permissions', token)).statusCode;

  async function refusedWithin(milliseconds: number, look: () => Promise<boolean>): Promise<void> {
    expect(await awakeMsUntil(look)).toBeLessThan(milliseconds);
  }

  it('of a login is known at once here, and in another process within 2 s (X-06)', async () => {
    const { accessToken, idToken } = await personTokens(one, tenant);
    expect(await statusAt(two, accessToken)).toBe(200);
    await postForm(one, '/v1/logout', { id_token_hint: idToken });
    expect(await statusAt(one, accessToken)).toBe(401);
    await refusedWithin(2_000, async () => (await statusAt(two, accessToken)) === 401);
  });

  it('by a reused refresh token as well', async () => {
    const first = await personTokens(one, tenant);
    const second = (await refresh(one, { refreshToken: first.refreshToken })).json();
    expect(await statusAt(one, second.accessToken)).toBe(200);
    await refresh(two, { refreshToken: first.refreshToken });
    expect(await statusAt(two, second.accessToken)).toBe(401);
    await refusedWithin(2_000, async () => (await statusAt(one, second.accessToken)) === 401);
  });

  it('of all that a subject holds, in the transaction that changes the account', async () => {
    const [a, b] = [await personTokens(one, tenant), await personTokens(one, tenant)];
    const other = await seedTenant(one, `other-${Date.now()}`);
    const elsewhere = await personTokens(one, other);
    const ended = await withDirectory(one.store, tenant.tenantId, async (tx) => {
      const { id } = await tx.db.selectFrom('app_user').select('id').executeTakeFirstOrThrow();
      return endSessionsOfPerson(tx, id, 'password_changed', one.clock.now);
    });
    expect(ended).toBe(2);
    await one.revocations.refresh();
    expect([await statusAt(one, a.accessToken), await statusAt(one, b.accessToken)]).toEqual([401, 401]);
    expect(await statusAt(one, elsewhere.accessToken)).toBe(200);
    expect((await refresh(one, { refreshToken: b.refreshToken })).statusCode).toBe(400);
  });

  it('reaches a product in another process through the feed, with the key of the installation only', async () => {
    const serviceKey = deriveServiceKey(installation.encryptionKey);
    const errors: Error[] = [];
    const listWith = (key: string) =>
      createRevocationList({
        load: createRemoteRevocations({ address, serviceKey: key }),
        now: () => two.clock.now,
        usableForMs: 30_000,
        onError: (error) => errors.push(error as Error),
      });
    const { accessToken, idToken } = await personTokens(one, tenant);
    const {
      jti: tokenId,
      sub: subject,
      azp: clientId,
    } = decodeJwt<{ jti: string; sub: string; azp: string }>(accessToken);
    const judged = { tokenId, subject, clientId };
    const list = listWith(serviceKey);
    list.start();
    expect(await list.isRevoked(judged)).toBe(false);
    await postForm(one, '/v1/logout', { id_token_hint: idToken });
    await refusedWithin(2_000, async () => list.isRevoked(judged));
    await list.stop();
    expect(errors).toEqual([]);

    await expect(listWith('another key').isRevoked(judged)).rejects.toMatchObject({
      reasonName: 'tenant_service_unavailable',
    });
    expect(errors[0]?.message).toMatch(/COFFERDAM_ENCRYPTION_KEY/);
  });

  it('is no business of strangers, nor of holders of tokens', async () => {
    const { accessToken } = await personTokens(one, tenant);
    expect((await get(one, '/v1/revocations?since=0')).statusCode).toBe(401);
    expect((await get(one, '/v1/revocations?since=0', accessToken)).statusCode).toBe(401);
    const ask = (since: string) =>
      one.app.inject({
        url: `/v1/revocations?since=${since}`,
        headers: { 'x-api-key': deriveServiceKey(installation.encryptionKey) },
      });
    const all = (await ask('0')).json();
    expect(all.revoked.length).toBeGreaterThan(3);
    expect(all).toEqual({ position: all.position, revoked: expect.any(Array), more: false, restarted: false });
    expect(Object.keys(all.revoked[0]).sort()).toEqual(['expiresAt', 'jti']);
    expect((await ask(String(all.position))).json().revoked).toEqual([]);
    expect((await ask(String(all.position + 5))).json().restarted).toBe(true);
    for (const since of ['-1', 'x', '1e3', '1'.repeat(40)]) expect((await ask(since)).statusCode).toBe(400);
  });

  it('is written in the order of commits: a reader by number misses nothing', async () => {
    const logins = await Promise.all(Array.from({ length: 6 }, () => personTokens(one, tenant)));
    const seen = new Set<string>();
    let position = 0;
    let running = true;
    const reading = (async () => {
      const load = createRemoteRevocations({ address, serviceKey: deriveServiceKey(installation.encryptionKey) });
      for (;;) {
        const last = !running;
        const page = await load(position);
        for (const { jti } of page.revoked) seen.add(jti);
        position = page.position;
        if (last && !page.more) return;
      }
    })();
    await Promise.all(logins.map(({ idToken }) => postForm(one, '/v1/logout', { id_token_hint: idToken })));
    running = false;
    await reading;
    const { rows } = await installation.pool.query('select count(*)::int as count from revocations_since(0, 100000)');
    expect(seen.size).toBe(rows[0].count);
  });
});
