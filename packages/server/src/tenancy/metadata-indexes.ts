import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { LedgerError } from '@cofferdam/core';
import type pg from 'pg';
import { quoteIdentifier as id, quoteLiteral } from '../postgres/identifiers.js';
import type { MigratorConnection } from '../postgres/migrator-connection.js';
import { isLockTimeout, isUniqueViolation, sqlState } from '../postgres/pg-errors.js';
import type { TenantContext } from '../postgres/tenant-context.js';
import type { Log } from './ports.js';
import { TenancyError } from './tenancy-error.js';

export interface MetadataIndexerOptions {
  /** Opens a connection of the tenant's own migrator; the indexer ends it. */
  readonly connect: (tenant: TenantContext) => Promise<MigratorConnection>;
  /** Where tenants may be moved. @throws TenancyError while this one is: the place that is prepared would not have the index */
  readonly refuseWhileMoving?: (tenant: TenantContext) => Promise<void>;
  readonly log: Log;
  /** How long one attempt waits for a lock or for transactions under way. Default 5 s. */
  readonly lockTimeoutMs?: number;
  /** How long to wait for another build in the same database. Default 30 s. */
  readonly queueMs?: number;
}

interface Spec {
  readonly table: string;
  readonly key: string;
  readonly unique: boolean;
  readonly sparse: boolean;
}

/** Random; one build per database at a time, whichever process or tenant of the database asks. */
const buildLock = '7410255930142231';
const attemptsMax = 3;

/**
 * Indexes on metadata keys in a tenant's own store, built and dropped by its migrator without blocking a writer
 * (contract, "Metadata indexes"). What an interrupted build left invalid is dropped before the next one.
 */
export function createMetadataIndexer(options: MetadataIndexerOptions) {
  return Object.freeze({
    create: (tenant: TenantContext, spec: Spec) =>
      alone(options, tenant, async (connection) => {
        const name = indexName(spec);
        const state = await stateOf(connection, name);
        if (state === 'valid') return 'exists' as const;
        if (state === 'invalid') await connection.client.query(dropSql(connection, name));
        await build(options, connection, name, spec);
        try {
          await options.refuseWhileMoving?.(tenant);
        } catch (error) {
          // A build takes long: the new place may have been prepared without it.
          await connection.client.query(dropSql(connection, name));
          throw error;
        }
        return 'created' as const;
      }),
    drop: (tenant: TenantContext, spec: Pick<Spec, 'table' | 'key'>) =>
      alone(options, tenant, async (connection) => {
        const name = indexName(spec);
        const state = await stateOf(connection, name);
        if (state !== 'none') await connection.client.query(dropSql(connection, name));
        return state === 'valid' ? ('dropped' as const) : ('missing' as const);
      }),
  });
}

/**
 * The lock belongs to the session and is asked for again and again rather than waited for: a statement that waits
 * holds a snapshot, and a concurrent build waits for every snapshot older than itself, so that the two would wait for
 * each other.
 */
async function alone<T>(
  options: MetadataIndexerOptions,
  tenant: TenantContext,
  work: (connection: MigratorConnection) => Promise<T>,
): Promise<T> {
  const connection = await options.connect(tenant);
  const { client, ownerRole } = connection;
  try {
    await client.query(`set lock_timeout = ${Math.trunc(options.lockTimeoutMs ?? 5_000)}; set role ${id(ownerRole)}`);
    const deadline = performance.now() + (options.queueMs ?? 30_000);
    while (!(await tryLock(client))) {
      if (performance.now() > deadline) throw busy('METADATA_INDEX_BUSY', 'another index is being built');
      await delay(100);
    }
    await options.refuseWhileMoving?.(tenant);
    return await work(connection);
  } catch (error) {
    throw isLockTimeout(error) || error instanceof TenancyError ? busy('METADATA_INDEX_BUSY', error) : error;
  } finally {
    await client.end();
  }
}

async function tryLock(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ locked: boolean }>(`select pg_try_advisory_lock(${buildLock}) as locked`);
  return rows[0]?.locked === true;
}

