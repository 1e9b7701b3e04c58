import { v7 as newId } from 'uuid';
import { ledgerMigrations } from '../../packages/server/src/ledger/migrations/index.js';
import { runtimeGrants } from '../../packages/server/src/ledger/migrations/runtime-grants.js';
import type { ConnectionSettings } from '../../packages/server/src/postgres/connection-settings.js';
import { installationNames } from '../../packages/server/src/postgres/installation.js';
import { type AdminConnections, openAdminConnections } from '../../packages/server/src/tenancy/admin-connections.js';
import { type ControlDatabase, openControlDatabase } from '../../packages/server/src/tenancy/control-database.js';
import { createTenant as reserveTenant } from '../../packages/server/src/tenancy/create-tenant.js';
import { createVault, type Vault } from '../../packages/server/src/tenancy/credentials.js';
import { prepareServer } from '../../packages/server/src/tenancy/prepare-server.js';
import {
  createTenantManager,
  type TenantManager,
  waitUntilSettled,
} from '../../packages/server/src/tenancy/tenant-manager.js';
import { type Books, buildBooks } from '../stage/books.js';
import { inParallel } from '../stage/call.js';
import { onCluster } from '../stage/cluster.js';
import type { ServerProcess } from '../stage/server-process.js';
import { createTenant } from '../stage/tenants.js';

export interface FleetStage {
  readonly tenants: number;
  readonly server: ServerProcess;
  /** Of the tenants that work all the while. */
  readonly books: readonly Books[];
  /** For another process of the program. */
  readonly environment: Readonly<Record<string, string>>;
  readonly control: ControlDatabase;
  readonly admin: AdminConnections;
  readonly vault: Vault;
  /** Milliseconds from taking a tenant up to active, the median: while three were made at the same time … */
  readonly provisioningMs: number;
  /** … and one after the other, from stores made ahead. */
  readonly fromSpareMs: { readonly database: number; readonly schema: number };
  close(): Promise<void>;
}

const log = { info() {}, warn() {}, error: (_: object, text: string) => void process.stderr.write(`${text}\n`) };

export function openFleetStage(options: {
  readonly tenants: number;
  readonly busy: number;
  readonly say: (text: string) => void;
}): Promise<FleetStage> {
  const { say } = options;
  return onCluster(
    { name: 'fleet', say },
    async ({ postgres, apiKey, encryptionKey, environment: common, serve, atEnd }) => {
      const environment = { ...common, MULTI_TENANT_ENABLED: 'true', TENANT_SPARES: String(sparesEach) };
      const server = await serve(environment);
      const books = await inParallel(
        Array.from({ length: options.busy }, (_, i) => i),
        2,
        async (i) => {
          const place = await createTenant(server, apiKey, `busy ${i}`, i % 2 === 0 ? 'database' : 'schema');
          say(`busy tenants ${i + 1} of ${options.busy}`);
          return buildBooks(server.urls.ledger, place, 20);
        },
      );
      const idle = await makeIdleTenants(postgres.adminSettings, encryptionKey, options, atEnd);
      return { tenants: options.tenants + 2 * sparesEach, server, books, environment, ...idle };
    },
  );
}

/** Provisioned like any other, but without the Access Manager's side, whose password hashing would take most of the time. */
async function makeIdleTenants(
  adminSettings: ConnectionSettings,
  encryptionKey: Buffer,
  { tenants, busy, say }: { readonly tenants: number; readonly busy: number; readonly say: (text: string) => void },
  atEnd: (closer: () => Promise<unknown>) => void,
) {
  const names = installationNames('cofferdam');
  const vault = createVault([encryptionKey]);
  const now = () => new Date();
  const onError = () => {};
  const prepared = await prepareServer({ admin: adminSettings, names, encryptionKey, ledgerMigrations, log, now });
  const manager = createTenantManager({
    spares: sparesEach,
    workerIntervalMs: 1_000_000_000,
    admin: adminSettings,
    prepared,
    names,
    vault,
    ledgerMigrations,
    runtimeGrants,
    access: { seed: async () => {}, count: async () => [], purge: async () => {} },
    secrets: {
      hashPassword: async () => 'none',
      passwordShortcomings: () => [],
      newApplicationCredentials: () => ({ clientId: newId(), clientSecret: newId(), secretHmac: Buffer.alloc(32) }),
    },
    defaultIsolation: 'database',
    retentionDays: 30,
    now,
    newId,
    log,
  });
  const times: number[] = [];
  const numbers = Array.from({ length: tenants - busy }, (_, i) => i);
  await inParallel(numbers, 3, async (i) => {
    const slug = `idle-${i}`;
    const owner = { email: 'owner@example.com', password: 'Bench-owner-7-password' };
    const isolation = i % 2 === 0 ? ('database' as const) : ('schema' as const);
    const { tenant } = await reserveTenant(manager, { name: slug, slug, isolation, owner }, 'bench');
    const start = performance.now();
    await waitUntilSettled(manager, tenant.id, 60_000);
    times.push(performance.now() - start);
    if (times.length % 50 === 0) say(`tenants ${times.length + busy} of ${tenants}`);
  });
  const fromSpareMs = await measureSpares(manager, say);
  const { rows } = await manager.control.pool.query<{ id: string; reason: string | null }>(
    `select id, status_reason as reason from tenant where status <> 'active'`,
  );
  const failed = rows.length;
  for (const { id, reason } of rows) process.stderr.write(`tenant ${id}: ${reason}\n`);
  await manager.stop();
  if (failed > 0) throw new Error(`${failed} tenants were not made`);
  const control = openControlDatabase(prepared.control, { now, onError });
  atEnd(() => control.close());
  const admin = openAdminConnections({ admin: adminSettings, control: control.pool, vault, names, onError });
  atEnd(() => admin.close());
  return { control, admin, vault, provisioningMs: medianOf(times), fromSpareMs };
}

const sparesEach = 8;

/** After all the others are there: neighbours are looked at, too. */
async function measureSpares(manager: TenantManager, say: (text: string) => void) {
  say('spares');
  await manager.start();
  const { cluster } = await manager.admin.server('default');
  const ready = `select count(*)::int as count from pg_roles where rolname like 'cofferdam\\_sp\\_%\\_owner'
                    and shobj_description(oid, 'pg_authid') is not null`;
  for (let made = 0; made < 2 * sparesEach; ) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    made = (await cluster.query<{ count: number }>(ready)).rows[0]?.count ?? 0;
  }
  const measure = async (isolation: 'database' | 'schema') => {
    const times: number[] = [];
    for (let i = 0; i < sparesEach; i += 1) {
      const slug = `from-spare-${isolation}-${i}`;
      const owner = { email: 'owner@example.com', password: 'Bench-owner-7-password' };
      const { tenant } = await reserveTenant(manager, { name: slug, slug, isolation, owner }, 'bench');
      const start = performance.now();
      await waitUntilSettled(manager, tenant.id, 60_000);
      times.push(performance.now() - start);
    }
    return medianOf(times);
  };
  return { database: await measure('database'), schema: await measure('schema') };
}

function medianOf(times: number[]): number {
  times.sort((a, b) => a - b);
  return Math.round(times[times.length >> 1] ?? 0);
}
