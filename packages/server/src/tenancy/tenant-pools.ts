import { strict as assert } from 'node:assert';
import { LedgerError, type TenantId } from '@cofferdam/core';
import { type BudgetedPool, openBudgetedPool } from '../postgres/budgeted-pool.js';
import { ConnectionBudget } from '../postgres/connection-budget.js';
import type { ConnectionSettings } from '../postgres/connection-settings.js';
import type { TenantPool } from '../postgres/tenant-context.js';
import { checkPlace } from './check-place.js';
import { createHold, type Hold } from './hold.js';
import type { PoolMetrics } from './pool-metrics.js';
import type { Log } from './ports.js';
import { refusalOf } from './refuse-tenant.js';
import type { TenantConfig, TenantStore } from './tenant-config.js';

export interface TenantPoolsOptions {
  readonly log: Log;
  /** Connections of this process to one PostgreSQL server, for all its tenants together. Default 200. */
  readonly budget?: number;
  /** Above this many pools the least recently used idle one is closed. Default 10,000. */
  readonly poolsMax?: number;
  /** Connections of a pool unless the tenant's own setting says otherwise. Default 2. */
  readonly connectionsMax?: number;
  /** A pool unused for this long is closed even when there is room. Default 5 minutes. */
  readonly idleMs?: number;
  /** A pool used less than this long ago is never closed to make room: somebody may be about to use it. Default 1 s. */
  readonly restMs?: number;
  /** Running transactions of a pool that makes room or is replaced may go on for this long. Default 30 s. */
  readonly graceMs?: number;
  /** Whoever waits longer for a connection gets 503. Default 10 s. */
  readonly waitMs?: number;
  /** When the budget is short, a tenant keeps its connection for this long at least. Default 250 ms. */
  readonly turnMs?: number;
  readonly metrics?: PoolMetrics;
}

/** The pools of one process, one per tenant at most. */
export interface TenantPools {
  /** The tenant's pool when it is open and as this configuration says. */
  peek(config: TenantConfig): TenantPool | undefined;
  /** Opens it when need be, with one connection; callers share one opening. @throws LedgerError 0161: unreachable, or no capacity */
  acquire(config: TenantConfig): Promise<TenantPool>;
  /** A newer configuration: closes the pool of a tenant that is not served any more, replaces one whose settings changed. */
  changed(config: TenantConfig): void;
  readonly size: number;
  close(graceMs: number): Promise<void>;
}

interface Held {
  readonly tenantId: TenantId;
  readonly pool: BudgetedPool;
  readonly fingerprint: string;
  readonly configVersion: number;
  usedAt: number;
}

/** Running work of a suspended tenant may go on for this long (tenancy §6.3). */
const suspendedGraceMs = 5_000;
const sweepMs = 30_000;

