import { decodeJwt } from 'jose';
import { Secret, TOTP } from 'otpauth';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withDirectory } from '../../src/access/directory/with-directory.js';
import type { CodeMessage } from '../../src/access/login/send-code.js';
import { endSessionsOfPerson } from '../../src/access/tokens/end-sessions.js';
import type { MfaKind } from '../../src/access/tokens/session-tables.js';
import { type AccessInstallation, createAccessInstallation } from './support/access-installation.js';
import {
  get,
  logIn,
  ownerPassword,
  personTokens,
  postForm,
  seedTenant,
  startAccess,
  type TestAccess,
  type TestTenant,
} from './support/access-manager.js';

const names = { issuer: 'Cofferdam', account: 'owner@example.com' };

describe('the second factor at login', () => {
  let installation: AccessInstallation;
  let access: TestAccess;
  let tenants = 0;
  const sent: CodeMessage[] = [];
  const sender = { broken: false };

  beforeAll(async () => {
    installation = await createAccessInstallation();
    access = await startAccess(installation, {
      sendCode: async (message) => {
        if (sender.broken) throw new Error('no route to host');
        sent.push(message);
      },
    });
  });
  afterAll(async () => {
    await access.close();
    await installation.drop();
  });

  interface Person extends TestTenant {
    readonly userId: string;
    readonly secret: string;
    readonly recoveryCodes: readonly string[];
  }

  const codeOf = (secret: string, secondsLater = 0) =>
    new TOTP({ secret: Secret.fromBase32(secret) }).generate({
      timestamp: access.clock.now.getTime() + secondsLater * 1_000,
    });

  async function switchOn(tenant: TestTenant, userId: string, kind: MfaKind, destination?: string) {
    const within = <T>(fn: Parameters<typeof withDirectory<T>>[2]) => withDirectory(access.store, tenant.tenantId, fn);
    const setup = await within((tx) =>
      access.mfaSettings.setUp(tx, userId, kind, { ...names, ...(destination && { destination }) }),
    );
    if (setup === undefined) throw new Error('no setup');
    const code = setup.passcode ?? codeOf(setup.secret ?? '');
    expect(await within((tx) => access.mfaSettings.verify(tx, userId, kind, code))).toBe(true);
    return {
      setup,
      enable: (recovery: string) => within((tx) => access.mfaSettings.enable(tx, userId, kind, recovery)),
    };
  }

  /** A tenant of its own with an owner who has an authenticator app. */
  async function personWithApp(): Promise<Person> {
    tenants += 1;
    const tenant = await seedTenant(access, `mfa-${tenants}`);
    const userId = String(decodeJwt((await personTokens(access, tenant)).accessToken).sub);
    const { setup, enable } = await switchOn(tenant, userId, 'app');
    expect(await enable(setup.recoveryCodes[0] ?? '')).toBe(true);
    // The code of the set-up is used: the next step has another.
    access.clock.forward(60);
    return { ...tenant, userId, secret: setup.secret ?? '', recoveryCodes: setup.recoveryCodes };
  }

  let addresses = 0;
  const firstStep = (person: TestTenant, more: object = {}) => {
    addresses += 1;
    const { username, password, clientId } = person;
    return logIn(access, { grantType: 'password', username, password, clientId, ...more }, `198.51.100.${addresses}`);
  };
  const mfaTokenOf = async (person: TestTenant): Promise<string> => (await firstStep(person)).json().mfaToken;
  const post = (url: string, body: object, remoteAddress = '203.0.113.7') =>
    access.app.inject({ method: 'POST', url, payload: body, remoteAddress });
  const verify = (body: object, address?: string) => post('/v1/login/mfa/verify', body, address);
  const challenge = (body: object) => post('/v1/login/mfa/challenge', body);
  const outcomeOf = (answer: { statusCode: number; json(): { code?: string } }) => [
    answer.statusCode,
    answer.json().code,
  ];

  it('is asked for after the right password, and the code of the app finishes the login', async () => {
    const person = await personWithApp();
    const asked = await firstStep(person);
    expect(asked.statusCode).toBe(200);
    expect(asked.headers['cache-control']).toBe('no-store');
    expect(asked.json()).toEqual({
      mfaRequired: true,
      mfaToken: expect.stringMatching(/^cfm_/),
      mfaTypes: ['app'],
      preferredType: 'app',
      expiresIn: 300,
    });
    const { mfaToken } = asked.json();
    expect((await challenge({ mfaToken, mfaType: 'app' })).json()).toEqual({ message: expect.any(String) });
    const answer = await verify({ mfaToken, mfaType: 'app', passcode: codeOf(person.secret) });
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({ accessToken: expect.any(String), refreshToken: expect.any(String) });
    expect(answer.json()).not.toHaveProperty('deviceToken');
    expect(decodeJwt(answer.json().accessToken)).toMatchObject({ sub: person.userId, tenantId: person.tenantId });
    // One login each.
    access.clock.forward(30);
    const again = await verify({ mfaToken, mfaType: 'app', passcode: codeOf(person.secret) });
    expect(outcomeOf(again)).toEqual([401, 'AUT-1006']);
  });

  it('is not asked for before the password was right: nothing tells who has one', async () => {
    const person = await personWithApp();
    const wrong = await firstStep({ ...person, password: 'wrong' });
    const unknown = await firstStep({ ...person, username: 'nobody@example.com' });
    expect(wrong.json()).toEqual(unknown.json());
    expect(outcomeOf(wrong)).toEqual([401, 'AUT-1002']);
  });

  it('has a token that opens nothing else (X-05), and only in its own tenant (X-38)', async () => {
    const [person, other] = [await personWithApp(), await personWithApp()];
    const mfaToken = await mfaTokenOf(person);
    expect((await get(access, '/v1/permissions', mfaToken)).statusCode).toBe(401);
    expect((await post('/v1/login/oauth/refresh_token', { refreshToken: mfaToken })).json().code).toBe('AUT-1005');
    const bytes = Buffer.from(mfaToken.slice(4), 'base64url');
    const moved = `cfm_${Buffer.concat([bytes.subarray(0, 32), Buffer.from(other.tenantId)]).toString('base64url')}`;
    const answer = await verify({ mfaToken: moved, mfaType: 'app', passcode: codeOf(other.secret) });
    expect(outcomeOf(answer)).toEqual([401, 'AUT-1006']);
    expect(outcomeOf(await verify({ mfaToken, mfaType: 'app', passcode: codeOf(other.secret) }))).toEqual([
      401,
      'AUT-1007',
    ]);
  });

  it('takes each code once, also in two logins at the same time, and codes of a step before or after', async () => {
    const person = await personWithApp();
    const tokens = [await mfaTokenOf(person), await mfaTokenOf(person)];
    const passcode = codeOf(person.secret, -30);
    const answers = await Promise.all(tokens.map((mfaToken) => verify({ mfaToken, mfaType: 'app', passcode })));
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([200, 401]);
    const mfaToken = await mfaTokenOf(person);
    expect(outcomeOf(await verify({ mfaToken, mfaType: 'app', passcode: codeOf(person.secret, 90) }))).toEqual([
      401,
      'AUT-1007',
    ]);
    expect((await verify({ mfaToken, mfaType: 'app', passcode: codeOf(person.secret, 30) })).statusCode).toBe(200);
  });

  it('lives for 300 s', async () => {
    const person = await personWithApp();
    const mfaToken = await mfaTokenOf(person);
    access.clock.forward(301);
    const answer = await verify({ mfaToken, mfaType: 'app', passcode: codeOf(person.secret) });
    expect(outcomeOf(answer)).toEqual([401, 'AUT-1006']);
  });

  it('allows five tries per login, also at the same time, and fifteen an hour over all logins', async () => {
    const person = await personWithApp();
    const guess = (mfaToken: string) => verify({ mfaToken, mfaType: 'app', passcode: 'abcdef' });
    for (let login = 0; login < 3; login += 1) {
      const mfaToken = await mfaTokenOf(person);
      const answers = await Promise.all(Array.from({ length: 8 }, () => guess(mfaToken)));
      const codes = answers.map((answer) => answer.json().code).sort();
      expect(codes).toEqual([...Array(5).fill('AUT-1007'), ...Array(3).fill('AUT-1008')]);
    }
    const mfaToken = await mfaTokenOf(person);
    const late = await verify({ mfaToken, mfaType: 'app', passcode: codeOf(person.secret) });
    expect(outcomeOf(late)).toEqual([429, 'AUT-1008']);
    expect(Number(late.headers['retry-after'])).toBeGreaterThan(0);
    // It ends by itself: whoever knows the password cannot lock its owner out for good.
    access.clock.forward(3_601);
    const next = await mfaTokenOf(person);
    expect((await verify({ mfaToken: next, mfaType: 'app', passcode: codeOf(person.secret) })).statusCode).toBe(200);
  });

  it('can be replaced by a recovery code, once each, however it is written', async () => {
    const person = await personWithApp();
    const [, code = ''] = person.recoveryCodes;
    const spelled = ` ${code.toLowerCase().replaceAll('-', ' ')}`;
    const first = await verify({ mfaToken: await mfaTokenOf(person), mfaType: 'app', recoveryCode: spelled });
    expect(first.statusCode).toBe(200);
    const second = await verify({ mfaToken: await mfaTokenOf(person), mfaType: 'app', recoveryCode: code });
    expect(outcomeOf(second)).toEqual([401, 'AUT-1007']);
    const rows = await withDirectory(access.store, person.tenantId, ({ db }) =>
      db.selectFrom('recovery_code').selectAll().execute(),
    );
    expect(rows).toHaveLength(10);
    expect(JSON.stringify(rows)).not.toContain(code);
  });

  it('is not asked for again on a remembered device for 30 days; of that person only', async () => {
    const [person, other] = [await personWithApp(), await personWithApp()];
    const body = { mfaToken: await mfaTokenOf(person), mfaType: 'app', passcode: codeOf(person.secret) };
    const { deviceToken } = (await verify({ ...body, rememberDevice: true })).json();
    expect(deviceToken).toMatch(/^cfd_/);
    expect((await firstStep(person, { deviceToken })).json()).toHaveProperty('accessToken');
    expect((await firstStep(other, { deviceToken })).json()).toHaveProperty('mfaRequired', true);
    expect((await firstStep({ ...person, password: 'wrong' }, { deviceToken })).statusCode).toBe(401);
    access.clock.forward(30 * 86_400 + 1);
    expect((await firstStep(person, { deviceToken })).json()).toHaveProperty('mfaRequired', true);
  });

  it('is asked for anew everywhere after a change of the account', async () => {
    const person = await personWithApp();
    const body = { mfaToken: await mfaTokenOf(person), mfaType: 'app', passcode: codeOf(person.secret) };
    const { deviceToken } = (await verify({ ...body, rememberDevice: true })).json();
    const waiting = await mfaTokenOf(person);
    await withDirectory(access.store, person.tenantId, (tx) =>
      endSessionsOfPerson(tx, person.userId, 'password_changed', access.clock.now),
    );
    access.clock.forward(30);
    const late = await verify({ mfaToken: waiting, mfaType: 'app', passcode: codeOf(person.secret) });
    expect(outcomeOf(late)).toEqual([401, 'AUT-1006']);
    expect((await firstStep(person, { deviceToken })).json()).toHaveProperty('mfaRequired', true);
  });

  it('by e-mail goes to the address of the directory, four times at most', async () => {
    tenants += 1;
    const tenant = await seedTenant(access, `mail-${tenants}`);
    const userId = String(decodeJwt((await personTokens(access, tenant)).accessToken).sub);
    const { setup, enable } = await switchOn(tenant, userId, 'email');
    expect(setup.secret).toBeUndefined();
    expect(await enable(setup.recoveryCodes[3] ?? '')).toBe(true);
    const mfaToken = await mfaTokenOf(tenant);
    sent.length = 0;
    for (let count = 0; count < 4; count += 1)
      expect((await challenge({ mfaToken, mfaType: 'email' })).statusCode).toBe(200);
    expect(outcomeOf(await challenge({ mfaToken, mfaType: 'email' }))).toEqual([429, 'AUT-1008']);
    expect(outcomeOf(await challenge({ mfaToken, mfaType: 'sms' }))).toEqual([400, 'AUT-0009']);
    expect(sent.map(({ destination, kind }) => `${kind} ${destination}`)).toEqual(
      Array(4).fill(`email ${tenant.username}`),
    );
    // The newest counts.
    const [old, newest] = [sent[0]?.code, sent[3]?.code];
    if (old !== newest)
      expect(outcomeOf(await verify({ mfaToken, mfaType: 'email', passcode: old }))).toEqual([401, 'AUT-1007']);
    expect((await verify({ mfaToken, mfaType: 'email', passcode: newest })).statusCode).toBe(200);
    expect(access.logged.join('')).not.toContain(newest);

    sender.broken = true;
    const failed = await challenge({ mfaToken: await mfaTokenOf(tenant), mfaType: 'email' });
    sender.broken = false;
    expect(outcomeOf(failed)).toEqual([503, 'AUT-1099']);
  });

  it('reads user, client and tenant anew', async () => {
    const person = await personWithApp();
    const finish = async (mfaToken: string) =>
      outcomeOf(await verify({ mfaToken, mfaType: 'app', passcode: codeOf(person.secret) }));
    const mfaToken = await mfaTokenOf(person);
    access.statuses.set(person.tenantId, 'suspended');
    expect(await finish(mfaToken)).toEqual([403, 'AUT-0016']);
    access.statuses.set(person.tenantId, 'active');
    await withDirectory(access.store, person.tenantId, ({ db }) =>
      db.updateTable('app_user').set({ disabled_at: new Date() }).execute(),
    );
    expect(await finish(mfaToken)).toEqual([401, 'AUT-1006']);
  });

  it('is told to OAuth clients in their own words', async () => {
    const person = await personWithApp();
    const { username, clientId } = person;
    const form = { grant_type: 'password', username, password: ownerPassword, client_id: clientId };
    const answer = await postForm(access, '/v1/oauth/token', form);
    expect([answer.statusCode, answer.json()]).toEqual([
      400,
      expect.objectContaining({ error: 'mfa_required', mfa_token: expect.any(String), mfa_types: ['app'] }),
    ]);
  });

  it.each([
    [{}, 'AUT-0001'],
    [{ mfaToken: 'x', mfaType: 'app' }, 'AUT-0009'],
    [{ mfaToken: 'x', mfaType: 'app', passcode: '1', recoveryCode: '2' }, 'AUT-0009'],
    [{ mfaToken: 'x', mfaType: 'fax', passcode: '1' }, 'AUT-0009'],
    [{ mfaToken: 'x', mfaType: 'app', passcode: '1', tenantId: 'y' }, 'AUT-0003'],
  ])('refuses a body that is none: %j', async (body, code) => {
    expect(outcomeOf(await verify(body))).toEqual([400, code]);
  });

  it('limits guesses of tokens by address', async () => {
    const codes = [];
    for (let count = 0; count < 32; count += 1)
      codes.push((await verify({ mfaToken: 'cfm_x', mfaType: 'app', passcode: '1' }, '203.0.113.99')).json().code);
    expect([codes[0], codes.at(-1)]).toEqual(['AUT-1006', 'AUT-0015']);
  });

  it('is switched off with all that belongs to it', async () => {
    const person = await personWithApp();
    await withDirectory(access.store, person.tenantId, (tx) => access.mfaSettings.disable(tx, person.userId));
    expect((await firstStep(person)).json()).toHaveProperty('accessToken');
    const rows = await withDirectory(access.store, person.tenantId, ({ db }) =>
      db.selectFrom('recovery_code').selectAll().execute(),
    );
    expect(rows).toEqual([]);
  });
});
