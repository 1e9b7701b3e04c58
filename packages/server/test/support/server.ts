import { appendFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { type RunningServer, startServer } from '../../src/cli/start-server.js';
import { readConfig, readParts } from '../../src/config.js';
import { type InstallationNames, installationNames } from '../../src/postgres/installation.js';
import { adminUrl, asAdmin, dropAll, randomPrefix } from './admin.js';
import { captureExchange, captureOutput, registerSecret } from './capture.js';

export interface TestTenant {
  readonly id: string;
  readonly slug: string;
  readonly isolation: 'database' | 'schema';
  readonly clientId: string;
  readonly clientSecret: string;
  readonly owner: { readonly email: string; readonly password: string };
  /** A fresh access token of the application, or of `role` when the server was asked for another. */
  token(): Promise<string>;
}

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests read what they assert
  readonly body: any;
}

export interface CallOptions {
  readonly token?: string | undefined;
  /** JSON text is sent as it is. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface TestServer {
  readonly running: RunningServer;
  readonly names: InstallationNames;
  readonly apiKey: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Against the ledger. */
  call(method: string, path: string, options?: CallOptions): Promise<Reply>;
  access(method: string, path: string, options?: CallOptions): Promise<Reply>;
  /** Against the operators' listener, with its key. */
  operate(method: string, path: string, options?: CallOptions): Promise<Reply>;
  createTenant(options?: {
    isolation?: 'database' | 'schema';
    name?: string;
    /** Unique unless given. */
    slug?: string;
    role?: 'viewer' | 'contributor' | 'editor';
  }): Promise<TestTenant>;
  /** A tenant that a test made by itself: removed at the end like the others. */
  removeAtEnd(tenantId: string): void;
  /** Another process's view of the same installation, on ports of its own. */
  twin(environment?: Readonly<Record<string, string>>): Promise<TestServer>;
  stop(): Promise<void>;
}

export const ownerPassword = 'Correct-horse-7-battery';
const encryptionKey = Buffer.alloc(32, 9).toString('base64');

/**
 * The whole program on this run's PostgreSQL, wired as in production, listening on free ports, under database and role
 * names of its own. `environment` is what an operator would set.
 */
export async function startTestServer(
  environment: Readonly<Record<string, string>> = {},
  parts?: string,
): Promise<TestServer> {
  const names = installationNames(randomPrefix());
  return start(names, environment, parts, true);
}

