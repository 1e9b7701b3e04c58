import type { TenantId } from '@cofferdam/core';
import { LRUCache } from 'lru-cache';
import type pg from 'pg';
import type { ConnectionSettings } from '../postgres/connection-settings.js';
import { openPool } from '../postgres/pool.js';
import type { CatalogueMetrics } from './catalogue-metrics.js';
import { createChangeFeed } from './change-feed.js';
import type { Log } from './ports.js';
import { controlSchema } from './prepare-server.js';
import { queryWithin } from './query-within.js';

/** What every view of the catalogue tells. */
export interface CatalogueRow {
  readonly id: TenantId;
  readonly version: number;
  /** True for a moment only: such a row is asked for again at each use. */
  readonly held?: boolean;
}

/** The control database as one process sees it, through a login that may read one view. */
export interface Catalogue<Row extends CatalogueRow> {
  /** What is known and may be trusted at this moment, without asking; undefined: use `get`. */
  peek(id: TenantId): Row | undefined;
  /**
   * The tenant, or undefined when there is none. While the feed is silent the control database is asked each time; while
   * that does not answer either, what was known is good for 15 minutes.
   * @throws CatalogueUnavailable when nothing, or nothing recent enough, is known
   */
  get(id: TenantId): Promise<Row | undefined>;
  /** Called with each row that is newer than what was known, also of tenants nobody asked for. */
  onChange(listener: (row: Row) => void): void;
  /** Whether the feed brings changes: while it does not, every request asks. */
  isFresh(): boolean;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Neither the control database nor anything recent enough says what is so: answer 503. */
export class CatalogueUnavailable extends Error {
  override readonly name = 'CatalogueUnavailable';
}

export interface CatalogueOptions {
  readonly settings: ConnectionSettings;
  readonly log: Log;
  /** Of its connections. Default `cofferdam catalogue`. */
  readonly applicationName?: string;
  /** Default 500 ms. */
  readonly pollMs?: number;
  /** Default 1 s. */
  readonly silentMs?: number;
  /** Default 120 s, ± 10 %. */
  readonly ttlMs?: number;
  /** Default 15 minutes. */
  readonly failStaticMs?: number;
  readonly metrics?: CatalogueMetrics;
  /** Default 10,000 tenants. */
  readonly max?: number;
}

interface Entry<Row> {
  readonly row: Row;
  /** When the question that brought it was asked. */
  readonly askedAt: number;
  readonly expiresAt: number;
}

const readTimeoutMs = 1_000;
const negativeMs = 5_000;
/** While the control database is down, not every request may wait for it to time out. */
const failureMs = 500;

/** One view of the control database, cached and followed. `readRow` may throw: that tenant alone is unavailable then. */
export function createCatalogue<Raw extends pg.QueryResultRow & { id: TenantId }, Row extends CatalogueRow>(
  options: CatalogueOptions,
  view: { readonly name: string; readRow(raw: Raw): Row },
): Catalogue<Row> {
  const { log, metrics } = options;
  const ttlMs = options.ttlMs ?? 120_000;
  const failStaticMs = options.failStaticMs ?? 15 * 60_000;
  const max = options.max ?? 10_000;
  const known = new LRUCache<TenantId, Entry<Row>>({ max });
  const unknown = new LRUCache<TenantId, true>({ max, ttl: negativeMs });
  const loading = new Map<TenantId, Promise<Row | undefined>>();
  const listeners: ((row: Row) => void)[] = [];
  let failedAt = Number.NEGATIVE_INFINITY;

  const pool = openPool(options.settings, {
    max: 4,
    applicationName: options.applicationName ?? 'cofferdam catalogue',
    searchPath: [controlSchema],
    statementTimeoutMs: readTimeoutMs,
    connectTimeoutMs: 1_500,
    onError: (error) => log.warn({ err: error }, 'an idle connection to the control database broke'),
  });
  const feed = createChangeFeed<Raw>({
    pool,
    view: view.name,
    pollMs: options.pollMs ?? 500,
    silentMs: options.silentMs ?? 1_000,
    log,
    onChanged: (rows) => rows.forEach(noteChanged),
    onReset() {
      metrics?.event('reset', 'applied');
      known.clear();
      unknown.clear();
    },
  });

  const noteChanged = (raw: Raw): void => {
    unknown.delete(raw.id);
    try {
      // Every row is remembered that someone holds or waits for: a load under way may have read the older one.
      const row = view.readRow(raw);
      const kept = keep(row, performance.now(), known.has(raw.id) || loading.has(raw.id));
      metrics?.event('changed', kept === row ? 'applied' : 'old');
    } catch (error) {
      known.delete(raw.id);
      metrics?.event('changed', 'unreadable');
      log.error({ tenantId: raw.id, err: error }, 'the configuration of a tenant cannot be read');
    }
  };

  /** Never replaces what is newer. Answers the newest row known. */
  const keep = (row: Row, askedAt: number, remember: boolean, followed = true): Row => {
    const held = known.peek(row.id);
    if (held !== undefined && held.row.version > row.version) return held.row;
    const lifeMs = followed && row.held !== true ? ttlMs * (0.9 + Math.random() * 0.2) : 0;
    if (remember) known.set(row.id, { row, askedAt, expiresAt: askedAt + lifeMs });
    if (held === undefined || held.row.version < row.version) for (const listener of listeners) listener(row);
    return row;
  };

  const load = async (id: TenantId): Promise<Row | undefined> => {
    const askedAt = performance.now();
    // Asked before the feed's first look, the answer may be older than where the feed begins: good for now only.
    const followed = feed.confirmedAt() > Number.NEGATIVE_INFINITY;
    if (askedAt - failedAt < failureMs) return fallBack(id, new Error('the control database did not answer just now'));
    let raw: Raw | undefined;
    try {
      [raw] = await queryWithin<Raw>(pool, readTimeoutMs, `select * from ${view.name} where id = $1`, [id]);
    } catch (error) {
      failedAt = performance.now();
      return fallBack(id, error);
    }
    if (raw === undefined) {
      known.delete(id);
      unknown.set(id, true);
      return undefined;
    }
    return keep(view.readRow(raw), askedAt, true, followed);
  };

  const fallBack = (id: TenantId, cause: unknown): Row => {
    const entry = known.get(id);
    // The feed's last look vouched for everything that was held at the time.
    const confirmedAt = entry === undefined ? 0 : Math.max(entry.askedAt, feed.confirmedAt());
    if (entry === undefined || performance.now() - confirmedAt > failStaticMs)
      throw new CatalogueUnavailable('the control database does not answer', { cause });
    metrics?.cache('stale');
    return entry.row;
  };

  const peek = (id: TenantId): Row | undefined => {
    if (!feed.isFresh()) return undefined;
    const entry = known.get(id);
    return entry !== undefined && performance.now() < entry.expiresAt ? entry.row : undefined;
  };

  return Object.freeze({
    peek,
    async get(id: TenantId) {
      const row = peek(id);
      if (row !== undefined) return row;
      if (unknown.has(id)) {
        metrics?.cache('unknown');
        return undefined;
      }
      metrics?.cache('miss');
      const joined = loading.get(id) ?? load(id).finally(() => loading.delete(id));
      loading.set(id, joined);
      return joined;
    },
    onChange: (listener: (row: Row) => void) => void listeners.push(listener),
    isFresh: () => feed.isFresh(),
    start: () => feed.start(),
    async stop() {
      await feed.stop();
      await pool.end();
    },
  });
}
