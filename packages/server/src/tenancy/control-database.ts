import PQueue from 'p-queue';
import type pg from 'pg';
import { underAdvisoryLock } from '../postgres/advisory-lock.js';
import type { ConnectionSettings } from '../postgres/connection-settings.js';
import { openPool } from '../postgres/pool.js';
import { controlSchema } from './prepare-server.js';

/** A transaction on the control database in which something about a tenant changes. */
export interface ControlTx {
  readonly client: pg.PoolClient;
  /** RFC 3339, one instant for all rows of the change. */
  readonly at: string;
  /**
   * Bumps the change feed and returns the new counter, which becomes the version of what changed. Call it last: it holds
   * every other change back until the commit, and that is what makes counters commit in order.
   */
  nextVersion(): Promise<number>;
  audit(entry: AuditEntry): Promise<void>;
}

export interface AuditEntry {
  /** `operator:name` (a key of its own), `operator` (the installation's key), `system` (a worker). */
  readonly actor: string;
  /** `tenant.create`, `tenant.suspend`, … */
  readonly action: string;
  readonly tenantId?: string;
  readonly outcome: 'done' | 'refused' | 'failed';
  readonly details?: Readonly<Record<string, unknown>>;
}

/** The control database with all rights: only the tenants part holds one. */
export interface ControlDatabase {
  readonly pool: pg.Pool;
  /** One transaction; rolls back when `work` throws. */
  change<T>(work: (tx: ControlTx) => Promise<T>): Promise<T>;
  /**
   * Runs `work` as the only one, of all processes, that holds the lock; undefined when someone else does. Waits while half of
   * the connections hold locks: the work under a lock needs a connection too, and would wait for one until it timed out.
   */
  underLock<T>(key: string, work: () => Promise<T>): Promise<T | undefined>;
  /** An audit row of its own, for what was refused and so changed nothing. */
  audit(entry: AuditEntry): Promise<void>;
  close(): Promise<void>;
}

export function openControlDatabase(
  settings: ConnectionSettings,
  options: { readonly now: () => Date; readonly onError: (error: Error) => void; readonly max?: number },
): ControlDatabase {
  const { max = 16 } = options;
  const pool = openPool(settings, {
    max,
    applicationName: 'cofferdam tenants',
    searchPath: [controlSchema],
    connectTimeoutMs: 5_000,
    statementTimeoutMs: 30_000,
    onError: options.onError,
  });
  const locks = new PQueue({ concurrency: Math.max(1, Math.floor(max / 2)) });
  const instant = () => options.now().toISOString();

  return Object.freeze({
    pool,
    async change<T>(work: (tx: ControlTx) => Promise<T>): Promise<T> {
      const client = await pool.connect();
      let broken = false;
      const at = instant();
      try {
        await client.query('begin');
        const result = await work({
          client,
          at,
          nextVersion: () => nextVersion(client),
          audit: (entry) => writeAudit(client, entry, at),
        });
        await client.query('commit');
        return result;
      } catch (error) {
        await client.query('rollback').catch(() => {
          broken = true;
        });
        throw error;
      } finally {
        client.release(broken);
      }
    },
    underLock: <T>(key: string, work: () => Promise<T>) => locks.add(() => underAdvisoryLock(pool, key, work)),
    audit: (entry: AuditEntry) => writeAudit(pool, entry, instant()),
    close: () => pool.end(),
  });
}

async function nextVersion(client: pg.PoolClient): Promise<number> {
  const { rows } = await client.query<{ counter: number }>(
    'update change_feed set counter = counter + 1 returning counter',
  );
  const [row] = rows;
  if (row === undefined) throw new Error('the change feed has no row: the control database is damaged');
  return row.counter;
}

async function writeAudit(client: pg.PoolClient | pg.Pool, entry: AuditEntry, at: string): Promise<void> {
  await client.query(
    'insert into audit (at, actor, action, tenant_id, outcome, details) values ($1, $2, $3, $4, $5, $6)',
    [at, entry.actor, entry.action, entry.tenantId ?? null, entry.outcome, JSON.stringify(entry.details ?? {})],
  );
}
