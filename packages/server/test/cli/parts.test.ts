import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { toDatabaseUrl } from '../../src/postgres/connection-settings.js';
import { awakeMsUntil } from '../support/awake-time.js';
import { connectionOf } from '../support/embedded-connection.js';
import { runInProcess } from '../support/in-process.js';
import { Program, run, temporaryDataFolder } from '../support/program.js';
import { call } from '../support/server.js';

/** One process runs everything and owns the embedded PostgreSQL; others run single parts with the logins it wrote down. */
const folder = temporaryDataFolder();
const issuer = 'https://access.test';
const common = { MULTI_TENANT_ENABLED: 'true', ACCESS_ISSUER: issuer };
let all: Program;
let urls: { ledger: string; access: string; tenants: string };

beforeAll(async () => {
  all = new Program(['serve'], { environment: { ...common, COFFERDAM_DATA_DIR: folder.path } });
  urls = await all.serving();
});
afterAll(async () => {
  await all.stop();
  folder.remove();
});

function kept(name: string): string {
  return readFileSync(join(folder.path, name), 'utf8').trim();
}

function handedOver(variable: string, nth = 0): string {
  const lines = [...kept('database-urls.env').matchAll(new RegExp(`${variable}=(.*)`, 'g'))];
  return lines[nth]?.[1] as string;
}

async function createTenant(): Promise<{ id: string; token: string; owner: Record<string, string> }> {
  const { stdout, code, stderr } = await runInProcess(
    [
      'tenants',
      'create',
      '--json',
      '--name',
      `Bank ${crypto.randomUUID()}`,
      '--owner-email',
      'o@bank.example',
      '--application',
      'app',
      '--role',
      'editor',
      '--url',
      urls.tenants,
    ],
    { environment: { COFFERDAM_DATA_DIR: folder.path } },
  );
  expect(code, stderr).toBe(0);
  const { id, application, owner } = JSON.parse(stdout);
  expect(owner.password).toMatch(/.{12}/);
  const login = {
    grantType: 'client_credentials',
    clientId: application.clientId,
    clientSecret: application.clientSecret,
  };
  const answer = await call(urls.access, 'POST', '/v1/login/oauth/access_token', { body: login });
  expect(answer.status, answer.text).toBe(200);
  const person = { username: 'o@bank.example', password: owner.password, clientId: application.clientId };
  return { id, token: answer.body.accessToken, owner: person };
}

test('a ledger alone, on the reader’s login, with the Access Manager elsewhere', async () => {
  const own = temporaryDataFolder();
  const ledger = new Program(['serve', '--parts', 'ledger'], {
    environment: {
      ...common,
      COFFERDAM_DATA_DIR: own.path,
      COFFERDAM_ENCRYPTION_KEY: kept('encryption-key'),
      CONTROL_DATABASE_URL: handedOver('CONTROL_DATABASE_URL'),
      PLUGIN_AUTH_ADDRESS: urls.access,
    },
  });
  try {
    const url = (await ledger.serving()).ledger;
    const { id, token, owner } = await createTenant();
    const made = await call(url, 'POST', '/v1/organizations', { token, body: { legalName: 'A', legalDocument: '1' } });
    expect(made.status, made.text).toBe(201);
    // The same books through the other process.
    expect((await call(urls.ledger, 'GET', `/v1/organizations/${made.body.id}`, { token })).status).toBe(200);
    expect((await call(url, 'GET', '/v1/organizations')).body.code).toBe('0041');

    // So does a logout, by the feed of revocations.
    const login = { grantType: 'password', ...owner };
    const person = (await call(urls.access, 'POST', '/v1/login/oauth/access_token', { body: login })).body;
    const read = async () => (await call(url, 'GET', '/v1/organizations', { token: person.accessToken })).status;
    expect(await read()).toBe(200);
    const loggedOut = await fetch(`${urls.access}/v1/logout`, {
      method: 'POST',
      body: new URLSearchParams({ id_token_hint: person.idToken }),
    });
    expect(loggedOut.status).toBe(204);
    expect(await awakeMsUntil(async () => (await read()) === 401)).toBeLessThan(2_000);
    expect((await call(urls.ledger, 'GET', '/v1/organizations', { token: person.accessToken })).status).toBe(401);

    // So does what a person may do: the owner disables a colleague, and then puts another into a group.
    const admin = (await call(urls.access, 'POST', '/v1/login/oauth/access_token', { body: login })).body.accessToken;
    const username = 'colleague';
    const colleague = { email: 'c@bank.example', firstName: 'C', lastName: 'D', username, password: owner['password'] };
    const user = await call(urls.access, 'POST', '/v1/users', { token: admin, body: colleague });
    expect(user.status, user.text).toBe(201);
    const theirs = { ...login, username };
    const their = (await call(urls.access, 'POST', '/v1/login/oauth/access_token', { body: theirs })).body.accessToken;
    const theyRead = async () => (await call(url, 'GET', '/v1/organizations', { token: their })).status;
    for (const [change, status] of [
      [{ groups: ['midaz-viewer-group'] }, 200],
      [{ groups: [] }, 403],
      [{ groups: ['midaz-viewer-group'] }, 200],
      [{ disabled: true }, 401],
    ] as const) {
      expect(await theyRead()).not.toBe(status);
      const path = `/v1/users/${user.body.id}`;
      expect((await call(urls.access, 'PATCH', path, { token: admin, body: change })).status).toBe(200);
      expect(await awakeMsUntil(async () => (await theyRead()) === status)).toBeLessThan(2_000);
    }

    // Suspension reaches it within 2 s.
    const cli = (verb: string) =>
      runInProcess(['tenants', verb, id, '--url', urls.tenants], { environment: { COFFERDAM_DATA_DIR: folder.path } });
    expect((await cli('suspend')).code).toBe(0);
    const isSuspended = async () => (await call(url, 'GET', '/v1/organizations', { token })).status === 403;
    expect(await awakeMsUntil(isSuspended)).toBeLessThan(2_000);
    expect((await cli('suspend')).code).toBe(1);
    expect((await cli('reactivate')).code).toBe(0);
    expect(
      (
        await runInProcess(['tenants', 'list', '--url', urls.tenants], {
          environment: { COFFERDAM_DATA_DIR: folder.path },
        })
      ).stdout,
    ).toContain(id);
  } finally {
    expect((await ledger.stop()).code).toBe(0);
    own.remove();
  }
});

