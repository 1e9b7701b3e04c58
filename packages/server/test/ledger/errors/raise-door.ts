import { setTimeout as delay } from 'node:timers/promises';
import { signWith, stealSigningKey, takeApart } from '../../isolation/support/real-key.js';
import { asAdmin } from '../../support/admin.js';
import type { TestTenant } from '../../support/server.js';
import type { Raise, Stage } from './stage.js';

const list = (s: Stage, token?: string) => s.server.call('GET', '/v1/organizations', { token });
/** The same once what happened has come by the change feed. */
async function listUntil(s: Stage, { token }: TestTenant, status: number, change: (s: Stage) => Promise<unknown>) {
  const before = await token();
  await change(s);
  for (let tries = 0; ; tries += 1) {
    const answer = await list(s, before);
    if (answer.status === status || tries === 100) return answer;
    await delay(50);
  }
}

/** Who may come in, and what is no request of ours: ledger-api §11.1, §12. */
export const raiseDoor: Readonly<Record<string, Raise>> = {
  '0041': (s) => list(s),
  '0042': (s) => list(s, 'x.y.z'),
  '0043': async (s) => {
    const { token } = await s.server.createTenant({ role: 'viewer' });
    return s.server.call('POST', '/v1/organizations', { token: await token(), body: {} });
  },
  '0146': async (s) => {
    const tenant = await s.server.createTenant();
    return listUntil(s, tenant, 422, () =>
      asAdmin(async (admin) => {
        await admin.query('set search_path = control');
        await admin.query('delete from association where tenant_id = $1', [tenant.id]);
      }, s.server.names.controlDatabase),
    );
  },
  '0159': async (s) => {
    const tenant = await s.server.createTenant();
    return listUntil(s, tenant, 403, () => s.server.operate('PUT', `/v1/tenants/${tenant.id}/suspend`));
  },
  '0160': async (s) => {
    const claims = { ...takeApart(s.token).claims, tenantId: crypto.randomUUID() };
    return list(s, await signWith(await stealSigningKey(s.server), claims));
  },
  // Books that are being moved: their tables are not where they were.
  '0161': async (s) => {
    await s.sql('alter table segment rename to segment_away');
    return s.ask('GET', 'segments').finally(() => s.sql('alter table segment_away rename to segment'));
  },
  '0484': (s) => s.ask('GET', '/v1/nothing'),
  '0485': (s) => s.ask('PUT', '/v1/organizations'),
  '0497': (s) => s.ask('GET', '/v1/organizations', undefined, { headers: { 'x-filler': 'x'.repeat(17_000) } }),
};
