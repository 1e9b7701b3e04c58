import type { TenantId } from '@cofferdam/core';
import { LRUCache } from 'lru-cache';
import { Counter, type Registry } from 'prom-client';
import { connectionSettings } from '../postgres/connection-settings.js';
import type { TenantPool } from '../postgres/tenant-context.js';
import type { Log } from './ports.js';
import type { TenantConfig } from './tenant-config.js';
import { createTenantPools, type TenantPoolsOptions } from './tenant-pools.js';
import { TimedOut, within } from './within.js';

export interface ReplicaReadsOptions extends Pick<TenantPoolsOptions, 'budget' | 'poolsMax' | 'connectionsMax'> {
  readonly log: Log;
  readonly metrics?: Registry;
  /** A read waits this long for a replica to catch up, then goes to the primary. Default 30 ms. */
  readonly catchUpMs?: number;
}

/** Reads of tenants whose setting is `readFrom: replica`, from a replica that has everything the primary has. */
export interface ReplicaReads {
  /**
   * The pool of a replica which has replayed all that the primary had committed when this was called, whoever committed it:
   * a client reads what it wrote, through any process. Undefined: read from the primary. Never rejects.
   */
  choose(config: TenantConfig, primary: TenantPool): Promise<TenantPool | undefined>;
  /** As of `TenantPools`: closes or replaces what a newer configuration says. */
  changed(config: TenantConfig): void;
  close(graceMs: number): Promise<void>;
}

/** After a failure a replica is left alone for this long: by all tenants when it cannot be reached, by one that it kept waiting. */
const restMs = 5_000;
/** Longest that a question to primary or replica may take before the primary is used for the read itself. */
const answerMs = 500;

const positionSql = /* sql */ `select case current_setting('synchronous_commit')
  when 'off' then pg_current_wal_insert_lsn() else pg_current_wal_flush_lsn() end::text as position`;
// One that was promoted replays nothing any more and may have a history of its own.
const reachedSql = 'select pg_is_in_recovery() and pg_last_wal_replay_lsn() >= $1::pg_lsn as reached';

export function createReplicaReads(options: ReplicaReadsOptions): ReplicaReads {
  const { log, catchUpMs = 30 } = options;
  const pools = createTenantPools({ ...poolOptions(options), log });
  const failures = new Failures();
  const positions = new Map<TenantId, Position>();
  const reads = options.metrics && readCounter(options.metrics);

  const position = (id: TenantId, primary: TenantPool): Promise<string> => {
    let asked = positions.get(id);
    if (asked === undefined || asked.primary !== primary) {
      asked = new Position(primary);
      positions.set(id, asked);
    }
    return asked.next();
  };

  const attempt = async (config: TenantConfig, primary: TenantPool): Promise<TenantPool | undefined> => {
    const replica = pick(config, failures);
    if (replica === undefined || config.held) return undefined;
    try {
      const [wanted, pool] = await Promise.all([
        within(answerMs, position(config.id, primary)).catch(() => undefined),
        within(answerMs, pools.acquire(replica.config)),
      ]);
      // The primary is busy, or away, or changing its place: no fault of the replica's.
      if (wanted === undefined) return undefined;
      const deadline = performance.now() + catchUpMs;
      for (let pause = 1; ; pause *= 2) {
        const { rows } = await within(answerMs, pool.pg.query<{ reached: boolean }>(reachedSql, [wanted]));
        if (rows[0]?.reached === true) return pool;
        if (performance.now() + pause > deadline) return undefined;
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    } catch (error) {
      failures.note(replica.address, error instanceof TimedOut ? config.id : undefined);
      log.warn({ tenantId: config.id, replica: replica.address, err: error }, 'a replica cannot be read from');
      return undefined;
    }
  };

  return Object.freeze({
    async choose(config: TenantConfig, primary: TenantPool) {
      const pool = await attempt(config, primary);
      reads?.inc({ from: pool === undefined ? 'primary' : 'replica' });
      return pool;
    },
    changed(config: TenantConfig) {
      const replica = pick(config, failures);
      // Without a replica the pool, should there be one, is closed by the configuration without a store.
      pools.changed(replica?.config ?? { ...config, store: undefined });
      if (replica === undefined) positions.delete(config.id);
    },
    close: (graceMs: number) => pools.close(graceMs),
  });
}

/** The tenant's own replica among several, always the same one while it works. */
function pick(
  config: TenantConfig,
  failures: Failures,
): { readonly address: string; readonly config: TenantConfig } | undefined {
  const { store } = config;
  if (store === undefined) return undefined;
  const usable = store.replicas
    .map((replica) => ({ replica, address: `${replica.host}:${replica.port}` }))
    .filter(({ address }) => !failures.isRecent(address, config.id));
  const chosen = usable[Number.parseInt(config.id.slice(-4), 16) % usable.length] ?? usable[0];
  if (chosen === undefined) return undefined;
  const { host, port } = chosen.replica;
  // This one, not whichever is the primary.
  const { addresses: _, ...fields } = store.settings;
  const settings = connectionSettings({ ...fields, host, port });
  const fingerprint = `${store.fingerprint} ${chosen.address}`;
  return { address: chosen.address, config: { ...config, store: { ...store, settings, fingerprint } } };
}

/** When replicas failed last. One that lets a tenant wait may only be busy with that tenant's own reads. */
class Failures {
  readonly #failedAt = new LRUCache<string, true>({ max: 10_000, ttl: restMs });

  note(address: string, tenantId: TenantId | undefined): void {
    this.#failedAt.set(`${address} ${tenantId ?? ''}`, true);
  }

  isRecent(address: string, tenantId: TenantId): boolean {
    return this.#failedAt.has(`${address} `) || this.#failedAt.has(`${address} ${tenantId}`);
  }
}

/**
 * Where the primary's log was when asked. Callers share a question that has not been sent yet, never one under way: its answer
 * may be older than what they must see.
 */
class Position {
  readonly primary: TenantPool;
  #running: Promise<unknown> | undefined;
  #waiting: Promise<string> | undefined;

  constructor(primary: TenantPool) {
    this.primary = primary;
  }

  next(): Promise<string> {
    this.#waiting ??= (this.#running ?? Promise.resolve()).then(() => {
      this.#waiting = undefined;
      const asked = this.#ask();
      this.#running = asked.catch(() => {});
      return asked;
    });
    return this.#waiting;
  }

  async #ask(): Promise<string> {
    const { rows } = await this.primary.pg.query<{ position: string }>(positionSql);
    const [row] = rows;
    if (row === undefined) throw new Error('the primary does not tell its position');
    return row.position;
  }
}

function poolOptions({ budget, poolsMax, connectionsMax }: ReplicaReadsOptions) {
  return {
    ...(budget === undefined ? {} : { budget }),
    ...(poolsMax === undefined ? {} : { poolsMax }),
    ...(connectionsMax === undefined ? {} : { connectionsMax }),
  };
}

function readCounter(registry: Registry): Counter<'from'> {
  return new Counter({
    name: 'tenant_replica_reads_total',
    help: 'Reads of tenants that may read from a replica, by where they were answered.',
    labelNames: ['from'],
    registers: [registry],
  });
}
