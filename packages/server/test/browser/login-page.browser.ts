import { randomBytes } from 'node:crypto';
import axe from 'axe-core';
import { decodeJwt } from 'jose';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import type { CodeMessage } from '../../src/access/login/send-code.js';
import type { Mail } from '../../src/access/senders/send-mail.js';
import { type AccessInstallation, createAccessInstallation } from '../access/support/access-installation.js';
import {
  logIn,
  ownerPassword,
  postForm,
  seedTenant,
  startAccess,
  type TestAccess,
  type TestTenant,
} from '../access/support/access-manager.js';
import { challengeOf, enableTotp, setRedirectUris } from '../access/support/authorization.js';
import { type ClientSite, startClientSite } from './client-site.js';

let installation: AccessInstallation;
let access: TestAccess;
let origin: string;
let site: ClientSite;
let browser: Browser;
const mails: Mail[] = [];
const codes: CodeMessage[] = [];

beforeAll(async () => {
  browser = await chromium.launch({
    executablePath: inject('chromiumPath'),
    // As root there is no sandbox; the only pages it sees are ours.
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
  });
  installation = await createAccessInstallation();
  access = await startAccess(installation, {
    sendMail: async (mail) => void mails.push(mail),
    sendCode: async (message) => void codes.push(message),
  });
  origin = await access.app.listen({ host: '127.0.0.1', port: 0 });
  site = await startClientSite();
  site.serve('/callback', '<title>back</title>welcome back');
});
afterAll(async () => {
  await browser?.close();
  site?.close();
  await access?.close();
  await installation?.drop();
});
afterEach(() => Promise.all(browser.contexts().map((context) => context.close())));

const verifier = randomBytes(32).toString('base64url');

async function newPerson(slug: string): Promise<TestTenant> {
  const person = await seedTenant(access, slug);
  expect((await setRedirectUris(access, person, [`${site.origin}/callback`])).statusCode).toBe(200);
  return person;
}

const authorizeUrl = ({ clientId }: TestTenant) =>
  `${origin}/oidc/auth?${new URLSearchParams({
    client_id: clientId,
    response_type: 'code',
    redirect_uri: `${site.origin}/callback`,
    scope: 'openid profile email',
    state: 'the state',
    code_challenge: challengeOf(verifier),
    code_challenge_method: 'S256',
  })}`;

/** A page in a browser that has never been here. Scripts are off unless the test needs its own. */
async function newPage(options: { scripts?: boolean; dark?: boolean; width?: number } = {}): Promise<Page> {
  const context = await browser.newContext({
    javaScriptEnabled: options.scripts === true,
    colorScheme: options.dark === true ? 'dark' : 'light',
    viewport: { width: options.width ?? 1_000, height: 700 },
  });
  context.setDefaultTimeout(10_000);
  return context.newPage();
}

