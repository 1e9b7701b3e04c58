import { afterAll, beforeAll, expect, it } from 'vitest';
import type { CodeMessage } from '../../src/access/login/send-code.js';
import { type AccessInstallation, createAccessInstallation } from './support/access-installation.js';
import { personToken, seedTenant, startAccess, type TestAccess, type TestTenant } from './support/access-manager.js';

let installation: AccessInstallation;
let access: TestAccess;
let tenant: TestTenant;
let admin: string;
const sent: CodeMessage[] = [];
const password = 'Another horse 8 battery';

beforeAll(async () => {
  installation = await createAccessInstallation();
  access = await startAccess(installation, { sendCode: async (message) => void sent.push(message) });
  tenant = await seedTenant(access, 'acme');
  admin = await personToken(access, tenant);
});
afterAll(async () => {
  await access.close();
  await installation.drop();
});

type Method = 'GET' | 'POST' | 'PATCH';
const send = (method: Method, url: string, token: string, payload?: object) =>
  access.app.inject({
    method,
    url,
    headers: { authorization: `Bearer ${token}` },
    ...(payload !== undefined && { payload }),
  });

let count = 0;
async function newPerson() {
  count += 1;
  const username = `p${count}`;
  const body = { email: `${username}@example.com`, firstName: 'A', lastName: 'B', username, password };
  const { id } = (await send('POST', '/v1/users', admin, body)).json();
  const token = await personToken(access, { ...tenant, username, password });
  return { id, username, token, url: `/v1/users/${id}/mfa` };
}

const logIn = (username: string) =>
  access.app.inject({
    method: 'POST',
    url: '/v1/login/oauth/access_token',
    payload: { grantType: 'password', username, password, clientId: tenant.clientId },
  });

async function enableEmail({ url, token }: { url: string; token: string }) {
  const begun = (await send('POST', `${url}/setup`, token, { mfaType: 'email' })).json();
  const passcode = sent.at(-1)?.code;
  expect((await send('POST', `${url}/verify`, token, { mfaType: 'email', passcode })).json()).toEqual({
    verified: true,
  });
  const [recoveryCode] = begun.recoveryCodes as string[];
  const enabled = await send('POST', `${url}/enable`, token, { mfaType: 'email', recoveryCode });
  expect(enabled.json()).toEqual({ enabled: true });
  return begun;
}

it('a second factor is begun, proven, switched on, and asked for at the next login', async () => {
  const person = await newPerson();
  expect((await send('GET', person.url, person.token)).json()).toEqual({
    enabled: false,
    preferredType: null,
    methods: [],
    totpEnabled: false,
    emailEnabled: false,
    smsEnabled: false,
  });
  const begun = await enableEmail(person);
  expect(begun).toMatchObject({ secret: null, url: null, mfaType: 'email', enabled: false });
  expect(begun.recoveryCodes.length).toBeGreaterThan(5);
  expect(sent.at(-1)).toMatchObject({ kind: 'email', destination: `${person.username}@example.com` });
  expect((await send('GET', person.url, person.token)).json()).toMatchObject({
    enabled: true,
    preferredType: 'email',
    emailEnabled: true,
  });
  expect((await logIn(person.username)).json()).toMatchObject({ mfaRequired: true, mfaTypes: ['email'] });
  const again = await send('POST', `${person.url}/setup`, person.token, { mfaType: 'email' });
  expect([again.statusCode, again.json().code]).toEqual([409, 'IDE-0109']);
});

it('an authenticator app gets a secret that the server keeps; wrong codes are no proof', async () => {
  const { url, token } = await newPerson();
  const begun = (await send('POST', `${url}/setup`, token, { mfaType: 'app' })).json();
  expect(begun.url).toContain(begun.secret);
  expect(begun.url).toMatch(/^otpauth:\/\/totp\//);
  const wrong = await send('POST', `${url}/verify`, token, { mfaType: 'app', passcode: '000000', secret: 'JBSWY3DP' });
  expect(wrong.json()).toEqual({ verified: false });
  const [recoveryCode] = begun.recoveryCodes;
  const early = await send('POST', `${url}/enable`, token, { mfaType: 'app', recoveryCode });
  expect([early.statusCode, early.json().code]).toEqual([409, 'IDE-0109']);
  expect((await send('PATCH', `${url}/preferred`, token, { mfaType: 'app' })).statusCode).toBe(409);
});

it('a text message needs a number, and nothing else takes one', async () => {
  const { url, token } = await newPerson();
  for (const body of [{ mfaType: 'sms' }, { mfaType: 'email', destination: '+5511999999999' }, { mfaType: 'fax' }])
    expect((await send('POST', `${url}/setup`, token, body)).statusCode).toBe(400);
  const begun = await send('POST', `${url}/setup`, token, { mfaType: 'sms', destination: '+5511999999999' });
  expect(begun.statusCode).toBe(200);
  expect(sent.at(-1)).toMatchObject({ kind: 'sms', destination: '+5511999999999' });
});

it('it is switched off with the password, or by an administrator who never sees a secret', async () => {
  const person = await newPerson();
  await enableEmail(person);
  const off = `${person.url}/disable`;
  for (const body of [{}, { password: 'Wrong horse 9 battery' }])
    expect((await send('POST', off, person.token, body)).json().code).toBe('IDE-0106');
  expect((await send('POST', off, person.token, { password })).json()).toEqual({ enabled: false });
  expect((await logIn(person.username)).json()).toHaveProperty('accessToken');

  await enableEmail(person);
  expect((await send('GET', person.url, admin)).json()).toMatchObject({ enabled: true });
  for (const step of ['setup', 'verify', 'enable']) {
    const body = {
      setup: { mfaType: 'app' },
      verify: { mfaType: 'app', passcode: '123456' },
      enable: { mfaType: 'app', recoveryCode: 'x' },
    }[step] as object;
    expect((await send('POST', `${person.url}/${step}`, admin, body)).statusCode).toBe(403);
  }
  expect((await send('POST', off, admin, {})).json()).toEqual({ enabled: false });
});

it('is nobody else’s business', async () => {
  const [person, other] = [await newPerson(), await newPerson()];
  expect((await send('GET', person.url, other.token)).statusCode).toBe(403);
  expect((await send('POST', `${person.url}/disable`, other.token, { password })).statusCode).toBe(403);
  const stranger = await seedTenant(access, `other-${count}`);
  const token = await personToken(access, stranger);
  expect((await send('GET', person.url, token)).statusCode).toBe(404);
  expect((await send('POST', `${person.url}/disable`, token, {})).statusCode).toBe(404);
});

it('leaves no secret in log or audit', async () => {
  const person = await newPerson();
  const { recoveryCodes } = await enableEmail(person);
  const audit = (await send('GET', `/v1/audit-events?kind=mfa&target=${person.id}`, admin)).body;
  expect(JSON.parse(audit).items.map(({ reason }: { reason: string }) => reason)).toEqual([
    'email_enabled',
    'email_verified',
    'email_begun',
  ]);
  const written = audit + access.logged.join('');
  for (const secret of [...recoveryCodes, password]) expect(written).not.toContain(secret);
});
