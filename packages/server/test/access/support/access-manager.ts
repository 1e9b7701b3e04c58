import type { TenantId } from '@cofferdam/core';
import { sql } from 'kysely';
import { pino } from 'pino';
import { v7 } from 'uuid';
import { expect, vi } from 'vitest';
import {
  type AccessManager,
  type AccessManagerOptions,
  createAccessManager,
} from '../../../src/access/access-manager.js';
import type { ApplicationRole } from '../../../src/access/permissions/roles.js';
import { captureExchange, captureOutput } from '../../support/capture.js';
import { type AccessInstallation, newTenantId } from './access-installation.js';

export const issuer = 'https://access.test';

export const ownerPassword = 'Correct horse 7 battery';

export interface Clock {
  now: Date;
  /** Seconds. */
  forward(seconds: number): void;
}

export function createClock(): Clock {
  return {
    now: new Date(),
    forward(seconds) {
      this.now = new Date(this.now.getTime() + seconds * 1_000);
    },
  };
}

export interface TestAccess extends AccessManager {
  /** Status of tenants as the control database would have it; `active` unless set. */
  readonly statuses: Map<TenantId, string | undefined>;
  readonly clock: Clock;
  /** Lines of the log, as written. */
  readonly logged: string[];
}

/** An Access Manager on a test installation, in multi-tenant mode unless told otherwise. */
export async function startAccess(
  installation: AccessInstallation,
  options: Partial<AccessManagerOptions> = {},
): Promise<TestAccess> {
  const statuses = new Map<TenantId, string | undefined>();
  const clock = createClock();
  const logged: string[] = [];
  const access = await createAccessManager({
    pool: installation.pool,
    encryptionKey: installation.encryptionKey,
    multiTenant: true,
    issuer,
    environmentName: 'test',
    algorithm: 'RS256',
    tenantStatus: async (tenantId) => (statuses.has(tenantId) ? statuses.get(tenantId) : 'active'),
    trustedProxies: [],
    version: '0.0.0-test',
    logger: pino(
      { level: 'trace' },
      {
        write(line: string) {
          logged.push(line);
          captureOutput('log', line);
        },
      },
    ) as never,
    now: () => clock.now,
    newId: v7,
    ...options,
  });
  access.app.addHook('onSend', async (request, reply, payload) => {
    if (typeof payload !== 'string') return;
    const { method, url: path, body: sent } = request;
    const isJson = String(reply.getHeader('content-type')).includes('json');
    const answered = isJson && payload !== '' ? JSON.parse(payload) : undefined;
    captureExchange({ method, path, status: reply.statusCode, sent, answered, text: payload });
  });
  return { ...access, statuses, clock, logged };
}

export interface TestTenant {
  readonly tenantId: TenantId;
  readonly slug: string;
  readonly username: string;
  readonly password: string;
  readonly clientId: string;
  readonly clientSecret: string;
}

/** A tenant with an owner and one application, as provisioning makes them. */
export async function seedTenant(
  access: AccessManager,
  slug: string,
  role: ApplicationRole = 'editor',
  username = 'owner@example.com',
): Promise<TestTenant> {
  const tenantId = newTenantId();
  const { clientSecret, ...application } = access.secrets.newApplicationCredentials();
  await access.seeder.seed({
    tenantId,
    slug,
    name: slug.toUpperCase(),
    owner: { email: username, passwordHash: await access.passwords.hash(ownerPassword) },
    application: { ...application, name: 'robot', role },
  });
  return { tenantId, slug, username, password: ownerPassword, clientId: application.clientId, clientSecret };
}

export function logIn(access: AccessManager, body: object, remoteAddress = '192.0.2.1') {
  return access.app.inject({ method: 'POST', url: '/v1/login/oauth/access_token', payload: body, remoteAddress });
}

export async function machineToken(access: AccessManager, { clientId, clientSecret }: TestTenant): Promise<string> {
  const answer = await logIn(access, { grantType: 'client_credentials', clientId, clientSecret });
  if (answer.statusCode !== 200) throw new Error(`no token: ${answer.body}`);
  return answer.json().accessToken;
}

export async function personToken(access: AccessManager, tenant: TestTenant): Promise<string> {
  const { username, password, clientId } = tenant;
  const answer = await logIn(access, { grantType: 'password', username, password, clientId });
  if (answer.statusCode !== 200) throw new Error(`no token: ${answer.body}`);
  return answer.json().accessToken;
}

export function get(access: AccessManager, url: string, token?: string) {
  return access.app.inject({
    method: 'GET',
    url,
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  });
}

export interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly idToken: string;
}

/** The whole answer to a person's login. */
export async function personTokens(
  access: AccessManager,
  { username, password, clientId }: TestTenant,
): Promise<Tokens> {
  const answer = await logIn(access, { grantType: 'password', username, password, clientId });
  if (answer.statusCode !== 200) throw new Error(`no token: ${answer.body}`);
  return answer.json();
}

export function refresh(access: AccessManager, body: object, remoteAddress = '192.0.2.1') {
  return access.app.inject({ method: 'POST', url: '/v1/login/oauth/refresh_token', payload: body, remoteAddress });
}

export function postForm(
  access: AccessManager,
  url: string,
  members: Record<string, string>,
  headers: Record<string, string> = {},
) {
  return access.app.inject({
    method: 'POST',
    url,
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    payload: new URLSearchParams(members).toString(),
  });
}

/** Until so many statements of this installation wait for a lock of another transaction. */
export async function untilBlocked(access: AccessManager, count: number): Promise<void> {
  await vi.waitFor(
    async () => {
      const { rows } = await sql<{ blocked: number }>`
        select count(*)::int as blocked from pg_stat_activity
         where datname = current_database() and wait_event_type = 'Lock'`.execute(access.store.installation);
      expect(rows[0]?.blocked).toBe(count);
    },
    { timeout: 30_000 },
  );
}