test('an Access Manager alone issues tokens that the ledger of another process takes', async () => {
  const own = temporaryDataFolder();
  const access = new Program(['serve', '--parts', 'access'], {
    environment: {
      ...common,
      COFFERDAM_DATA_DIR: own.path,
      COFFERDAM_ENCRYPTION_KEY: kept('encryption-key'),
      CONTROL_DATABASE_URL: handedOver('CONTROL_DATABASE_URL', 1),
      ACCESS_DATABASE_URL: handedOver('ACCESS_DATABASE_URL'),
    },
  });
  try {
    const url = (await access.serving()).access;
    const { token } = await createTenant();
    const permissions = await call(url, 'GET', '/v1/permissions', { token });
    expect(permissions.status, permissions.text).toBe(200);
    expect(permissions.body.accounts).toContain('post');
  } finally {
    expect((await access.stop()).code).toBe(0);
    own.remove();
  }
});

test('keys are listed and rotated through the running Access Manager', async () => {
  const keys = (...words: string[]) =>
    runInProcess(['keys', ...words, '--json', '--url', urls.access], {
      environment: { COFFERDAM_DATA_DIR: folder.path },
    });
  const { token } = await createTenant();
  const rotated = await keys('rotate', '--lead', '600');
  expect(rotated.code, rotated.stderr).toBe(0);
  const [made] = JSON.parse(rotated.stdout);
  expect(made).toMatchObject({ state: 'upcoming', activateAt: expect.any(String) });
  const listed = JSON.parse((await keys('list')).stdout);
  expect(listed.map(({ state }: { state: string }) => state)).toEqual(['upcoming', 'active']);
  const published = await call(urls.access, 'GET', '/.well-known/jwks.json');
  expect(published.body.keys.map(({ kid }: { kid: string }) => kid)).toContain(made.kid);
  expect((await call(urls.ledger, 'GET', '/v1/organizations', { token })).status).toBe(200);
  const again = await keys('rotate');
  expect([again.code, again.stderr]).toEqual([1, expect.stringContaining('waiting for its time')]);

  const own = temporaryDataFolder();
  const stranger = await runInProcess(['keys', 'list', '--url', urls.access], {
    environment: { COFFERDAM_DATA_DIR: own.path, COFFERDAM_ENCRYPTION_KEY: Buffer.alloc(32, 1).toString('base64') },
  });
  expect([stranger.code, stranger.stderr]).toEqual([1, expect.stringContaining('does not know our key')]);
  own.remove();
});

test('cofferdam logins prints the logins of each part, those of the data folder', async () => {
  const own = temporaryDataFolder();
  const environment = {
    ...common,
    COFFERDAM_DATA_DIR: own.path,
    COFFERDAM_ENCRYPTION_KEY: kept('encryption-key'),
    DATABASE_URL: toDatabaseUrl(connectionOf(join(folder.path, 'postgres'))),
  };
  try {
    const all = await run(['logins', '--json'], { environment });
    expect(all.code, all.stderr).toBe(0);
    const { ledger, access } = JSON.parse(all.stdout);
    // The same logins; the tenants part reaches the server by its socket.
    const login = (url: string) => new URL(url.replace(/@[^/]*/, '@host')).href;
    expect(login(ledger.CONTROL_DATABASE_URL)).toBe(login(handedOver('CONTROL_DATABASE_URL')));
    expect(login(access.CONTROL_DATABASE_URL)).toBe(login(handedOver('CONTROL_DATABASE_URL', 1)));
    expect(login(access.ACCESS_DATABASE_URL)).toBe(login(handedOver('ACCESS_DATABASE_URL')));
    const one = await runInProcess(['logins', '--part', 'ledger'], { environment });
    expect(one.stdout).toBe(`CONTROL_DATABASE_URL=${ledger.CONTROL_DATABASE_URL}\n`);
    expect(
      (await runInProcess(['logins'], { environment: { ...environment, MULTI_TENANT_ENABLED: 'false' } })).code,
    ).toBe(2);
  } finally {
    own.remove();
  }
});

test('a part alone without its login says which one and where it is', async () => {
  const own = temporaryDataFolder();
  try {
    const { code, stderr } = await run(['serve', '--parts', 'ledger'], {
      environment: { ...common, COFFERDAM_DATA_DIR: own.path, PLUGIN_AUTH_ADDRESS: urls.access },
    });
    expect(code).toBe(2);
    expect(stderr).toMatch(/CONTROL_DATABASE_URL is missing.*database-urls\.env/);
  } finally {
    own.remove();
  }
});