async function build(
  { log }: MetadataIndexerOptions,
  connection: MigratorConnection,
  name: string,
  spec: Spec,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await connection.client.query(createSql(connection, name, spec));
      return;
    } catch (error) {
      // A build that failed leaves an invalid index behind, which writers would have to keep up for nothing.
      await connection.client
        .query(dropSql(connection, name))
        .catch((left) => log.warn({ err: left, index: name }, 'an invalid index is left behind'));
      if (isUniqueViolation(error)) throw duplicateValues();
      if (!isLockTimeout(error) && sqlState(error) !== undefined) throw buildFailed(error);
      if (!isLockTimeout(error) || attempt === attemptsMax) throw error;
    }
  }
}

/** The client asked for what its own records do not allow: no fault of the server, whatever the index does (0047, not 0136). */
function duplicateValues(): LedgerError {
  return new LedgerError('bad_request', {
    detail:
      'Records share a value of this metadata key (without sparse, none counts as a value): a unique index cannot be made.',
    reason: 'DUPLICATE_VALUES',
    errors: [{ location: 'unique', message: 'unique cannot be true: records share a value of this metadata key' }],
    entityType: 'MetadataIndex',
  });
}

function buildFailed(error: unknown): LedgerError {
  return new LedgerError('metadata_index_creation_failed', {
    detail: 'The index could not be built.',
    entityType: 'MetadataIndex',
    log: error,
  });
}

/**
 * Deleted rows are left out, as from every uniqueness rule and every list. `is not null` rather than `?`: PostgreSQL
 * can tell that a filter for a value implies it. The id follows in the order of the lists.
 */
function createSql({ schema }: MigratorConnection, name: string, { table, key, unique, sparse }: Spec): string {
  const value = `(metadata ->> ${quoteLiteral(checkedKey(key))})`;
  return `create ${unique ? 'unique ' : ''}index concurrently ${id(name)} on ${id(schema)}.${id(table)}
    (${value}${unique ? '' : ', id'}) ${unique && !sparse ? 'nulls not distinct' : ''}
    where deleted_at is null${sparse ? ` and ${value} is not null` : ''}`;
}

const dropSql = ({ schema }: MigratorConnection, name: string) =>
  `drop index concurrently if exists ${id(schema)}.${id(name)}`;

/** A key has up to 100 characters, a name of PostgreSQL 63. */
function indexName({ table, key }: Pick<Spec, 'table' | 'key'>): string {
  const hash = createHash('sha256')
    .update(`${table}\0${checkedKey(key)}`)
    .digest('hex')
    .slice(0, 16);
  return `metadata_index_${table}_${hash}`;
}

function checkedKey(key: string): string {
  if (/^[a-zA-Z][a-zA-Z0-9_]{0,99}$/.test(key)) return key;
  throw new TypeError('no metadata key that can be indexed');
}

async function stateOf({ client, schema }: MigratorConnection, name: string): Promise<'none' | 'valid' | 'invalid'> {
  const { rows } = await client.query<{ valid: boolean }>(
    `select i.indisvalid as valid from pg_index i join pg_class c on c.oid = i.indexrelid
      join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relname = $2`,
    [schema, name],
  );
  return rows[0] === undefined ? 'none' : rows[0].valid ? 'valid' : 'invalid';
}

function busy(reason: string, log: unknown): LedgerError {
  return new LedgerError('tenant_service_unavailable', {
    detail: 'The index cannot be built at the moment; try again.',
    reason,
    retryAfterSeconds: 10,
    log,
  });
}

/**
 * A process without the migrators' credentials, which are the tenants part's alone (docs/adr/0002): it answers 503
 * and says where to send the request instead.
 */
export function createUnavailableIndexer() {
  const refuse = () =>
    Promise.reject(
      busy('METADATA_INDEX_NEEDS_TENANTS_PART', 'metadata indexes are built by a process that runs the tenants part'),
    );
  return Object.freeze({ create: refuse, drop: refuse });
}
