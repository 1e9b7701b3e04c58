import { openClient } from '../../postgres/pool.js';
import type { Ground } from './part.js';

/** Of a server's connections; the rest is for the control and access databases, other processes and administration. */
const soundShare = 0.8;

/** A budget that the server cannot give is found out at the start, not when the last tenants come (tenancy §6.1). */
export async function checkBudget({ admin, config, log }: Ground): Promise<void> {
  if (admin === undefined) return;
  const client = openClient(admin, { applicationName: 'cofferdam start' });
  try {
    await client.connect();
    const { rows } = await client.query<{ max: number }>(
      `select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int as max`,
    );
    const max = rows[0]?.max ?? 0;
    const { connectionBudget } = config;
    if (connectionBudget > max * soundShare)
      log.warn(
        { connectionBudget, serverConnections: max },
        'MULTI_TENANT_MAX_CONNECTIONS is more than 80 % of what the PostgreSQL server allows: lower it, or raise max_connections',
      );
  } finally {
    await client.end().catch(() => {});
  }
}
