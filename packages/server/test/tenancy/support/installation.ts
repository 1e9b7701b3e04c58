import { randomBytes } from 'node:crypto';
import type { TenantId } from '@cofferdam/core';
import { v7 as uuidv7 } from 'uuid';
import { ledgerMigrations } from '../../../src/ledger/migrations/index.js';
import { runtimeGrants } from '../../../src/ledger/migrations/runtime-grants.js';
import type { ConnectionSettings } from '../../../src/postgres/connection-settings.js';
import { quoteIdentifier as id } from '../../../src/postgres/identifiers.js';
import { type InstallationNames, installationNames } from '../../../src/postgres/installation.js';
import { createTenant } from '../../../src/tenancy/create-tenant.js';
import type { NewTenant } from '../../../src/tenancy/creation/new-tenant.js';
import { createVault, type Vault } from '../../../src/tenancy/credentials.js';
import { type Isolation, tenantStoreNames } from '../../../src/tenancy/physical-names.js';
import type { AccessSeed, AccessSeeder, Log, SecretMaker } from '../../../src/tenancy/ports.js';
import { type PreparedServer, prepareServer } from '../../../src/tenancy/prepare-server.js';
import {
  createTenantManager,
  type TenantManager,
  type TenantManagerOptions,
  waitUntilSettled,
} from '../../../src/tenancy/tenant-manager.js';
import { findTenant, type TenantRecord } from '../../../src/tenancy/tenant-record.js';
import { adminSettings, asAdmin, dropAll, randomPrefix } from '../../support/cluster.js';

export const silentLog: Log = { info() {}, warn() {}, error() {} };

/** The Access Manager's side of provisioning, remembering what it was asked. */
export interface RecordingSeeder extends AccessSeeder {
  readonly seeds: AccessSeed[];
  readonly purged: TenantId[];
}

export function recordingSeeder(): RecordingSeeder {
  const seeds: AccessSeed[] = [];
  const purged: TenantId[] = [];
  return {
    seeds,
    purged,
    seed: async (seed) => void seeds.push(seed),
    count: async () => [],
    purge: async (tenantId) => void purged.push(tenantId),
  };
}

export const testSecrets: SecretMaker = {
  hashPassword: async (password) => `hashed:${password.length}`,
  passwordShortcomings: (password) => (password.length < 12 ? ['at least 12 characters'] : []),
  newApplicationCredentials: () => ({
    clientId: randomBytes(16).toString('hex'),
    clientSecret: randomBytes(32).toString('base64url'),
    secretHmac: randomBytes(32),
  }),
};

export interface Installation {
  readonly names: InstallationNames;
  readonly admin: ConnectionSettings;
  readonly encryptionKey: Buffer;
  readonly vault: Vault;
  readonly prepared: PreparedServer;
  readonly manager: TenantManager;
  readonly seeder: RecordingSeeder;
  create(tenant?: Partial<NewTenant> & { isolation?: Isolation }): Promise<TenantRecord>;
  get(tenantId: TenantId): Promise<TenantRecord>;
  /** Removes all of it from the cluster. */
  remove(): Promise<void>;
}

export function prepareOptions(names: InstallationNames, encryptionKey: Buffer) {
  return { admin: adminSettings(), names, encryptionKey, ledgerMigrations, log: silentLog, now: () => new Date() };
}

/** A whole installation of its own on the run's cluster: names with a random prefix, tenants with random ids. */
export async function createInstallation(
  options: Partial<TenantManagerOptions> & { readonly encryptionKey?: Buffer } = {},
): Promise<Installation> {
  const names = options.names ?? installationNames(randomPrefix());
  const encryptionKey = options.encryptionKey ?? randomBytes(32);
  const vault = createVault([encryptionKey]);
  const admin = options.admin ?? adminSettings();
  const prepared = await prepareServer({ ...prepareOptions(names, encryptionKey), admin });
  const seeder = recordingSeeder();
  const manager = createTenantManager({
    admin,
    prepared,
    names,
    vault,
    ledgerMigrations,
    runtimeGrants,
    access: seeder,
    secrets: testSecrets,
    defaultIsolation: 'database',
    retentionDays: 30,
    now: () => new Date(),
    newId: uuidv7,
    log: silentLog,
    workerIntervalMs: 200,
    ...options,
  });
  return {
    names,
    admin,
    encryptionKey,
    vault,
    prepared,
    manager,
    seeder,
    async create(tenant = {}) {
      const slug = `t-${randomBytes(6).toString('hex')}`;
      const owner = { email: `owner@${slug}.example`, password: 'Correct-Horse-42' };
      const created = await createTenant(manager, { name: slug, slug, owner, ...tenant }, 'test');
      await waitUntilSettled(manager, created.tenant.id, 60_000);
      return getTenant(manager, created.tenant.id);
    },
    get: (tenantId) => getTenant(manager, tenantId),
    async remove() {
      const stores = await listStores(manager, names);
      await manager.stop();
      await removeInstallation(names, stores);
    },
  };
}

async function getTenant(manager: TenantManager, tenantId: TenantId): Promise<TenantRecord> {
  const tenant = await findTenant(manager.control.pool, tenantId);
  if (tenant === undefined) throw new Error(`no tenant ${tenantId}`);
  return tenant;
}

async function listStores({ control }: TenantManager, names: InstallationNames) {
  const { rows } = await control.pool.query<{ id: TenantId; isolation: Isolation }>('select id, isolation from tenant');
  return rows.map((row) => tenantStoreNames(row.id, row.isolation, names));
}

export async function removeInstallation(
  names: InstallationNames,
  stores: readonly { database: string; runtimeLogin: string; migratorLogin: string; ownerRole: string }[],
): Promise<void> {
  const databases = new Set([...stores.map(({ database }) => database), names.controlDatabase, names.accessDatabase]);
  const roles = stores.flatMap(({ runtimeLogin, migratorLogin, ownerRole }) => [
    runtimeLogin,
    `${runtimeLogin}_b`,
    migratorLogin,
    ownerRole,
  ]);
  const services = ['control_reader', 'directory_reader', 'ledger', 'ledger_migrator', 'ledger_owner'];
  await dropAll(
    [...databases, names.sharedDatabase, names.singleDatabase],
    [...roles, ...services.map((service) => names.role(service))],
  );
}

/** Whether a database or role of that name exists. */
export async function exists(name: string): Promise<{ database: boolean; role: boolean }> {
  return asAdmin(async (admin) => {
    const { rows } = await admin.query(
      `select exists (select from pg_database where datname = $1) as database,
              exists (select from pg_roles where rolname = $1) as role`,
      [name],
    );
    return rows[0];
  });
}

export { id };
