import type { TenantId } from '@cofferdam/core';
import type { Registry } from 'prom-client';
import type { ConnectionSettings } from '../postgres/connection-settings.js';
import type { InstallationNames } from '../postgres/installation.js';
import type { Migration } from '../postgres/migration.js';
import type { MigratorConnection } from '../postgres/migrator-connection.js';
import { type AdminServer, defaultServer, openAdminConnections } from './admin-connections.js';
import type { Carrier } from './carry-operations.js';
import type { StatusTools } from './change-status.js';
import { connectMigrator } from './connect-migrator.js';
import { openControlDatabase } from './control-database.js';
import type { CreateTenantTools } from './create-tenant.js';
import type { Vault } from './credentials.js';
import { watchFleet } from './fleet-metrics.js';
import { createMover } from './move/mover.js';
import { refuseWhileMoving } from './move/unfinished-move.js';
import type { Isolation } from './physical-names.js';
import type { AccessSeeder, Log, SecretMaker } from './ports.js';
import { prepareHost } from './prepare-host.js';
import type { PreparedServer } from './prepare-server.js';
import { createProvisioner, type Provisioner } from './provisioning/provisioner.js';
import type { ProvisioningTools } from './provisioning/run.js';
import { createRotator } from './rotation/rotator.js';
import type { ServerTools } from './servers/manage-servers.js';
import { keepSpares } from './spares/keep-spares.js';
import { within } from './within.js';
import { startWorker } from './worker.js';

export interface TenantManagerOptions {
  readonly admin: ConnectionSettings;
  /** Of `prepareServer`. */
  readonly prepared: PreparedServer;
  readonly names: InstallationNames;
  readonly vault: Vault;
  readonly ledgerMigrations: readonly Migration[];
  readonly runtimeGrants: (login: string) => string;
  readonly access: AccessSeeder;
  readonly secrets: SecretMaker;
  readonly defaultIsolation: Isolation;
  readonly retentionDays: number;
  /** A local environment: servers and databases on this machine, without TLS, may be given. Default true. */
  readonly isLocal?: boolean;
  readonly now: () => Date;
  readonly newId: () => string;
  readonly log: Log;
  readonly metrics?: Registry;
  /** Stores made ahead, of each isolation on each server. Default 0. */
  readonly spares?: number;
  /** Between looks for work that another process left behind, and for ended retentions. Default 5 s. */
  readonly workerIntervalMs?: number;
  readonly boundary?: ProvisioningTools['boundary'];
}

/** The tenants part: what its routes and the command line work with. */
export interface TenantManager extends CreateTenantTools, StatusTools, ServerTools {
  readonly provisioner: Provisioner;
  readonly rotator: Carrier;
  readonly mover: Carrier;
  readonly log: Log;
  /**
   * Ended retentions and unfinished provisioning are taken up now, or at the instant given, rather than at the worker's
   * next look.
   */
  lookForWork(at?: Date): void;
  /** Where a server is, for products that ask for a tenant's connections. */
  readonly serverSettings: (serverId: string) => Promise<ConnectionSettings>;
  /** A connection of the tenant's own migrator; the caller ends it. */
  readonly connectMigrator: (tenantId: TenantId) => Promise<MigratorConnection>;
  /** @throws TenancyError operation_running */
  readonly refuseWhileMoving: (tenantId: TenantId) => Promise<void>;
  /** Resumes what a killed process left unfinished, then keeps looking. Resolves when the first look is over. */
  start(): Promise<void>;
  /** Lets the tenant that is being worked at finish its run, then closes all connections. */
  stop(): Promise<void>;
}

export function createTenantManager(options: TenantManagerOptions): TenantManager {
  const { names, vault, log, now, newId } = options;
  const onError = (error: Error) => log.warn({ err: error }, 'an idle connection of the tenants part broke');
  const control = openControlDatabase(options.prepared.control, { now, onError });
  const admin = openAdminConnections({ admin: options.admin, control: control.pool, vault, names, onError });
  const tools: ProvisioningTools = {
    control,
    admin,
    names,
    vault,
    ledgerMigrations: options.ledgerMigrations,
    runtimeGrants: options.runtimeGrants,
    templateDatabase: options.prepared.templateDatabase,
    prepareHost: onceForEach(({ settings }) =>
      prepareHost({ admin: settings, names, ledgerMigrations: options.ledgerMigrations }),
    ),
    access: options.access,
    log,
    elapsed: () => performance.now(),
    ...(options.boundary === undefined ? {} : { boundary: options.boundary }),
  };
  const provisioner = createProvisioner(tools, options.metrics);
  if (options.metrics) watchFleet(options.metrics, control);
  const rotator = createRotator({ ...tools, now });
  const mover = createMover({ ...tools, now });
  const worker = startWorker({
    ...tools,
    now,
    newId,
    provisioner,
    rotator,
    mover,
    intervalMs: options.workerIntervalMs ?? 5_000,
    keepSpares: (isStopped) => keepSpares(tools, { wanted: options.spares ?? 0, isStopped }),
  });

  return Object.freeze({
    control,
    admin,
    isLocal: options.isLocal ?? true,
    ledgerMigrations: options.ledgerMigrations,
    names,
    vault,
    secrets: options.secrets,
    newId,
    now,
    log,
    defaultIsolation: options.defaultIsolation,
    retentionDays: options.retentionDays,
    provisioner,
    rotator,
    mover,
    lookForWork: (at?: Date) => (at === undefined ? worker.look() : worker.lookAt(at)),
    connectMigrator: (tenantId: TenantId) => connectMigrator(tools, tenantId),
    refuseWhileMoving: (tenantId: TenantId) => refuseWhileMoving(control.pool, tenantId),
    serverSettings: async (serverId: string) => (await admin.server(serverId)).settings,
    start: () => worker.start(),
    async stop() {
      await worker.stop();
      await provisioner.drain();
      await rotator.stop();
      await mover.stop();
      await admin.close();
      await control.close();
    },
  });
}

/** The first server is prepared at the start; of the others each once, and again when its record has changed. */
function onceForEach(work: (server: AdminServer) => Promise<void>): (server: AdminServer) => Promise<void> {
  const done = new WeakMap<AdminServer, Promise<void>>();
  return (server) => {
    if (server.id === defaultServer) return Promise.resolve();
    const known = done.get(server);
    if (known !== undefined) return known;
    const running = work(server).catch((error: unknown) => {
      done.delete(server);
      throw error;
    });
    done.set(server, running);
    return running;
  };
}

/** Starts provisioning of what was just reserved and waits for its end, at most `timeoutMs`. Never rejects. */
export async function waitUntilSettled(manager: TenantManager, tenantId: TenantId, timeoutMs: number): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  let outcome = await within(timeoutMs, manager.provisioner.provision(tenantId)).catch(() => undefined);
  // Another process is at it.
  while (outcome === 'busy' && performance.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    outcome = await manager.provisioner.provision(tenantId);
  }
}
