/**
 * A Tenant Manager that is killed: runs as a child process (see move-crash.long.test.ts), carries on the moves that it finds and ends
 * itself, without a goodbye, at the boundary it was told.
 */

import { v7 as uuidv7 } from 'uuid';
import { ledgerMigrations } from '../../../src/ledger/migrations/index.js';
import { runtimeGrants } from '../../../src/ledger/migrations/runtime-grants.js';
import { parseDatabaseUrl } from '../../../src/postgres/connection-settings.js';
import { installationNames } from '../../../src/postgres/installation.js';
import { createVault } from '../../../src/tenancy/credentials.js';
import { prepareServer } from '../../../src/tenancy/prepare-server.js';
import { createTenantManager } from '../../../src/tenancy/tenant-manager.js';
import { recordingSeeder, silentLog, testSecrets } from '../support/installation.js';

const { adminUrl, prefix, key, step } = JSON.parse(process.argv[2] ?? '{}') as Record<string, string>;
const admin = parseDatabaseUrl(adminUrl ?? '');
const encryptionKey = Buffer.from(key ?? '', 'base64');
const names = installationNames(prefix ?? '');
const now = () => new Date();
const manager = createTenantManager({
  admin,
  prepared: await prepareServer({ admin, names, encryptionKey, ledgerMigrations, log: silentLog, now }),
  names,
  vault: createVault([encryptionKey]),
  ledgerMigrations,
  runtimeGrants,
  access: recordingSeeder(),
  secrets: testSecrets,
  defaultIsolation: 'database',
  retentionDays: 0,
  now,
  newId: uuidv7,
  log: silentLog,
  workerIntervalMs: 200,
  boundary: (_, at) => {
    if (at === step) process.kill(process.pid, 'SIGKILL');
  },
});
await manager.start();