async function signIn(page: Page, { username }: TestTenant, password = ownerPassword): Promise<void> {
  await page.getByLabel('User name').fill(username);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** The key that sends the form, and the page that comes then. */
async function submit(page: Page, key = 'Enter'): Promise<void> {
  const loaded = page.waitForEvent('load');
  await page.keyboard.press(key);
  await loaded;
}

/** Where the browser has come back to, with a code that becomes tokens. */
async function tokensAfter(page: Page, { clientId }: TestTenant): Promise<{ sub: string }> {
  await page.waitForURL(`${site.origin}/callback?**`);
  const { searchParams } = new URL(page.url());
  expect(searchParams.get('state')).toBe('the state');
  const answer = await postForm(access, '/v1/oauth/token', {
    grant_type: 'authorization_code',
    code: searchParams.get('code') ?? '',
    redirect_uri: `${site.origin}/callback`,
    code_verifier: verifier,
    client_id: clientId,
  });
  expect(answer.statusCode, answer.body).toBe(200);
  return { sub: String(decodeJwt(answer.json().id_token).sub) };
}

describe('the login page in Chromium', () => {
  it('is used with the keyboard alone, with scripts off', async () => {
    const person = await newPerson('keys');
    const page = await newPage();
    await page.goto(authorizeUrl(person));
    expect(await page.title()).toContain('Sign in');
    await page.keyboard.type(person.username);
    await page.keyboard.press('Tab');
    await page.keyboard.type('not the password');
    await submit(page);
    const alert = page.getByRole('alert');
    expect(await alert.textContent()).toBe('The user name or the password is not right.');
    // What is wrong is said with the field that has the focus, and in the title: not every reader hears of an alert that was there from the start.
    expect(await page.locator(':focus').getAttribute('name')).toBe('password');
    expect(await page.locator(':focus').getAttribute('aria-describedby')).toBe('problem');
    expect(await page.title()).toMatch(/^Error: /);
    // The name is kept, the password is not, and the cursor stands where it is to be typed again.
    expect(await page.getByLabel('User name').inputValue()).toBe(person.username);
    expect(await page.getByLabel('Password').inputValue()).toBe('');
    await page.keyboard.type(ownerPassword);
    await page.keyboard.press('Tab');
    await submit(page, 'Space');
    await tokensAfter(page, person);
  });

  it('asks for the second factor: app, then a code that was sent, then a recovery code', async () => {
    const person = await newPerson('factor');
    const { userId, code, recoveryCodes } = await enableTotp(access, person);
    const page = await newPage();
    await page.goto(authorizeUrl(person));
    await signIn(page, person);
    expect(await page.getByRole('heading').textContent()).toBe('Second step');
    expect(await page.getByRole('group', { name: 'Where the code is from' }).isVisible()).toBe(true);
    expect(await page.getByRole('radio', { name: 'Authenticator app' }).isChecked()).toBe(true);
    await page.keyboard.type('000000');
    await submit(page);
    expect(await page.getByRole('alert').textContent()).toContain('not right');
    await page.keyboard.type(code());
    await submit(page);
    expect((await tokensAfter(page, person)).sub).toBe(userId);

    const other = await newPage();
    await other.goto(authorizeUrl(person));
    await signIn(other, person);
    await other.getByLabel('Code, or a recovery code').fill(recoveryCodes[1] ?? '');
    await other.getByRole('button', { name: 'Continue' }).click();
    expect((await tokensAfter(other, person)).sub).toBe(userId);
  });

  it('sends a code by e-mail and says so', async () => {
    const person = await newPerson('mailed');
    const token = (
      await logIn(access, { ...person, grantType: 'password', tenantId: undefined, slug: undefined })
    ).json();
    const headers = { authorization: `Bearer ${token.accessToken}` };
    const { sub } = decodeJwt(token.accessToken);
    const mfa = (step: string, payload: object) =>
      access.app.inject({ method: 'POST', url: `/v1/users/${sub}/mfa/${step}`, headers, payload });
    const { recoveryCodes } = (await mfa('setup', { mfaType: 'email' })).json();
    expect((await mfa('verify', { mfaType: 'email', passcode: codes.at(-1)?.code })).statusCode).toBe(200);
    expect((await mfa('enable', { mfaType: 'email', recoveryCode: recoveryCodes[0] })).statusCode).toBe(200);

    const page = await newPage();
    await page.goto(authorizeUrl(person));
    await signIn(page, person);
    await page.getByRole('radio', { name: 'E-mail' }).check();
    await page.getByRole('button', { name: 'Send a code' }).click();
    expect(await page.getByRole('status').textContent()).toBe('A code has been sent.');
    await page.getByLabel('Code, or a recovery code').fill(codes.at(-1)?.code ?? '');
    await submit(page);
    await tokensAfter(page, person);
  });

  it('leads to a new password by e-mail, and back in with it', async () => {
    const person = await newPerson('forgot');
    const page = await newPage();
    await page.goto(authorizeUrl(person));
    await page.getByRole('link', { name: 'Forgot your password?' }).click();
    await page.getByLabel('User name or e-mail').fill(person.username);
    await submit(page);
    expect(await page.getByRole('status').textContent()).toContain('on its way');
    await expect.poll(() => mails.length).toBe(1);
    await page.getByLabel('Code from the e-mail').fill(/^cfp_\S+$/m.exec(mails[0]?.text ?? '')?.[0] ?? '');
    await page.getByLabel('New password').fill('short');
    await page.getByRole('button', { name: 'Change the password' }).click();
    expect(await page.getByRole('alert').textContent()).toContain('at least 12 characters');
    await page.getByLabel('Code from the e-mail').fill(/^cfp_\S+$/m.exec(mails[0]?.text ?? '')?.[0] ?? '');
    await page.getByLabel('New password').fill('Different horse 9 battery');
    await submit(page);
    expect(await page.getByRole('heading').textContent()).toBe('Your password is changed');
    await page.goto(authorizeUrl(person));
    await signIn(page, person, 'Different horse 9 battery');
    await tokensAfter(page, person);
  });

  it('X-38: cannot be filled in, framed or continued by another site or another browser', async () => {
    const person = await newPerson('forged');
    const page = await newPage({ scripts: true });
    await page.goto(authorizeUrl(person));
    const loginUrl = page.url();
    // Login CSRF: the attacker's own credentials, sent from the attacker's page into the victim's browser.
    site.serve(
      '/forge',
      `<form method="post" action="${loginUrl}"><input name="step" value="password"><input name="username" value="${person.username}">
       <input name="password" value="${ownerPassword}"></form><script>document.forms[0].submit()</script>`,
    );
    const forged = page.waitForResponse((response) => response.request().method() === 'POST');
    await page.goto(`${site.origin}/forge`);
    expect((await forged).status()).toBe(400);
    expect(await page.getByRole('alert').textContent()).toContain('another browser');

    site.serve('/frame', `<iframe src="${loginUrl}"></iframe>`);
    await page.goto(`${site.origin}/frame`);
    const framed = page.frames().find((frame) => frame !== page.mainFrame());
    await framed?.waitForLoadState();
    expect(await framed?.getByLabel('Password').count()).toBe(0);

    const stranger = await newPage();
    await stranger.goto(loginUrl);
    expect(await stranger.getByRole('alert').textContent()).toContain('another browser');
    expect(await stranger.getByLabel('Password').count()).toBe(0);
  });

  it('says what is wrong when a client asks wrongly, and offers nothing to fill in', async () => {
    const page = await newPage();
    const response = await page.goto(`${origin}/oidc/auth?client_id=nobody`);
    expect(response?.status()).toBe(400);
    expect(await page.getByRole('alert').textContent()).toBe('The application is not known here.');
    expect(await page.getByRole('textbox').count()).toBe(0);
  });

  it.each([{}, { dark: true }, { width: 320 }])('has no accessibility findings (axe-core), look %o', async (look) => {
    const person = await newPerson(`axe${Object.keys(look)}`);
    await enableTotp(access, person);
    const page = await newPage({ ...look, scripts: true });
    async function examine(what: string) {
      await page.evaluate(axe.source);
      const { violations, passes } = await page.evaluate(() =>
        (globalThis as unknown as { axe: typeof axe }).axe.run({
          runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
        }),
      );
      expect(
        violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]),
        what,
      ).toEqual([]);
      expect(passes.length, what).toBeGreaterThan(5);
      const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth';
      expect(await page.evaluate(overflow), what).toBe(0);
    }
    await page.goto(authorizeUrl(person));
    await examine('password');
    await signIn(page, person, 'wrong');
    await examine('wrong password');
    await signIn(page, person);
    await examine('second step');
    await page.getByLabel('Code, or a recovery code').fill('000000');
    await submit(page);
    await examine('wrong code');
    await page.goto(`${origin}/oidc/password-reset?client_id=${person.clientId}`);
    await examine('forgotten password');
    await page.getByLabel('User name or e-mail').fill('nobody');
    await submit(page);
    await examine('new password');
    await page.goto(`${origin}/oidc/auth?client_id=nobody`);
    await examine('error');
  });
});
