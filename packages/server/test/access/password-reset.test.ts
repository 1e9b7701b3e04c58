import { v7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCommitChange } from '../../src/access/directory/commit-change.js';
import { withDirectory } from '../../src/access/directory/with-directory.js';
import { createAccountGuard } from '../../src/access/login/account-guard.js';
import { createFailureLimiter } from '../../src/access/login/failure-limiter.js';
import { createPasswordReset } from '../../src/access/login/password-reset.js';
import type { Mail } from '../../src/access/senders/send-mail.js';
import { type AccessInstallation, createAccessInstallation } from './support/access-installation.js';
import {
  get,
  logIn,
  ownerPassword,
  personToken,
  personTokens,
  postForm,
  refresh,
  seedTenant,
  startAccess,
  type TestAccess,
  type TestTenant,
} from './support/access-manager.js';

const newPassword = 'Different horse 9 battery';

describe('a forgotten password', () => {
  let installation: AccessInstallation;
  let access: TestAccess;
  const mails: Mail[] = [];
  /** Resolves when the next mail has been handed over. */
  let arrived: ((mail: Mail) => void) | undefined;

  beforeAll(async () => {
    installation = await createAccessInstallation();
    access = await startAccess(installation, {
      sendMail: async (mail) => {
        mails.push(mail);
        arrived?.(mail);
      },
    });
  });
  afterAll(async () => {
    await access.close();
    await installation.drop();
  });

  let address = 0;
  /** Each from an address of its own: limits are another test's business. */
  const post = (path: string, payload: object, remoteAddress = `198.51.100.${++address}`) =>
    access.app.inject({ method: 'POST', url: `/v1/login/password-reset${path}`, payload, remoteAddress });
  const ask = (username: string, clientId?: string) => post('', { username, ...(clientId && { clientId }) });
  const complete = (resetToken: string, password = newPassword, remoteAddress?: string) =>
    post('/complete', { resetToken, newPassword: password }, remoteAddress);
  const codeIn = ({ text }: Mail) => /^cfp_\S+$/m.exec(text)?.[0] ?? '';

  async function codeFor(tenant: TestTenant, name = tenant.username): Promise<string> {
    const mail = new Promise<Mail>((resolve) => {
      arrived = resolve;
    });
    expect((await ask(name, tenant.clientId)).statusCode).toBe(202);
    return codeIn(await mail);
  }
  const logInWith = (tenant: TestTenant, password: string, remoteAddress?: string) =>
    logIn(
      access,
      { grantType: 'password', username: tenant.username, password, clientId: tenant.clientId },
      remoteAddress,
    );

  it('is replaced with the code from a mail; every login ends, and the code is good once', async () => {
    const tenant = await seedTenant(access, 'once');
    const before = await personTokens(access, tenant);
    const code = await codeFor(tenant);
    const mail = mails.at(-1) as Mail;
    expect(mail.to).toBe(tenant.username);
    expect(mail.text).toContain(`https://access.test/oidc/password-reset?client_id=${tenant.clientId}`);
    expect(mail.text).not.toContain(`=${code}`);

    expect((await complete(code, 'too short')).json().code).toBe('IDE-0105');
    expect((await complete(code)).statusCode).toBe(204);
    const again = await complete(code);
    expect([again.statusCode, again.json().code]).toEqual([400, 'AUT-1010']);
    expect((await get(access, '/v1/userinfo', before.accessToken)).statusCode).toBe(401);
    expect((await refresh(access, { refreshToken: before.refreshToken })).statusCode).toBe(400);
    expect((await logInWith(tenant, ownerPassword)).statusCode).toBe(401);
    const token = (await logInWith(tenant, newPassword)).json().accessToken;
    expect((await get(access, '/v1/userinfo', token)).json().emailVerified).toBe(true);
    const audit = (await get(access, '/v1/audit-events?kind=password', token)).json().items;
    expect(audit.map(({ reason }: { reason: string }) => reason)).toEqual(['reset_by_mail', 'reset_asked']);
    expect(JSON.stringify(audit)).not.toContain(code);
  });

  it('answers alike whoever is asked about, before anything is looked up', async () => {
    const tenant = await seedTenant(access, 'alike');
    const gone = await seedTenant(access, 'gone');
    access.statuses.set(gone.tenantId, 'suspended');
    const count = mails.length;
    const answers = [
      await ask(tenant.username.toUpperCase(), tenant.clientId),
      await ask('nobody@example.com', tenant.clientId),
      await ask(tenant.username, 'no such client'),
      await ask(gone.username, gone.clientId),
    ];
    const told = answers.map(({ statusCode, body, headers }) => [statusCode, body, Object.keys(headers)]);
    for (const each of told) expect(each).toEqual(told[0]);
    await expect.poll(() => mails.length).toBe(count + 1);
    expect((await ask(tenant.username)).json().code).toBe('AUT-0001');
  });

  it('X-37, X-38: a code belongs to its tenant, its user and the address it was sent to', async () => {
    const a = await seedTenant(access, 'here');
    const b = await seedTenant(access, 'there');
    const code = await codeFor(a);
    const bytes = Buffer.from(code.slice(4), 'base64url');
    const moved = Buffer.concat([bytes.subarray(0, 32), Buffer.from(b.tenantId)]).toString('base64url');
    for (const wrong of [`cfp_${moved}`, `cfr_${code.slice(4)}`, `${code}A`, 'cfp_', 'x'])
      expect((await complete(wrong)).json().code).toBe('AUT-1010');
    expect((await logInWith(b, b.password)).statusCode).toBe(200);
    for (const grant of ['refreshToken', 'mfaToken'])
      expect((await refresh(access, { [grant]: code })).statusCode).toBe(400);

    await withDirectory(access.store, a.tenantId, ({ db }) =>
      db.updateTable('app_user').set({ email: 'elsewhere@example.com' }).execute(),
    );
    expect((await complete(code)).statusCode).toBe(400);
  });

  it('is void after half an hour, and as soon as the password has changed otherwise', async () => {
    const tenant = await seedTenant(access, 'late');
    const early = await codeFor(tenant);
    access.clock.forward(30 * 60 + 1);
    expect((await complete(early)).statusCode).toBe(400);
    const code = await codeFor(tenant);
    const token = await personToken(access, tenant);
    const { sub } = (await get(access, '/v1/userinfo', token)).json();
    const changed = await access.app.inject({
      method: 'PATCH',
      url: `/v1/users/${sub}/update-password`,
      headers: { authorization: `Bearer ${token}` },
      payload: { oldPassword: ownerPassword, newPassword: 'Own choice 10 battery' },
    });
    expect(changed.statusCode).toBe(204);
    expect((await complete(code)).statusCode).toBe(400);
  });

  it('is replaced once by two who show the same code at the same time', async () => {
    const tenant = await seedTenant(access, 'race');
    const code = await codeFor(tenant);
    const answers = await Promise.all([complete(code), complete(code, 'Their choice 11 battery')]);
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([204, 400]);
  });

  it('of a suspended tenant stays, which only holders of a code learn', async () => {
    const tenant = await seedTenant(access, 'paused');
    const code = await codeFor(tenant);
    access.statuses.set(tenant.tenantId, 'suspended');
    expect((await complete('cfp_x')).statusCode).toBe(400);
    expect((await complete(code)).statusCode).toBe(403);
    access.statuses.set(tenant.tenantId, 'active');
    expect((await complete(code)).statusCode).toBe(204);
  });

  it('fills nobody’s mailbox, and guesses and questions are limited by address', async () => {
    const tenant = await seedTenant(access, 'flood');
    const count = mails.length;
    for (let round = 0; round < 6; round += 1) await ask(tenant.username, tenant.clientId);
    await codeFor(await seedTenant(access, 'after'));
    await expect.poll(() => mails.slice(count).filter(({ text }) => text.includes('of flood')).length).toBe(3);
    const asked = await Promise.all(
      Array.from({ length: 11 }, () => post('', { username: 'x', clientId: 'y' }, '::9')),
    );
    expect(asked.at(-1)?.statusCode).toBe(429);
    const guessed = await Promise.all(
      Array.from({ length: 32 }, () => post('/complete', { resetToken: 'cfp_x', newPassword }, '::8')),
    );
    expect(guessed.at(-1)?.statusCode).toBe(429);
  });

  it('opens the account to its owner while it is attacked from everywhere', async () => {
    const tenant = await seedTenant(access, 'siege');
    const now = () => access.clock.now;
    const accounts = createAccountGuard({ now, failuresMax: 2 });
    const limiter = createFailureLimiter({ now });
    const { store, subjects, passwords } = access;
    const reset = createPasswordReset({
      store,
      multiTenant: true,
      tenantStatus: async () => 'active',
      passwords,
      commit: createCommitChange({ store, subjects, onRevoked: async () => {}, now, newId: v7 }),
      sendMail: undefined,
      pageUrl: '',
      askers: limiter,
      strangers: limiter,
      accounts,
      log: { error() {} },
      now,
      newId: v7,
    });
    const attempt = (address: string) => accounts.of(tenant.tenantId, tenant.username, address);
    for (const address of ['198.51.100.1', '198.51.100.2']) attempt(address).countFailure();
    expect(() => attempt('198.51.100.3').check()).toThrow();
    await reset.complete({ resetToken: await codeFor(tenant), newPassword }, '198.51.100.3');
    attempt('198.51.100.3').check();
    expect(() => attempt('198.51.100.4').check()).toThrow();
  });

  it('has pages without a script that do the same', async () => {
    const tenant = await seedTenant(access, 'pages');
    const url = `/oidc/password-reset?client_id=${tenant.clientId}`;
    const opened = await access.app.inject({ url });
    expect(opened.statusCode).toBe(200);
    expect(opened.headers['content-security-policy']).toContain("default-src 'none'");
    const mail = new Promise<Mail>((resolve) => {
      arrived = resolve;
    });
    expect((await postForm(access, url, { step: 'ask', username: tenant.username })).body).toContain('is on its way');
    const code = codeIn(await mail);
    const weak = await postForm(access, url, { step: 'code', code, newPassword: 'weak' });
    expect([weak.statusCode, weak.body.includes('role="alert"')]).toEqual([422, true]);
    const done = await postForm(access, url, { step: 'code', code: ` ${code}\n`, newPassword });
    expect([done.statusCode, done.body.includes('is changed')]).toEqual([200, true]);
    expect((await postForm(access, url, { step: 'ask', username: '\0' })).statusCode).toBeLessThan(500);
    expect((await access.app.inject({ url: '/oidc/password-reset?client_id=%00"><' })).body).not.toContain('"><"');
    expect(access.logged.join('')).not.toContain('cfp_');
    expect(access.logged.join('')).not.toContain('was not answered');
  });

  it('cannot be asked for where no mail can be sent', async () => {
    const silent = await startAccess(installation);
    const url = '/v1/login/password-reset';
    const answer = await silent.app.inject({ method: 'POST', url, payload: { username: 'x', clientId: 'y' } });
    expect([answer.statusCode, answer.json().code]).toEqual([503, 'AUT-1099']);
    await silent.close();
  });
});