export function createTenantPools(options: TenantPoolsOptions): TenantPools {
  const { log, metrics } = options;
  const poolsMax = options.poolsMax ?? 10_000;
  const graceMs = options.graceMs ?? 30_000;
  // Key: the full canonical id. In order of use: a pool that is used moves to the end.
  const held = new Map<TenantId, Held>();
  const opening = new Map<TenantId, { readonly fingerprint: string; readonly pool: Promise<TenantPool> }>();
  /** Tenants whose books are changing their place. */
  const holds = new Map<TenantId, Hold>();
  const failures = new Map<TenantId, { readonly until: number; readonly delayMs: number; readonly error: unknown }>();
  /** One for each PostgreSQL server. */
  const budgets = new Map<string, ConnectionBudget>();
  const draining = new Set<Promise<void>>();
  let closed = false;

  const use = (entry: Held, config: TenantConfig): TenantPool => {
    // The key was found by this id; that the value belongs to it is asserted all the same.
    assert.equal(entry.tenantId, config.id, 'a pool was found under the id of another tenant');
    entry.usedAt = performance.now();
    held.delete(entry.tenantId);
    held.set(entry.tenantId, entry);
    return entry.pool;
  };

  /** Takes it out first, then drains: nobody new finds it. Only this very pool, never one that replaced it meanwhile. */
  const retire = (entry: Held, grace: number, reason: string, instead?: TenantPool | LedgerError): void => {
    if (held.get(entry.tenantId) === entry) held.delete(entry.tenantId);
    metrics?.evicted(reason);
    // Requests that hold a replaced pool go on with its successor: a rotation fails none of them.
    const drained = entry.pool
      .drain(grace, instead)
      .catch((error: unknown) => log.warn({ tenantId: entry.tenantId, err: error }, 'a pool did not drain'));
    draining.add(drained);
    void drained.finally(() => draining.delete(drained));
  };

  /** A pool without connections is small; this bounds how many are kept. */
  const makeRoom = (): void => {
    if (held.size + opening.size < poolsMax) return;
    const now = performance.now();
    for (const entry of held.values()) {
      if (now - entry.usedAt < (options.restMs ?? 1_000)) break; // the rest was used even later
      if (!isIdle(entry)) continue;
      retire(entry, graceMs, 'room');
      return;
    }
  };

  const budgetOf = ({ host, port }: ConnectionSettings): ConnectionBudget => {
    const key = `${host}:${port}`;
    let budget = budgets.get(key);
    if (budget === undefined) {
      budget = new ConnectionBudget({
        max: options.budget ?? 200,
        ...(options.turnMs !== undefined && { turnMs: options.turnMs }),
      });
      budgets.set(key, budget);
      metrics?.watch(key, budget);
    }
    return budget;
  };

  const open = async (config: TenantConfig, store: TenantStore): Promise<TenantPool> => {
    if (held.get(config.id) === undefined) makeRoom();
    const budget = budgetOf(store.settings);
    const pool = openBudgetedPool(store.settings, {
      budget,
      max: Math.min(store.connectionsMax ?? options.connectionsMax ?? 2, budget.max),
      ...(store.connectionsIdle === null ? {} : { idleMax: store.connectionsIdle }),
      applicationName: 'cofferdam ledger',
      searchPath: [store.schema],
      connectTimeoutMs: 5_000,
      ...(options.waitMs !== undefined && { waitMs: options.waitMs }),
      // Each new connection, not only the first: one that came back elsewhere must not be used.
      verify: (client) => checkPlace(client, store),
      onError: (error) => log.warn({ tenantId: config.id, err: error }, 'an idle connection of a tenant broke'),
      onOpened: () => metrics?.opened(config.id),
      onOpenFailed(error) {
        log.error({ tenantId: config.id, err: error }, 'the store of a tenant cannot be reached');
        metrics?.openFailed(config.id, error);
      },
      ...(metrics && { onWaited: metrics.waited }),
    });
    try {
      await pool.warm();
    } catch (error) {
      void pool.drain(0).catch(() => {});
      throw refuse(config, error);
    }
    failures.delete(config.id);
    const current = held.get(config.id);
    if (closed || (current !== undefined && current.configVersion > config.configVersion)) {
      void pool.drain(0).catch(() => {});
      if (current === undefined) throw unavailable(config, 'the process is stopping');
      return use(current, config);
    }
    const entry: Held = {
      tenantId: config.id,
      pool,
      fingerprint: store.fingerprint,
      configVersion: config.configVersion,
      usedAt: performance.now(),
    };
    const hold = holds.get(config.id);
    if (hold !== undefined && hold.configVersion > config.configVersion) {
      // The hold began while this was being opened.
      retire(entry, graceMs, 'held', hold.pool);
      return hold.pool;
    }
    held.set(config.id, entry);
    if (current !== undefined) retire(current, graceMs, 'replaced', pool);
    return use(entry, config);
  };

  /** Remembers the failure for a moment, so that a burst of requests does not become a burst of connections. */
  const refuse = (config: TenantConfig, error: unknown): unknown => {
    const delayMs = Math.min((failures.get(config.id)?.delayMs ?? 50) * 2, 1_000);
    failures.set(config.id, { until: performance.now() + delayMs, delayMs, error });
    return error;
  };

  /** The pool is drained, which tells the mover that this process has heard; who comes now waits for the next one. */
  const hold = (config: TenantConfig): TenantPool => {
    const known = holds.get(config.id);
    if (known !== undefined) return known.pool;
    const begun = createHold(config.configVersion);
    holds.set(config.id, begun);
    const entry = held.get(config.id);
    if (entry !== undefined) retire(entry, graceMs, 'held', begun.pool);
    return begun.pool;
  };
  const isHeld = (config: TenantConfig): boolean => {
    const known = holds.get(config.id);
    return config.held || (known !== undefined && known.configVersion > config.configVersion);
  };

  const peek = (config: TenantConfig): TenantPool | undefined => {
    if (holds.size > 0 && isHeld(config)) return holds.get(config.id)?.pool;
    const entry = held.get(config.id);
    if (entry === undefined) return undefined;
    // A configuration older than the pool's is out of date: the pool is right.
    const isRight = entry.fingerprint === config.store?.fingerprint || entry.configVersion > config.configVersion;
    return isRight ? use(entry, config) : undefined;
  };

  const acquire = async (config: TenantConfig): Promise<TenantPool> => {
    if (isHeld(config)) return hold(config);
    const pool = peek(config);
    if (pool !== undefined) return pool;
    const { store } = config;
    if (closed || store === undefined) throw unavailable(config, 'no store');
    const joined = opening.get(config.id);
    if (joined?.fingerprint === store.fingerprint) return joined.pool;
    if (joined !== undefined) {
      await joined.pool.catch(() => {}); // one opening at a time; then look again
      return acquire(config);
    }
    const failure = failures.get(config.id);
    if (failure !== undefined && performance.now() < failure.until) throw failure.error;
    // `open` runs up to its first await before the map is set: room is counted without itself.
    const opened = open(config, store).finally(() => opening.delete(config.id));
    opening.set(config.id, { fingerprint: store.fingerprint, pool: opened });
    return opened;
  };

  metrics?.watchPools(() => held.values());
  const sweep = setInterval(
    () => {
      const now = performance.now();
      for (const [id, { until }] of failures) if (now - until > 60_000) failures.delete(id);
      for (const entry of [...held.values()])
        if (now - entry.usedAt > (options.idleMs ?? 300_000) && isIdle(entry)) retire(entry, graceMs, 'idle');
    },
    Math.min(sweepMs, options.idleMs ?? sweepMs),
  ).unref();

  return Object.freeze({
    peek,
    acquire,
    changed(config: TenantConfig) {
      // Requests that were given the pool a moment ago are told why it closes: 403 to a suspended tenant, not 503.
      const refusal = refusalOf(config);
      const served = refusal === undefined && config.store !== undefined;
      const close = (entry: Held | undefined) => entry && retire(entry, suspendedGraceMs, 'not served', refusal);
      if (!served)
        opening.get(config.id)?.pool.then(
          () => close(held.get(config.id)),
          () => {},
        );
      if (served && config.held) {
        hold(config);
        return;
      }
      const known = holds.get(config.id);
      if (known !== undefined) {
        holds.delete(config.id);
        known.end(served ? acquire(config) : Promise.reject(refusal ?? unavailable(config, 'no store')));
      }
      const entry = held.get(config.id);
      if (entry === undefined) return;
      if (!served) close(entry);
      // The new one first; the old one is drained when it stands (`open`).
      else if (entry.fingerprint !== config.store?.fingerprint) acquire(config).catch(() => {});
    },
    get size() {
      return held.size;
    },
    async close(grace: number) {
      closed = true;
      clearInterval(sweep);
      await Promise.allSettled([...opening.values()].map(({ pool }) => pool));
      for (const entry of [...held.values()]) retire(entry, grace, 'shutdown');
      // Replaced pools are among these too.
      await Promise.all(draining);
    },
  });
}

function isIdle({ pool }: Held): boolean {
  const { lent, waiting } = pool.counts;
  return lent === 0 && waiting === 0;
}

function unavailable(config: TenantConfig, log: unknown): LedgerError {
  return new LedgerError('tenant_service_unavailable', {
    detail: 'The store of this tenant cannot be reached at the moment; try again.',
    reason: 'SERVICE_UNAVAILABLE',
    retryAfterSeconds: 1,
    log: { tenantId: config.id, cause: log },
  });
}
