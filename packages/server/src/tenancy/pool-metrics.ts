import type { TenantId } from '@cofferdam/core';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { PoolCounts } from '../postgres/budgeted-pool.js';
import type { ConnectionBudget } from '../postgres/connection-budget.js';
import { isConnectionLost, sqlState } from '../postgres/pg-errors.js';
import type { TenantLabels } from './tenant-labels.js';

interface CountedPool {
  readonly tenantId: TenantId;
  readonly pool: { readonly counts: PoolCounts };
}

/** What the pools tell Prometheus (tenancy §11.1). */
export interface PoolMetrics {
  /** @param server host and port */
  watch(server: string, budget: ConnectionBudget): void;
  watchPools(pools: () => Iterable<CountedPool>): void;
  evicted(reason: string): void;
  opened(tenantId: TenantId): void;
  openFailed(tenantId: TenantId, error: unknown): void;
  waited(ms: number): void;
}

const module = 'ledger';

export function createPoolMetrics(registry: Registry, labels: TenantLabels): PoolMetrics {
  const registers = [registry];
  const budgets = new Map<string, ConnectionBudget>();
  let pools: () => Iterable<CountedPool> = () => [];
  new Gauge({
    name: 'tenant_pools_open',
    help: 'Tenants that this process holds a pool for, with or without connections.',
    registers,
    collect() {
      this.set([...pools()].length);
    },
  });
  new Gauge({
    name: 'tenant_pool_size',
    help: 'Connections open for a tenant; tenants beyond the busiest share the label "other".',
    labelNames: ['tenant_id', 'state'],
    registers,
    collect() {
      this.reset();
      for (const { tenantId, pool } of pools()) {
        const { open, lent, waiting } = pool.counts;
        const tenant_id = labels.peek(tenantId);
        this.inc({ tenant_id, state: 'busy' }, lent);
        this.inc({ tenant_id, state: 'idle' }, open - lent);
        this.inc({ tenant_id, state: 'waiting' }, waiting);
      }
    },
  });
  new Gauge({
    name: 'tenant_connection_budget',
    help: 'Connections that this process may have to a PostgreSQL server (state "limit"), has, and tenants that wait for a first one.',
    labelNames: ['server', 'state'],
    registers,
    collect() {
      for (const [server, budget] of budgets) {
        this.set({ server, state: 'limit' }, budget.max);
        this.set({ server, state: 'taken' }, budget.taken);
        this.set({ server, state: 'idle' }, budget.idle);
        this.set({ server, state: 'waiting' }, budget.waiting);
      }
    },
  });
  const evictions = new Counter({
    name: 'tenant_pool_evictions_total',
    help: 'Tenant pools closed, by reason.',
    labelNames: ['reason'],
    registers,
  });
  const connections = new Counter({
    name: 'tenant_connections_total',
    help: 'Connections opened for a tenant.',
    labelNames: ['tenant_id', 'module'],
    registers,
  });
  const errors = new Counter({
    name: 'tenant_connection_errors_total',
    help: 'Connections that could not be opened for a tenant.',
    labelNames: ['tenant_id', 'module', 'error_type'],
    registers,
  });
  const waits = new Histogram({
    name: 'tenant_connection_wait_seconds',
    help: 'How long callers waited for a connection that was not free at once.',
    buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
    registers,
  });
  return Object.freeze({
    watch: (server: string, budget: ConnectionBudget) => void budgets.set(server, budget),
    watchPools(read: () => Iterable<CountedPool>) {
      pools = read;
    },
    evicted: (reason: string) => evictions.inc({ reason }),
    opened: (tenantId: TenantId) => connections.inc({ tenant_id: labels.of(tenantId), module }),
    openFailed: (tenantId: TenantId, error: unknown) =>
      errors.inc({ tenant_id: labels.of(tenantId), module, error_type: typeOf(error) }),
    waited: (ms: number) => waits.observe(ms / 1000),
  });
}

/** A handful of words: an error's own text would be a label without end. */
function typeOf(error: unknown): string {
  const state = sqlState(error);
  if (state === '53300') return 'too_many_connections';
  if (state === '28P01' || state === '28000') return 'credentials';
  if (state === '3D000' || state === '3F000' || state === '42P01') return 'missing';
  if (isConnectionLost(error)) return 'unreachable';
  return state === undefined ? 'wrong_place' : 'refused';
}
