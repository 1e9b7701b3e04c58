import pg from 'pg';
import { installationNames } from '../../packages/server/src/postgres/installation.js';
import { listSpares } from '../../packages/server/src/tenancy/spares/keep-spares.js';
import { createTenant } from '../stage/tenants.js';
import type { Ground } from './ground.js';

export interface FromSpares {
  /** Milliseconds from taking a tenant up to `active` (`tenant_provisioning_seconds`), one at a time, all spares being there. */
  readonly database: readonly number[];
  readonly schema: readonly number[];
  /** Of the whole call, the hash of the owner's password and the application's secret included. */
  readonly calls: readonly number[];
}

const sparesOfEach = 3;
const waitMsMax = 60_000;

/** Starts the server with spares and takes some. Before each the makers have finished: the server is idle. */
export async function provisionFromSpares(ground: Ground, each: number): Promise<FromSpares> {
  await ground.restart({ TENANT_SPARES: String(sparesOfEach) });
  const { host, port, user, password, database } = ground.admin;
  const cluster = new pg.Client({ host, port, user, password, database });
  await cluster.connect();
  const taken = { database: [] as number[], schema: [] as number[], calls: [] as number[] };
  try {
    for (let i = 0; i < 2 * (each + 1); i += 1) {
      const isolation = i % 2 === 0 ? 'database' : 'schema';
      await untilFull(cluster);
      const before = await provisioningMs(ground);
      const { createdMs } = await createTenant(ground.server, ground.apiKey, `spare ${i}`, isolation);
      // The first of each is of a server that had just started.
      if (i < 2) continue;
      taken[isolation].push((await provisioningMs(ground)) - before);
      taken.calls.push(createdMs);
    }
  } finally {
    await cluster.end();
  }
  return taken;
}

async function provisioningMs({ server }: Ground): Promise<number> {
  const text = await (await fetch(`${server.urls.tenants}/metrics`)).text();
  const sums = [...text.matchAll(/^tenant_provisioning_seconds_sum\S* (\S+)$/gm)];
  return sums.reduce((sum, [, seconds]) => sum + Number(seconds) * 1000, 0);
}

async function untilFull(cluster: pg.Client): Promise<void> {
  const names = installationNames('cofferdam');
  for (const deadline = performance.now() + waitMsMax; performance.now() < deadline; ) {
    const found = await listSpares({ names }, { cluster } as never);
    if (found.filter(({ isReady }) => isReady).length >= 2 * sparesOfEach) {
      // Whoever made the last one is still letting go of it.
      await new Promise((resolve) => setTimeout(resolve, 300));
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error('the spares were not made in time');
}
