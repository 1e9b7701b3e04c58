import type pg from 'pg';
import type { InstallationNames } from '../../postgres/installation.js';
import type { Migration } from '../../postgres/migration.js';
import type { AdminConnections, AdminServer } from '../admin-connections.js';
import type { ControlDatabase } from '../control-database.js';
import type { Vault } from '../credentials.js';
import type { Placement } from '../placement.js';
import type { AccessSeed, AccessSeeder, Log } from '../ports.js';
import type { TenantRecord } from '../tenant-record.js';

/** What provisioning works with, the same for every tenant. */
export interface ProvisioningTools {
  readonly control: ControlDatabase;
  readonly admin: AdminConnections;
  readonly names: InstallationNames;
  readonly vault: Vault;
  readonly ledgerMigrations: readonly Migration[];
  /** SQL that gives the run-time login its rights on the tables of the current schema; the login comes quoted. */
  readonly runtimeGrants: (login: string) => string;
  readonly templateDatabase: string;
  /** Makes a server that is not the first one ready for this build's tenants; soon done when it is. */
  readonly prepareHost: (server: AdminServer) => Promise<void>;
  readonly access: AccessSeeder;
  readonly log: Log;
  /** Milliseconds, monotonic. */
  readonly elapsed: () => number;
  /** Called before a step, and between its work and its record. Tests end the process here. */
  readonly boundary?: (point: 'before' | 'worked', step: string) => Promise<void> | void;
}

/** One attempt at one tenant, under its lock. */
export interface ProvisioningRun extends ProvisioningTools {
  readonly tenant: TenantRecord;
  readonly placement: Placement;
  readonly server: AdminServer;
  readonly passwords: { readonly runtime: string; readonly migrator: string };
  /** Present until the seed step has been recorded. */
  readonly seed: AccessSeed | undefined;
  /** The administrator inside the tenant's database or the shared one, path on the tenant's schema. One per run. */
  inStore(): Promise<pg.Client>;
}

/** Idempotent: a step that was cut short is simply run again. */
export interface ProvisioningStep {
  readonly name: string;
  run(run: ProvisioningRun): Promise<void>;
}
