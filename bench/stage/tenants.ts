import { call } from './call.js';
import type { ServerProcess } from './server-process.js';

/** A tenant of its own database (or schema), and a token for it. `createdMs`: from the order until it was active. */
export async function createTenant(
  { urls }: ServerProcess,
  apiKey: string,
  name: string,
  isolation: 'database' | 'schema',
): Promise<{ token: string; database: string; schema: string; id: string; createdMs: number }> {
  const startedAt = performance.now();
  const tenant = await call('POST', `${urls.tenants}/v1/tenants`, {
    apiKey,
    body: {
      name,
      isolation,
      owner: { email: 'owner@example.com', password: 'Bench-owner-7-password' },
      application: { name: 'bench', role: 'editor' },
    },
  });
  await untilActive(urls.tenants, apiKey, tenant.id);
  const made = { id: tenant.id as string, createdMs: performance.now() - startedAt };
  const { accessToken } = await call('POST', `${urls.access}/v1/login/oauth/access_token`, {
    body: { grantType: 'client_credentials', ...credentials(tenant.application) },
  });
  const own = `t_${tenant.id.replaceAll('-', '')}`;
  return isolation === 'database'
    ? { ...made, token: accessToken, database: own, schema: 'ledger' }
    : { ...made, token: accessToken, database: 'cofferdam_tenants', schema: own };
}

function credentials({ clientId, clientSecret }: { clientId: string; clientSecret: string }) {
  return { clientId, clientSecret };
}

async function untilActive(tenantsUrl: string, apiKey: string, id: string): Promise<void> {
  for (let attempt = 0; attempt < 600; attempt += 1) {
    const { status } = await call('GET', `${tenantsUrl}/v1/tenants/${id}`, { apiKey });
    if (status === 'active') return;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`tenant ${id} did not become active`);
}
