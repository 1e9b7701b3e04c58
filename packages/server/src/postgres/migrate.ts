import type pg from 'pg';
import { quoteIdentifier } from './identifiers.js';
import type { Migration } from './migration.js';
import { OperatorError } from './operator-error.js';
import { isRetryable } from './pg-errors.js';

export interface MigrateOptions {
  /** Where the migrations belong; anything else is refused, before and after each one. */
  readonly expect: { readonly database: string; readonly schema: string };
  /** Objects are made as this role (`set local role`), of which the login must be a member. */
  readonly asRole?: string;
  /** Give up waiting for a table lock after this long, rather than queue every reader behind us. Default 10 s. */
  readonly lockTimeoutMs?: number;
  /** Ids that are known and may be applied already, but are not applied now. */
  readonly hold?: ReadonlySet<string>;
}

/**
 * Brings the current schema to the end of `migrations`, each in a transaction of its own, and returns the ids applied
 * now. The row in `schema_migration` is inserted first, so a second starter waits for the first and then skips. Refuses a
 * schema that holds migrations unknown here: it belongs to a newer version of the program.
 */
export async function migrate(
  client: pg.ClientBase,
  migrations: readonly Migration[],
  options: MigrateOptions,
): Promise<string[]> {
  await checkPlace(client, options.expect);
  if (!(await hasRecord(client))) await inTransaction(client, options, () => createRecord(client));
  const done = await appliedIds(client, options.asRole);
  refuseUnknown(done, migrations, options);
  const applied: string[] = [];
  for (const migration of migrations) {
    if (done.has(migration.id) || options.hold?.has(migration.id) === true) continue;
    const ran = await inTransaction(client, options, () => applyOnce(client, migration));
    if (ran) applied.push(migration.id);
  }
  return applied;
}

/** Ids of the migrations still to apply; read-only, for `doctor` and readiness. The record must exist or all are. */
export async function pendingMigrations(client: pg.ClientBase, migrations: readonly Migration[]): Promise<string[]> {
  if (!(await hasRecord(client))) return migrations.map(({ id }) => id);
  const done = await appliedIds(client);
  return migrations.map(({ id }) => id).filter((id) => !done.has(id));
}

async function hasRecord(client: pg.ClientBase): Promise<boolean> {
  const { rows } = await client.query<{ found: boolean }>(
    `select to_regclass(quote_ident(current_schema()) || '.schema_migration') is not null as found`,
  );
  return rows[0]?.found === true;
}

/** The table that records what was applied. */
export const migrationRecord =
  'create table if not exists schema_migration (id text primary key, applied_at timestamptz not null default now())';

async function createRecord(client: pg.ClientBase): Promise<void> {
  // `if not exists` alone can still collide with a twin in the catalogue's unique index.
  await client.query(
    `select pg_advisory_xact_lock(hashtextextended('cofferdam migrate ' || current_database() || '.' || current_schema(), 0))`,
  );
  await client.query(migrationRecord);
}

function refuseUnknown(done: ReadonlySet<string>, migrations: readonly Migration[], options: MigrateOptions): void {
  const known = new Set(migrations.map(({ id }) => id));
  const unknown = [...done].filter((id) => !known.has(id));
  if (unknown.length === 0) return;
  const { database, schema } = options.expect;
  throw new OperatorError(
    `${database}.${schema} holds migrations this program does not know (${unknown.join(', ')}): it needs a newer version`,
  );
}

async function appliedIds(client: pg.ClientBase, asRole?: string): Promise<Set<string>> {
  const select = 'select id from schema_migration';
  if (asRole === undefined) return new Set((await client.query<{ id: string }>(select)).rows.map(({ id }) => id));
  await client.query(`begin read only; set local role ${quoteIdentifier(asRole)}`);
  try {
    return new Set((await client.query<{ id: string }>(select)).rows.map(({ id }) => id));
  } finally {
    await client.query('rollback');
  }
}

async function applyOnce(client: pg.ClientBase, { id, sql }: Migration): Promise<boolean> {
  const { rowCount } = await client.query('insert into schema_migration (id) values ($1) on conflict do nothing', [id]);
  if (rowCount === 0) return false;
  await client.query(sql);
  return true;
}

async function inTransaction<T>(client: pg.ClientBase, options: MigrateOptions, work: () => Promise<T>): Promise<T> {
  const role = options.asRole === undefined ? '' : `; set local role ${quoteIdentifier(options.asRole)}`;
  for (let attempt = 1; ; attempt += 1) {
    try {
      await client.query(`begin; set local lock_timeout = ${Math.trunc(options.lockTimeoutMs ?? 10_000)}${role}`);
      await checkPlace(client, options.expect);
      const result = await work();
      await checkPlace(client, options.expect);
      await client.query('commit');
      return result;
    } catch (error) {
      await client.query('rollback').catch(() => {}); // a lost connection rolls back by itself
      if (!isRetryable(error) || attempt === 3) throw error;
    }
  }
}

async function checkPlace(client: pg.ClientBase, expect: MigrateOptions['expect']): Promise<void> {
  const { rows } = await client.query<{ database: string; schema: string | null }>(
    'select current_database() as database, current_schema() as schema',
  );
  const { database, schema } = rows[0] ?? { database: '', schema: null };
  if (database !== expect.database || schema !== expect.schema)
    throw new Error(
      `migrations of ${expect.database}.${expect.schema} met ${database}.${schema ?? '(no schema)'} instead`,
    );
}
