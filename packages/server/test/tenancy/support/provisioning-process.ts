/**
 * A Tenant Manager that is killed: runs as a child process (see crash.test.ts), takes up the given tenants and ends
 * itself, without a goodbye, when all of them have come to the boundary it was told. Ends with 0 if they never do.
 */

import type { TenantId } from '@cofferdam/core';
import { v7 as uuidv7 } from 'uuid';
import { ledgerMigrations } from '../../../src/ledger/migrations/index.js';
import { runtimeGrants } from '../../../src/ledger/migrations/runtime-grants.js';
import { parseDatabaseUrl } from '../../../src/postgres/connection-settings.js';
import { installationNames } from '../../../src/postgres/installation.js';
import { createVault } from '../../../src/tenancy/credentials.js';
import { prepareServer } from '../../../src/tenancy/prepare-server.js';
import { createTenantManager } from '../../../src/tenancy/tenant-manager.js';

interface Order {
  readonly adminUrl: string;
  readonly prefix: string;
  readonly key: string;
  readonly tenantIds: TenantId[];
  readonly point: 'before' | 'worked';
  readonly step: string;
  readonly work: 'provision' | 'purge';
}

const order = JSON.parse(process.argv[2] ?? '{}') as Order;
const admin = parseDatabaseUrl(order.adminUrl);
const encryptionKey = Buffer.from(order.key, 'base64');
const names = installationNames(order.prefix);
const log = { info() {}, warn() {}, error() {} };
const now = () => new Date();
let arrived = 0;
const manager = createTenantManager({
  admin,
  prepared: await prepareServer({ admin, names, encryptionKey, ledgerMigrations, log, now }),
  names,
  vault: createVault([encryptionKey]),
  ledgerMigrations,
  runtimeGrants,
  access: { seed: async () => {}, count: async () => [], purge: async () => {} },
  secrets: {
    hashPassword: async () => 'hash',
    passwordShortcomings: () => [],
    newApplicationCredentials: () => ({ clientId: 'c', clientSecret: 's', secretHmac: Buffer.alloc(32) }),
  },
  defaultIsolation: 'database',
  retentionDays: 0,
  now,
  newId: uuidv7,
  log,
  boundary: (point, step) => {
    if (point !== order.point || step !== order.step) return undefined;
    arrived += 1;
    if (arrived === order.tenantIds.length) process.kill(process.pid, 'SIGKILL');
    return new Promise(() => {}); // those who came first wait here for the end
  },
});
if (order.work === 'provision') await Promise.all(order.tenantIds.map((id) => manager.provisioner.provision(id)));
else await manager.start();
await manager.stop();
