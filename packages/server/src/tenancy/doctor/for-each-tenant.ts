import type { TenantId } from '@cofferdam/core';
import PQueue from 'p-queue';
import type pg from 'pg';
import type { AdminServer } from '../admin-connections.js';
import { inStore } from '../in-store.js';
import { getPlacement, type Placement } from '../placement.js';
import { listTenantsWithBooks } from '../tenants-with-books.js';
import type { DoctorTools, Report } from './finding.js';

export interface ExaminedTenant {
  readonly id: TenantId;
  readonly status: string;
  readonly placement: Placement;
}

export interface Instruments {
  readonly server: AdminServer;
  /** The administrator in the database of the tenant's books. */
  inStore<T>(work: (client: pg.ClientBase) => Promise<T>): Promise<T>;
}

/** Every tenant that has books, a few at a time; one that cannot be examined is reported and does not stop the rest. */
export async function forEachTenant(
  tools: DoctorTools,
  report: Report,
  say: (text: string) => void,
  look: (tenant: ExaminedTenant, instruments: Instruments) => Promise<void>,
): Promise<void> {
  const tenants = await listTenantsWithBooks(tools.control.pool);
  const queue = new PQueue({ concurrency: tools.parallel });
  let done = 0;
  const one = async ({ id, status }: (typeof tenants)[number]) => {
    try {
      const placement = await getPlacement(tools.control.pool, id);
      const server = await tools.admin.server(placement.serverId);
      await look({ id, status, placement }, { server, inStore: (work) => inStore(server, placement.store, work) });
    } catch (error) {
      const problem = `cannot be examined: ${error instanceof Error ? error.message : String(error)}`;
      report('error', `tenant ${id}`, problem, 'Mend its server or its database, then run doctor again.');
    }
    done += 1;
    say(`${done} of ${tenants.length}`);
  };
  await queue.addAll(tenants.map((row) => () => one(row)));
}
