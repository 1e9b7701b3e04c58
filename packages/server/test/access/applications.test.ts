import { sql } from 'kysely';
import { afterAll, describe, expect, it } from 'vitest';
import { holdClient } from '../../src/access/directory/client-lock.js';
import { withDirectory } from '../../src/access/directory/with-directory.js';
import { get, personToken, postForm, untilBlocked } from './support/access-manager.js';
import { openIdentity } from './support/identity.js';

const { access, a, tokenA, send, newApplication, loginOf, machineLogin, close } = await openIdentity();
afterAll(close);

describe('applications', () => {
  it('show their secret once and log in with it', async () => {
    const made = await newApplication(tokenA);
    expect(made).toMatchObject({ name: 'midaz', description: 'robot', role: 'viewer', disabled: false, system: false });
    expect((await machineLogin(made)).statusCode).toBe(200);
    for (const url of ['/v1/applications', `/v1/applications/${made.id}`]) {
      const read = await send('GET', url, tokenA);
      expect(read.statusCode).toBe(200);
      expect(read.body).not.toMatch(/secret/i);
      expect(read.body).toContain(made.clientId);
    }
    expect(access.logged.join('')).not.toContain(made.clientSecret);
  });

  it('are gone at once when they are deleted or disabled', async () => {
    for (const end of ['DELETE', 'PATCH'] as const) {
      const made = await newApplication(tokenA, { role: 'editor' });
      const token = (await machineLogin(made)).json().accessToken;
      expect((await get(access, '/v1/permissions', token)).statusCode).toBe(200);
      await send(end, `/v1/applications/${made.id}`, tokenA, end === 'PATCH' ? { disabled: true } : undefined);
      expect((await get(access, '/v1/permissions', token)).statusCode).toBe(401);
      expect((await machineLogin(made)).statusCode).toBe(401);
    }
  });

  it('take along what they have given out: tokens of people, and those without a refresh token', async () => {
    const ledgerToken = async ({ clientId, clientSecret }: { clientId: string; clientSecret: string }) => {
      const form = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret };
      return (await postForm(access, '/v1/oauth/token', form)).json().access_token as string;
    };
    const status = async (token: string) => (await get(access, '/v1/permissions', token)).statusCode;
    for (const end of ['leaked', 'disabled', 'deleted'] as const) {
      const made = await newApplication(tokenA);
      const machine = await ledgerToken(made);
      const person = await personToken(access, { ...a, clientId: made.clientId });
      expect([await status(machine), await status(person)]).toEqual([200, 200]);
      const url = `/v1/applications/${made.id}`;
      if (end === 'leaked') {
        const { clientSecret } = (await send('POST', `${url}/rotate-secret`, tokenA, { overlapSeconds: 0 })).json();
        // The new secret works at once; people who logged in through the client had no part in the old one.
        expect(await status(await ledgerToken({ ...made, clientSecret }))).toBe(200);
        expect([await status(machine), await status(person)]).toEqual([401, 200]);
      } else {
        if (end === 'disabled') await send('PATCH', url, tokenA, { disabled: true });
        else await send('DELETE', url, tokenA);
        expect([await status(machine), await status(person)]).toEqual([401, 401]);
      }
    }
  });

  it('are gone at once however often they have logged in: more often than a statement takes parameters', async () => {
    const made = await newApplication(tokenA);
    // A session is one parameter, a revoked token was four; 65 535 is what a statement takes.
    const [logins, living] = [66_000, 17_000];
    await withDirectory(access.store, a.tenantId, ({ db, tenantId }) =>
      sql`
        with made as (
          insert into login_session (tenant_id, id, kind, subject, client_id, created_at, expires_at)
          select ${tenantId}, gen_random_uuid(), 'application', ${made.clientId}, ${made.clientId}, now(), now() + interval '1 day'
            from generate_series(1, ${logins}) returning id)
        insert into refresh_token (tenant_id, token_hash, session_id, issued_at, expires_at, access_jti, access_expires_at)
        select ${tenantId}, sha256(id::text::bytea), id, now(), now() + interval '1 day', id::text, now() + interval '1 hour'
          from made limit ${living}`.execute(db),
    );
    expect((await send('DELETE', `/v1/applications/${made.id}`, tokenA)).statusCode).toBe(204);
    const { rows } = await withDirectory(access.store, a.tenantId, ({ db }) =>
      sql`select (select count(*) from login_session where client_id = ${made.clientId} and ended_at is not null)::int as ended,
                 (select count(*) from revoked_token join refresh_token on access_jti = jti)::int as revoked`.execute(
        db,
      ),
    );
    expect(rows[0]).toMatchObject({ ended: logins });
    expect(Object(rows[0]).revoked).toBeGreaterThanOrEqual(living);
  });

  it('rotate their secret with an overlap, or without', async () => {
    const made = await newApplication(tokenA);
    const url = `/v1/applications/${made.id}/rotate-secret`;
    const second = (await send('POST', url, tokenA, { overlapSeconds: 600 })).json();
    expect(Date.parse(second.previousSecretUntil) - access.clock.now.getTime()).toBe(600_000);
    for (const secret of [made, second]) expect((await machineLogin(secret)).statusCode).toBe(200);
    const third = (await send('POST', url, tokenA, { overlapSeconds: 600 })).json();
    expect((await machineLogin(made)).statusCode).toBe(401);
    for (const secret of [second, third]) expect((await machineLogin(secret)).statusCode).toBe(200);
    access.clock.forward(601);
    expect((await machineLogin(second)).statusCode).toBe(401);
    const leaked = (await send('POST', url, tokenA, { overlapSeconds: 0 })).json();
    expect(leaked.previousSecretUntil).toBeNull();
    expect((await machineLogin(third)).statusCode).toBe(401);
    expect((await machineLogin(leaked)).statusCode).toBe(200);
  });

  it('that are withdrawn while machines and people log in through them give out nothing that lasts', async () => {
    const made = await newApplication(tokenA);
    // A login under way: the withdrawal waits for it, and a login after that for the withdrawal.
    let withdrawn: Promise<{ statusCode: number }> | undefined;
    let late: Promise<{ statusCode: number }[]> | undefined;
    await withDirectory(access.store, a.tenantId, async (tx) => {
      await holdClient(tx, made.clientId);
      withdrawn = send('PATCH', `/v1/applications/${made.id}`, tokenA, { disabled: true });
      withdrawn.catch(() => undefined);
      await untilBlocked(access, 1);
      late = Promise.all([machineLogin(made), loginOf({ ...a, clientId: made.clientId }, a.username, a.password)]);
      late.catch(() => undefined);
      await untilBlocked(access, 3);
    });
    expect((await withdrawn)?.statusCode).toBe(200);
    expect((await late)?.map(({ statusCode }) => statusCode)).toEqual([401, 401]);
  });

  it('end at their time and come from where they may only', async () => {
    const expiresAt = new Date(access.clock.now.getTime() + 60_000).toISOString();
    const ending = await newApplication(tokenA, { expiresAt });
    expect((await machineLogin(ending)).statusCode).toBe(200);
    access.clock.forward(61);
    expect((await machineLogin(ending)).statusCode).toBe(401);
    const bound = await newApplication(tokenA, { allowedAddresses: ['198.51.100.0/24', '2001:db8::/32'] });
    expect((await machineLogin(bound, '192.0.2.1')).statusCode).toBe(401);
    for (const address of ['198.51.100.7', '::ffff:198.51.100.7', '2001:db8::1'])
      expect((await machineLogin(bound, address)).statusCode, address).toBe(200);
    for (const body of [
      { expiresAt: '2020-01-01T00:00:00Z' },
      { expiresAt: 'tomorrow' },
      { allowedAddresses: ['10.0.0.0/33'] },
      { allowedAddresses: ['example.com'] },
      { name: 'anything' },
      { role: 'owner' },
    ]) {
      const refused = await send('POST', '/v1/applications', tokenA, { name: 'midaz', ...body });
      expect([refused.statusCode, refused.json().code], JSON.stringify(body)).toEqual([400, 'IDE-0009']);
    }
  });

  it('of the system are protected', async () => {
    const system = (await send('GET', '/v1/applications', tokenA))
      .json()
      .find((one: { system: boolean }) => one.system);
    for (const answer of [
      await send('DELETE', `/v1/applications/${system.id}`, tokenA),
      await send('PATCH', `/v1/applications/${system.id}`, tokenA, { disabled: true }),
      await send('POST', `/v1/applications/${system.id}/rotate-secret`, tokenA, {}),
    ])
      expect([answer.statusCode, answer.json().code]).toEqual([403, 'IDE-0104']);
  });
});
