import { createHash, randomBytes } from 'node:crypto';
import { canonicalTenantId, type TenantId } from '@cofferdam/core';
import type pg from 'pg';
import { inject } from 'vitest';
import { ledgerMigrations } from '../../src/ledger/migrations/index.js';
import { runtimeGrants } from '../../src/ledger/migrations/runtime-grants.js';
import { type ConnectionSettings, withDatabase, withLogin } from '../../src/postgres/connection-settings.js';
import { quoteIdentifier, quoteLiteral } from '../../src/postgres/identifiers.js';
import { migrate } from '../../src/postgres/migrate.js';
import { type DrainableTenantPool, openPool, openTenantPool } from '../../src/postgres/pool.js';
import type { TenantContext } from '../../src/postgres/tenant-context.js';
import { adminSettings, asAdmin, dropAll, randomPrefix } from './admin.js';

export interface LedgerStore {
  /** What a request is given: the pool of the least-privilege run-time login. */
  readonly tenant: TenantContext & { readonly pool: DrainableTenantPool };
  /** The superuser on the same database and schema, for looking behind the scenes. */
  readonly adminPool: pg.Pool;
  /** Of the run-time login. */
  readonly settings: ConnectionSettings;
  drop(): Promise<void>;
}

/**
 * A store like production's: database of its own cloned from a migrated template, schema `ledger`, objects owned by a
 * role without login, a run-time login with `runtimeGrants` and nothing else.
 */
export async function createLedgerStore(options: { readonly max?: number } = {}): Promise<LedgerStore> {
  const template = await ensureTemplate();
  const name = randomPrefix();
  const password = randomBytes(16).toString('hex');
  const [database, login] = [quoteIdentifier(name), quoteIdentifier(name)];
  await asAdmin(async (admin) => {
    await admin.query(`create database ${database} template ${quoteIdentifier(template)}`);
    await admin.query(`
      create role ${login} login password ${quoteLiteral(password)};
      alter role ${login} in database ${database} set search_path = ledger;
      revoke all on database ${database} from public;
      grant connect on database ${database} to ${login}`);
  });
  await asAdmin(
    (admin) =>
      admin.query(`set search_path = ledger; grant usage on schema ledger to ${login}; ${runtimeGrants(login)}`),
    name,
  );

  const settings = withLogin(withDatabase(adminSettings(), name), name, password);
  const pool = openTenantPool(settings, {
    max: options.max ?? 5,
    applicationName: 'ledger-test',
    searchPath: ['ledger'],
  });
  const adminPool = openPool(withDatabase(adminSettings(), name), {
    max: 2,
    applicationName: 'ledger-test-admin',
    searchPath: ['ledger'],
  });
  return {
    tenant: Object.freeze({ tenantId: randomTenantId(), slug: undefined, configVersion: 1, pool }),
    adminPool,
    settings,
    async drop() {
      await pool.drain(1_000);
      await adminPool.end();
      await dropAll([name], [name]);
    },
  };
}

function randomTenantId(): TenantId {
  const id = canonicalTenantId(randomBytes(16).toString('hex'));
  if (id === undefined) throw new Error('32 hex digits are a tenant id');
  return id;
}

/**
 * Built once a run by whichever test file comes first, under an advisory lock; the others find it. Nobody may connect to
 * it afterwards: `create database … template` fails with 55006 while anyone is there.
 */
async function ensureTemplate(): Promise<string> {
  const content = createHash('sha256').update(JSON.stringify(ledgerMigrations)).digest('hex').slice(0, 12);
  const name = `${inject('runPrefix')}_template_${content}`;
  const draft = `${name}_draft`;
  await asAdmin(async (admin) => {
    await admin.query(`select pg_advisory_lock(hashtextextended($1, 0))`, [name]);
    const { rowCount } = await admin.query('select from pg_database where datname = $1', [name]);
    if (rowCount === 1) return;
    await admin.query(`drop database if exists ${quoteIdentifier(draft)} with (force)`);
    await admin.query(`create database ${quoteIdentifier(draft)} template template0 encoding 'UTF8'`);
    await fillTemplate(draft, `${name}_owner`);
    await admin.query(`alter database ${quoteIdentifier(draft)} with allow_connections false is_template true`);
    await admin.query(`alter database ${quoteIdentifier(draft)} rename to ${quoteIdentifier(name)}`);
  });
  return name;
}

async function fillTemplate(database: string, ownerName: string): Promise<void> {
  const owner = quoteIdentifier(ownerName);
  await asAdmin(async (admin) => {
    const { rowCount } = await admin.query('select from pg_roles where rolname = $1', [ownerName]);
    if (rowCount === 0) await admin.query(`create role ${owner} nologin`);
    await admin.query(`create schema ledger authorization ${owner}; revoke all on schema public from public`);
    await admin.query('set search_path = ledger');
    await migrate(admin, ledgerMigrations, { expect: { database, schema: 'ledger' }, asRole: ownerName });
  }, database);
}
