import { once } from 'node:events';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, expect, test } from 'vitest';
import { connectionOf } from '../support/embedded-connection.js';
import { Program, run, temporaryDataFolder } from '../support/program.js';
import { call } from '../support/server.js';

const folder = temporaryDataFolder();
const environment = { COFFERDAM_DATA_DIR: folder.path };
afterAll(() => folder.remove());

async function readOrganizations(ledger: string): Promise<string[]> {
  const { body } = await call(ledger, 'GET', '/v1/organizations');
  return body.items.map(({ legalName }: { legalName: string }) => legalName);
}

/** Records every connection that the process makes; loaded before the program. */
const trap = `
import { appendFileSync } from 'node:fs';
import net from 'node:net';
import dns from 'node:dns';
const connect = net.Socket.prototype.connect;
net.Socket.prototype.connect = function (...args) {
  const target = Array.isArray(args[0]) ? args[0][0] : args[0];
  appendFileSync(process.env.TRAP, JSON.stringify(typeof target === 'string' ? target : (target.path ?? [target.host ?? 'localhost', target.port])) + '\\n');
  return connect.apply(this, args);
};
const lookup = dns.lookup;
dns.lookup = (name, ...rest) => { if (net.isIP(name) === 0) appendFileSync(process.env.TRAP, JSON.stringify('dns ' + name) + '\\n'); return lookup(name, ...rest); };
`;

test('needs nothing: no token, no tenant machinery, and only PostgreSQL is contacted (network trap)', async () => {
  const outside = temporaryDataFolder();
  const preload = join(outside.path, '..', 'trap.mjs');
  const caught = join(outside.path, '..', 'caught');
  writeFileSync(preload, trap);
  writeFileSync(caught, '');
  const server = new Program(['serve'], { environment: { ...environment, TRAP: caught }, node: ['--import', preload] });
  try {
    const { ledger, access, tenants } = await server.serving();
    const made = await call(ledger, 'POST', '/v1/organizations', { body: { legalName: 'First', legalDocument: '1' } });
    expect(made.status).toBe(201);
    expect((await call(ledger, 'GET', '/readyz')).body).toMatchObject({
      status: 'healthy',
      deployment_mode: 'single-tenant',
    });
    expect((await call(access, 'GET', '/health')).text).toBe('healthy');
    // What a deployment tool reads (ledger-api §12); commit and time are empty where nothing was built.
    expect((await call(ledger, 'GET', '/version')).body).toEqual({
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      requestDate: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      commit: expect.stringMatching(/^[0-9a-f]{0,64}$/),
      buildTime: expect.any(String),
      dirty: expect.any(Boolean),
    });
    // The operators' listener is there for metrics; tenants are not.
    expect((await call(tenants, 'GET', '/metrics')).text).toContain('http_request_seconds_count');
    const key = readFileSync(join(folder.path, 'tenant-manager-api-key'), 'utf8').trim();
    expect((await call(tenants, 'GET', '/v1/tenants', { headers: { 'x-api-key': key } })).status).toBe(404);
    expect((await call(ledger, 'GET', '/metrics')).status).toBe(404);

    const targets = new Set(
      readFileSync(caught, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    );
    for (const target of targets) expect(String(target)).toMatch(/\.s\.PGSQL\.\d+$|^127\.0\.0\.1,\d+$/);
    expect(targets.size).toBe(1);
  } finally {
    expect((await server.stop()).code).toBe(0);
    outside.remove();
  }
});

test('a second start finds the data, commands work beside it, and there is no control database', async () => {
  const server = new Program(['serve'], { environment });
  try {
    const { ledger } = await server.serving();
    const beside = await run(['doctor', '--json'], { environment });
    expect(beside.code, beside.stderr).toBe(0);
    expect(JSON.parse(beside.stdout).books).toHaveLength(1);
    expect(await readOrganizations(ledger)).toEqual(['First']);
    const databases = await listDatabases();
    expect(databases).toContain('cofferdam_ledger');
    expect(databases.filter((name) => /control|tenants|template_/.test(name))).toEqual([]);
  } finally {
    await server.stop();
  }
});

test('secrets of the data folder are for its owner only', () => {
  for (const name of ['encryption-key', 'tenant-manager-api-key'])
    expect(statSync(join(folder.path, name)).mode & 0o077, name).toBe(0);
});

test('SIGTERM: requests in flight finish, then the process ends with 0', async () => {
  const server = new Program(['serve'], { environment });
  const { ledger } = await server.serving();
  const posts = Array.from({ length: 40 }, (_, index) =>
    call(ledger, 'POST', '/v1/organizations', { body: { legalName: `In flight ${index}`, legalDocument: '1' } }).then(
      ({ status }) => status,
      (error: Error) => error.message,
    ),
  );
  // Some are answered, some are on their way.
  await Promise.race(posts);
  const { code } = await server.stop();
  const statuses = await Promise.all(posts);
  expect(code).toBe(0);
  // What was never accepted may fail to connect; what was accepted is served.
  expect(statuses.filter((status) => typeof status === 'number' && status !== 201)).toEqual([]);

  const again = new Program(['serve'], { environment });
  try {
    const { body } = await call((await again.serving()).ledger, 'GET', '/v1/organizations?limit=100');
    const kept = body.items.filter(({ legalName }: { legalName: string }) => legalName.startsWith('In flight')).length;
    expect(kept).toBeGreaterThanOrEqual(statuses.filter((status) => status === 201).length);
  } finally {
    await again.stop();
  }
});

test('a connection that says nothing does not hold the end up', async () => {
  const server = new Program(['serve'], { environment });
  const { port } = new URL((await server.serving()).ledger);
  const silent = connect(Number(port), '127.0.0.1');
  await once(silent, 'connect');
  const closed = once(silent, 'close');
  const asked = performance.now();
  expect((await server.stop()).code).toBe(0);
  expect(performance.now() - asked).toBeLessThan(5_000);
  await closed;
});

test('a killed server starts again with everything that was acknowledged', async () => {
  const server = new Program(['serve'], { environment });
  const { ledger } = await server.serving();
  const made = await call(ledger, 'POST', '/v1/organizations', {
    body: { legalName: 'Before the kill', legalDocument: '1' },
  });
  expect(made.status).toBe(201);
  await server.stop('SIGKILL');
  const again = new Program(['serve'], { environment });
  try {
    const url = (await again.serving()).ledger;
    expect((await call(url, 'GET', `/v1/organizations/${made.body.id}`)).body.legalName).toBe('Before the kill');
  } finally {
    await again.stop();
  }
});

test('doctor finds nothing wrong, migrate finds nothing to do', async () => {
  expect(await run(['doctor', '--json'], { environment })).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('"findings": []'),
  });
  expect(await run(['migrate', '--json'], { environment })).toMatchObject({ code: 0 });
});

