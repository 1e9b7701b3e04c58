import { decodeProtectedHeader } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { deriveServiceKey } from '../../src/access/credentials/service-key.js';
import { rotationLeadSeconds } from '../../src/access/keys/key-ring.js';
import { createAuthenticate } from '../../src/http/authenticate.js';
import { createKeySource, fetchKeys } from '../../src/http/jwks.js';
import { type AccessInstallation, createAccessInstallation } from './support/access-installation.js';
import { get, issuer, logIn, machineToken, seedTenant, startAccess } from './support/access-manager.js';

/** A clock that runs two hundred times as fast: a lead of fifteen minutes passes in four and a half seconds. */
const start = Date.now();
const fastNow = () => new Date(start + (Date.now() - start) * 200);

describe('key rotation', () => {
  let installation: AccessInstallation;

  beforeAll(async () => {
    installation = await createAccessInstallation();
  });
  afterAll(() => installation.drop());

  const keysOf = (body?: object) => ({
    method: body === undefined ? ('GET' as const) : ('POST' as const),
    url: '/v1/signing-keys',
    headers: { 'x-api-key': deriveServiceKey(installation.encryptionKey) },
    ...(body !== undefined && { payload: body }),
  });

  it('fails no request under load: two Access Managers and a verifier that keeps keys as products do', {
    timeout: 120_000,
  }, async () => {
    const [one, two] = [
      await startAccess(installation, { now: fastNow }),
      await startAccess(installation, { now: fastNow }),
    ];
    const tenant = await seedTenant(one, 'acme');
    await two.app.listen({ port: 0 });
    const { port } = two.app.server.address() as { port: number };
    const authenticate = createAuthenticate({
      keys: createKeySource({ load: fetchKeys(`http://127.0.0.1:${port}/.well-known/jwks.json`), now: fastNow }),
      issuer,
      audience: 'midaz',
      environment: 'test',
      multiTenant: true,
      now: fastNow,
    });

    const kids = { one: new Set<unknown>(), two: new Set<unknown>() };
    const failures: unknown[] = [];
    let served = 0;
    let running = true;
    const expectServed = async (what: string, work: () => Promise<number | undefined>) => {
      try {
        const status = await work();
        if (status !== undefined && status !== 200) failures.push(`${what}: ${status}`);
        served += 1;
      } catch (error) {
        failures.push(error);
      }
    };
    async function load(): Promise<void> {
      let older: string[] = [];
      while (running) {
        for (const [name, access] of [
          ['one', one],
          ['two', two],
        ] as const) {
          await expectServed(`login at ${name}`, async () => {
            const token = await machineToken(access, tenant);
            kids[name].add(decodeProtectedHeader(token).kid);
            older = [...older.slice(-3), token];
            return undefined;
          });
        }
        for (const token of older) {
          await expectServed('permissions at one', async () => (await get(one, '/v1/permissions', token)).statusCode);
          await expectServed('permissions at two', async () => (await get(two, '/v1/permissions', token)).statusCode);
          await expectServed('a product', async () => {
            await authenticate({ raw: { rawHeaders: ['authorization', `Bearer ${token}`] } } as never);
            return undefined;
          });
        }
      }
    }
    const loads = [load(), load()];
    const rotated = await one.app.inject(keysOf({}));
    expect(rotated.statusCode).toBe(201);
    const { kid, state, activateAt } = rotated.json();
    expect(state).toBe('upcoming');
    const again = await two.app.inject(keysOf({}));
    expect([again.statusCode, again.json().code]).toEqual([409, 'AUT-0021']);

    const beyond = Date.parse(activateAt) + 90_000;
    while (fastNow().getTime() < beyond) await new Promise((resolve) => setTimeout(resolve, 50));
    running = false;
    await Promise.all(loads);

    expect(failures).toEqual([]);
    for (const name of ['one', 'two'] as const) {
      expect(kids[name].size, `keys that ${name} signed with`).toBe(2);
      expect([...kids[name]].at(-1)).toBe(kid);
    }
    const states = (await two.app.inject(keysOf())).json().items.map((key: { state: string }) => key.state);
    expect(states).toEqual(['active', 'retiring']);
    console.log(`${served} requests during a rotation with a lead of ${rotationLeadSeconds} s (clock × 200)`);
    await one.close();
    await two.close();
  });

  it('X-48: withdraws a key that has leaked, and its tokens with it', async () => {
    const access = await startAccess(installation);
    const tenant = await seedTenant(access, 'leaky');
    const before = await machineToken(access, tenant);
    expect((await get(access, '/v1/permissions', before)).statusCode).toBe(200);
    const answer = await access.app.inject(keysOf({ withdrawOld: true }));
    expect([answer.statusCode, answer.json().state]).toEqual([201, 'active']);
    // Verifiers keep keys for a while; the Access Manager itself for a minute.
    access.clock.forward(61);
    await expect.poll(async () => (await get(access, '/v1/permissions', before)).statusCode).toBe(401);
    expect((await get(access, '/v1/permissions', await machineToken(access, tenant))).statusCode).toBe(200);
    const listed = (await access.app.inject(keysOf())).body;
    expect(listed).toContain('"retired"');
    expect(listed).not.toMatch(/"(d|p|q|dp|dq|qi|n|private_key_sealed)"/);
    await access.close();
  });

  it('is for operators only', async () => {
    const access = await startAccess(installation);
    const tenant = await seedTenant(access, 'nosy');
    const token = await machineToken(access, tenant);
    const before = (await access.keys.list()).length;
    for (const headers of [{}, { authorization: `Bearer ${token}` }, { 'x-api-key': 'wrong' }])
      for (const method of ['GET', 'POST'] as const) {
        const answer = await access.app.inject({
          method,
          url: '/v1/signing-keys',
          headers,
          ...(method === 'POST' && { payload: {} }),
        });
        expect(answer.statusCode).toBe(401);
      }
    const odd = await access.app.inject(keysOf({ withdrawOld: true, leadSeconds: 5 }));
    expect(odd.statusCode).toBe(400);
    expect(await access.keys.list()).toHaveLength(before);
    expect((await logIn(access, { grantType: 'client_credentials' })).statusCode).toBe(400);
    await access.close();
  });
});
