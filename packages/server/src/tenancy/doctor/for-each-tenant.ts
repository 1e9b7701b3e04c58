import type { TenantId } from '@cofferdam/core';
import PQueue from 'p-queue';
import type pg from 'pg';
import type { AdminServer } from '../admin-connections.js';
import { getPlacement, type Placement } from '../placement.js';
import type { DoctorTools, Report } from './finding.js';

export interface ExaminedTenant {
  readonly id: TenantId;
  readonly status: string;
  readonly placement: Placement;
}

export interface Instruments {
  readonly server: AdminServer;
  /** The administrator in the database of the tenant's books. */
  inStore<T>(work: (client: pg.Client) => Promise<T>): Promise<T>;
}

/** Every tenant that has books, a few at a time; one that cannot be examined is reported and does not stop the rest. */
export async function forEachTenant(
  tools: DoctorTools,
  report: Report,
  say: (text: string) => void,
  look: (tenant: ExaminedTenant, instruments: Instruments) => Promise<void>,
): Promise<void> {
  const { rows } = await tools.control.pool.query<{ id: TenantId; status: string }>(
    `select id, status from tenant where status in ('active', 'suspended', 'deleting') and purge_started_at is null
      order by created_at, id`,
  );
  const queue = new PQueue({ concurrency: tools.parallel });
  let done = 0;
  const one = async ({ id, status }: { id: TenantId; status: string }) => {
    try {
      const placement = await getPlacement(tools.control.pool, id);
      const server = await tools.admin.server(placement.serverId);
      await look({ id, status, placement }, { server, inStore: (work) => inStore(server, placement, work) });
    } catch (error) {
      const problem = `cannot be examined: ${error instanceof Error ? error.message : String(error)}`;
      report('error', `tenant ${id}`, problem, 'Mend its server or its database, then run doctor again.');
    }
    done += 1;
    say(`${done} of ${rows.length}`);
  };
  await queue.addAll(rows.map((row) => () => one(row)));
}

async function inStore<T>(
  server: AdminServer,
  { store }: Placement,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  if (store.database !== server.sharedDatabase) {
    const client = await server.connect(store.database, store.schema);
    return work(client).finally(() => client.end());
  }
  const client = await server.shared.connect();
  try {
    return await work(client as unknown as pg.Client);
  } finally {
    client.release();
  }
}