test('access bootstrap makes the administrator and the application anew', async () => {
  const path = join(folder.path, 'bootstrap-credentials.json');
  expect(existsSync(path)).toBe(false);
  const first = new Program(['serve'], { environment: { ...environment, PLUGIN_AUTH_ENABLED: 'true' } });
  await first.serving();
  await first.stop();
  expect(statSync(path).mode & 0o077).toBe(0);
  const before = readFileSync(path, 'utf8');
  expect((await run(['access', 'bootstrap'], { environment })).code).toBe(0);
  const after = JSON.parse(readFileSync(path, 'utf8'));
  expect(after).not.toEqual(JSON.parse(before));
  const server = new Program(['serve'], { environment: { ...environment, PLUGIN_AUTH_ENABLED: 'true' } });
  try {
    const { ledger, access } = await server.serving();
    const { clientId, clientSecret, username, password } = after;
    const machine = { grantType: 'client_credentials', clientId, clientSecret };
    const person = { grantType: 'password', username, password };
    for (const body of [machine, person]) {
      const answer = await call(access, 'POST', '/v1/login/oauth/access_token', { body });
      expect(answer.status, answer.text).toBe(200);
      expect((await call(ledger, 'GET', '/v1/organizations', { token: answer.body.accessToken })).status).toBe(200);
    }
    expect((await call(ledger, 'GET', '/v1/organizations')).status).toBe(401);
    const old = JSON.parse(before);
    const refused = { grantType: 'client_credentials', clientId: old.clientId, clientSecret: old.clientSecret };
    expect((await call(access, 'POST', '/v1/login/oauth/access_token', { body: refused })).status).toBe(401);
  } finally {
    await server.stop();
  }
});

async function listDatabases(): Promise<string[]> {
  const root = join(folder.path, 'postgres');
  const client = new pg.Client(connectionOf(root));
  await client.connect();
  try {
    const { rows } = await client.query<{ datname: string }>('select datname from pg_database');
    return rows.map(({ datname }) => datname);
  } finally {
    await client.end();
  }
}
