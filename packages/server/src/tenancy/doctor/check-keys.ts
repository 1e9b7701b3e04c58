import type pg from 'pg';
import { withBooks } from '../tenants-with-books.js';
import { type Check, type DoctorTools, type Report, reporter } from './finding.js';

const signingDaysMax = 180;
const credentialDaysMax = 365;

/** How old the keys are that tokens are signed with, and the credentials of the tenants. */
export const checkKeys: Check = {
  id: 'keys',
  what: 'age of signing keys and of credentials',
  async run(tools) {
    const { findings, report } = reporter('keys');
    const server = await tools.admin.server('default');
    const { rows } = await server.cluster.query('select from pg_database where datname = $1', [
      tools.names.accessDatabase,
    ]);
    if (rows.length > 0) {
      const client = await server.connect(tools.names.accessDatabase, 'access');
      await checkSigningKeys(client, tools, report).finally(() => client.end());
    }
    await checkCredentials(tools, report);
    return findings;
  },
};

async function checkSigningKeys(client: pg.Client, { now }: DoctorTools, report: Report): Promise<void> {
  const { rows } = await client.query<{ kid: string; algorithm: string; created_at: string }>(
    `select kid, algorithm, created_at from signing_key where state = 'active'`,
  );
  const [active] = rows;
  if (active === undefined) {
    report('error', 'signing keys', 'no key signs', 'Start the Access Manager: it makes one.');
    return;
  }
  const days = daysSince(active.created_at, now);
  if (days > signingDaysMax)
    report(
      'warning',
      `signing key ${active.kid}`,
      `has signed for ${days} days`,
      'Rotate it: cofferdam keys rotate. Old tokens stay valid to their end.',
    );
}

/** A credential is as old as its last rotation, or as the tenant. */
async function checkCredentials({ control, now }: DoctorTools, report: Report): Promise<void> {
  const { rows } = await control.pool.query<{ id: string; since: string }>(
    `select t.id, greatest(p.created_at, max(o.finished_at)) as since
       from tenant t join placement p on p.tenant_id = t.id
       left join operation o on o.tenant_id = t.id and o.kind like '%rotat%' and o.state = 'succeeded'
      where ${withBooks} group by t.id, p.created_at`,
  );
  const old = rows
    .map(({ id, since }) => ({ id, days: daysSince(since, now) }))
    .filter(({ days }) => days > credentialDaysMax);
  if (old.length > 0)
    report(
      'note',
      `${old.length} tenants`,
      `have database credentials older than ${credentialDaysMax} days, first ${old[0]?.id}`,
      'Rotate them: no request fails meanwhile (docs/multi-tenancy.md).',
    );
}

function daysSince(instant: string | Date, now: () => Date): number {
  return Math.floor((now().getTime() - new Date(instant).getTime()) / 86_400_000);
}
