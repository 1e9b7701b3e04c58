import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'vitest';
import type { BootstrapSecrets } from '../../src/access/bootstrap-single-tenant.js';
import { type CallOptions, type Reply, startTestServer, type TestServer } from '../support/server.js';

/** The four ways in which one build is run. */
export const modes = ['single', 'single with auth', 'multi/database', 'multi/schema'] as const;
export type Mode = (typeof modes)[number];

export type Call = (method: string, path: string, body?: unknown, headers?: CallOptions['headers']) => Promise<Reply>;

export interface Conforming {
  readonly server: TestServer;
  /** A client that always sends its token, if it has one. Every answer is searched for the tenant's id (T-18). */
  readonly call: Call;
  readonly token: string | undefined;
  stop(): Promise<void>;
}

export async function open(mode: Mode, more: Readonly<Record<string, string>> = {}): Promise<Conforming> {
  const environment = { ...environmentOf(mode), ...more };
  const server = await startTestServer(environment);
  try {
    const { token, secrets } = await enter(server, mode);
    const call: Call = async (method, path, body, headers) => {
      const reply = await server.call(method, path, { token, body, ...(headers && { headers }) });
      const whole = `${reply.text}${[...reply.headers].join()}`;
      for (const secret of secrets)
        expect(whole.includes(secret), `${method} ${path} tells the tenant's id`).toBe(false);
      return reply;
    };
    return { server, call, token, stop: () => server.stop() };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

function environmentOf(mode: Mode): Record<string, string> {
  if (mode === 'single') return {};
  return mode === 'single with auth' ? { PLUGIN_AUTH_ENABLED: 'true' } : { MULTI_TENANT_ENABLED: 'true' };
}

/** As a client gets in: nothing needed, the application of the first start, or the tenant's own. */
async function enter(server: TestServer, mode: Mode): Promise<{ token: string | undefined; secrets: string[] }> {
  if (mode === 'single') return { token: undefined, secrets: [] };
  if (mode === 'single with auth') {
    const file = join(server.environment['COFFERDAM_DATA_DIR'] as string, 'bootstrap-credentials.json');
    const { clientId, clientSecret } = JSON.parse(await readFile(file, 'utf8')) as BootstrapSecrets;
    const { status, body, text } = await server.access('POST', '/v1/login/oauth/access_token', {
      body: { grantType: 'client_credentials', clientId, clientSecret },
    });
    if (status !== 200) throw new Error(`no token: ${status} ${text}`);
    return { token: body.accessToken, secrets: [] };
  }
  const tenant = await server.createTenant({ isolation: mode === 'multi/database' ? 'database' : 'schema' });
  const dashed = tenant.id.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  return { token: await tenant.token(), secrets: [tenant.id, dashed, tenant.slug, 'tenantId'] };
}

/** The body of an answer that has to have this status. */
export async function expectStatus(status: number, reply: Promise<Reply>): Promise<Reply['body']> {
  const answer = await reply;
  expect(answer.status, answer.text).toBe(status);
  return answer.body;
}

/** A refusal in short. */
export const refusal = ({ status, body }: Reply) => `${status}/${body?.code}`;
