import { randomBytes } from 'node:crypto';
import { canonicalTenantId, type TenantId } from '@cofferdam/core';
import type pg from 'pg';
import { v7 } from 'uuid';
import {
  type AccessDatabaseOptions,
  accessSearchPath,
  accessServiceSettings,
  prepareAccessDatabase,
} from '../../../src/access/access-database.js';
import { type AccessStore, createAccessStore } from '../../../src/access/directory/with-directory.js';
import { type InstallationNames, installationNames } from '../../../src/postgres/installation.js';
import { openPool } from '../../../src/postgres/pool.js';
import { adminSettings, dropAll, randomPrefix } from '../../support/cluster.js';

export interface AccessInstallation {
  readonly names: InstallationNames;
  readonly options: AccessDatabaseOptions;
  readonly encryptionKey: Buffer;
  /** The service login, as the Access Manager itself connects. */
  readonly pool: pg.Pool;
  readonly store: AccessStore;
  drop(): Promise<void>;
}

/** An access database of its own, under the rights it has in production. */
export async function createAccessInstallation(): Promise<AccessInstallation> {
  const names = installationNames(randomPrefix());
  const encryptionKey = randomBytes(32);
  const options = { adminSettings: adminSettings(), names, encryptionKey };
  await prepareAccessDatabase(options);
  const pool = openPool(accessServiceSettings(options), {
    max: 5,
    applicationName: 'access test',
    searchPath: accessSearchPath,
  });
  return {
    names,
    options,
    encryptionKey,
    pool,
    store: createAccessStore(pool),
    async drop() {
      await pool.end();
      const roles = ['access', 'access_owner', 'access_lookup'].map((role) => names.role(role));
      await dropAll([names.accessDatabase], roles);
    },
  };
}

export function newTenantId(): TenantId {
  const id = canonicalTenantId(v7());
  if (id === undefined) throw new Error('a UUIDv7 is a tenant id');
  return id;
}