async function start(
  names: InstallationNames,
  given: Readonly<Record<string, string>>,
  parts: string | undefined,
  owns: boolean,
): Promise<TestServer> {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'cofferdam-test-server-'));
  const environment = {
    DATABASE_URL: adminUrl(),
    COFFERDAM_ENCRYPTION_KEY: encryptionKey,
    COFFERDAM_DATA_DIR: dataDirectory,
    TENANT_MANAGER_API_KEY: 'test-operator-key-0123456789',
    ACCESS_ISSUER: 'https://access.test',
    SERVER_PORT: '0',
    ACCESS_PORT: '0',
    TENANTS_PORT: '0',
    LOG_LEVEL: 'fatal',
    // scripts/test-pgbouncer.sh
    TENANT_POOLERS: process.env['TEST_TENANT_POOLERS'] ?? '',
    ...given,
  };
  for (const name of ['COFFERDAM_ENCRYPTION_KEY', 'TENANT_MANAGER_API_KEY', 'ACCESS_SERVICE_KEY'])
    registerSecret(name, (environment as Record<string, string>)[name] ?? '');
  // What a server writes down is of interest to some tests.
  const log = captureLog(given['TEST_LOG_FILE']);
  const running = await startServer(readConfig({ ...environment, LOG_LEVEL: 'error' }, readParts(parts)), {
    log,
    names,
  });
  const tenantIds: string[] = [];

  const operate: TestServer['operate'] = (method, path, options) =>
    call(running.urls.tenants, method, path, {
      ...options,
      headers: { 'x-api-key': environment.TENANT_MANAGER_API_KEY, ...options?.headers },
    });
  const server: TestServer = {
    running,
    names,
    apiKey: environment.TENANT_MANAGER_API_KEY,
    environment,
    call: (method, path, options) => call(running.urls.ledger, method, path, options),
    access: (method, path, options) => call(running.urls.access, method, path, options),
    operate,
    async createTenant({
      isolation = 'database',
      name = 'Bank',
      slug = `s${crypto.randomUUID()}`,
      role = 'editor',
    } = {}) {
      const email = 'owner@example.com';
      const { status, body, text } = await operate('POST', '/v1/tenants', {
        body: { name, slug, isolation, owner: { email, password: ownerPassword }, application: { name: 'test', role } },
      });
      if (status !== 201) throw new Error(`tenant was not made: ${status} ${text}`);
      tenantIds.push(body.id);
      // On a slow machine it is still at it when the answer comes.
      let made = body;
      for (const deadline = Date.now() + 60_000; made.status === 'provisioning' && Date.now() < deadline; ) {
        await new Promise((resolve) => setTimeout(resolve, 100));
        made = (await operate('GET', `/v1/tenants/${body.id}`)).body;
      }
      if (made.status !== 'active') throw new Error(`tenant was not made: ${JSON.stringify(made)}`);
      const { clientId, clientSecret } = body.application;
      return {
        id: body.id,
        slug,
        isolation,
        clientId,
        clientSecret,
        owner: { email, password: ownerPassword },
        async token() {
          const login = { grantType: 'client_credentials', clientId, clientSecret };
          const answer = await server.access('POST', '/v1/login/oauth/access_token', { body: login });
          if (answer.status !== 200) throw new Error(`no token: ${answer.status} ${answer.text}`);
          return answer.body.accessToken;
        },
      };
    },
    removeAtEnd: (tenantId) => void tenantIds.push(tenantId),
    twin: (more = {}) => start(names, { ...given, ...more }, parts, false),
    async stop() {
      await running.stop();
      await rm(dataDirectory, { recursive: true, force: true });
      if (owns) await removeInstallation(names, tenantIds);
    },
  };
  return server;
}

export async function call(base: string, method: string, path: string, options: CallOptions = {}): Promise<Reply> {
  const { token, body, headers } = options;
  const response = await fetch(`${base}${path}`, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') === true && text !== '';
  const parsed = isJson ? JSON.parse(text) : undefined;
  // Ids and amounts of the ledger are no secrets of their own. Of its long lists the beginning must do.
  if (path.includes('/organizations'))
    captureOutput(`${method} ${path.slice(0, 80)} ${response.status}`, text.slice(0, 4_096));
  else captureExchange({ method, path, status: response.status, sent: body, answered: parsed, text });
  return { status: response.status, headers: response.headers, text, body: parsed };
}

/** The log at its most talkative, kept for the scan at the end of the run, and in `file`; `TEST_LOG_LEVEL` also prints it. */
function captureLog(file: string | undefined) {
  const level = process.env['TEST_LOG_LEVEL'];
  return pino(
    { level: 'trace' },
    {
      write(line: string) {
        captureOutput('log', line);
        if (file !== undefined) appendFileSync(file, line);
        if (level !== undefined && JSON.parse(line).level >= (pino.levels.values[level] ?? 0))
          process.stdout.write(line);
      },
    },
  );
}

/** Databases first, then roles: a role that owns something cannot go. */
async function removeInstallation(names: InstallationNames, tenantIds: readonly string[]): Promise<void> {
  const own = tenantIds.map((id) => `t_${id.replaceAll('-', '')}`);
  const { sharedDatabase, controlDatabase, accessDatabase, singleDatabase } = names;
  const roles = await asAdmin(async (admin) => {
    const { rows } = await admin.query<{ rolname: string }>(
      `select rolname from pg_roles where starts_with(rolname, $1) or rolname = any($2)`,
      [`${names.prefix}_`, own.flatMap((name) => [name, `${name}_b`, `${name}_migrator`, `${name}_owner`])],
    );
    return rows.map(({ rolname }) => rolname);
  });
  // Members before what they are members of.
  roles.sort((a, b) => b.length - a.length);
  await dropAll([...own, sharedDatabase, controlDatabase, accessDatabase, singleDatabase], roles);
}
