import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { writePrivateFile } from '../write-private-file.js';
import { call, expectOk } from './api.js';

/** A tenant of the demo and the credentials of its application, kept in the data folder (mode 0600) for the next run. */
export interface DemoTenant {
  readonly id: string;
  readonly name: string;
  readonly isolation: 'database' | 'schema';
  readonly clientId: string;
  readonly clientSecret: string;
  readonly ownerEmail: string;
  readonly ownerPassword: string;
}

const wanted = [
  { key: 'bank-a', name: 'Bank A', isolation: 'database' },
  { key: 'bank-b', name: 'Bank B', isolation: 'schema' },
] as const;

/** The demo's two tenants: those of an earlier run if they are still there, else new ones. */
export async function openTenants(
  tenantsUrl: string,
  apiKey: string,
  keptIn: string,
): Promise<{ tenants: DemoTenant[]; found: boolean }> {
  const kept: DemoTenant[] = await readFile(keptIn, 'utf8').then(JSON.parse, () => []);
  const alive = await Promise.all(
    kept.map(
      async (tenant) =>
        (await call('GET', `${tenantsUrl}/v1/tenants/${tenant.id}`, { apiKey })).body?.status === 'active',
    ),
  );
  if (kept.length === wanted.length && alive.every(Boolean)) return { tenants: kept, found: true };

  const tenants = await Promise.all(wanted.map((tenant) => createTenant(tenantsUrl, apiKey, tenant)));
  await writePrivateFile(keptIn, JSON.stringify(tenants, undefined, 2));
  return { tenants, found: false };
}

async function createTenant(
  tenantsUrl: string,
  apiKey: string,
  { key, name, isolation }: (typeof wanted)[number],
): Promise<DemoTenant> {
  const ownerEmail = `owner@${key}.example`;
  const ownerPassword = `Demo-${randomBytes(9).toString('base64url')}-7aA`;
  const { body } = await expectOk('POST', `${tenantsUrl}/v1/tenants`, {
    apiKey,
    body: {
      name,
      isolation,
      owner: { email: ownerEmail, password: ownerPassword },
      application: { name: 'demo', role: 'editor' },
    },
  });
  await untilActive(tenantsUrl, apiKey, body.id);
  const { clientId, clientSecret } = body.application;
  return { id: body.id, name, isolation, clientId, clientSecret, ownerEmail, ownerPassword };
}

async function untilActive(tenantsUrl: string, apiKey: string, id: string): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt += 1) {
    const { status } = (await expectOk('GET', `${tenantsUrl}/v1/tenants/${id}`, { apiKey })).body;
    if (status === 'active') return;
    if (status === 'failed') break;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(
    `tenant ${id} did not become active: see its provisioning error with \`cofferdam tenants get ${id}\``,
  );
}

export async function fetchToken(accessUrl: string, { clientId, clientSecret }: DemoTenant): Promise<string> {
  const body = { grantType: 'client_credentials', clientId, clientSecret };
  return (await expectOk('POST', `${accessUrl}/v1/login/oauth/access_token`, { body })).body.accessToken;
}
