import type { TenantId } from '@cofferdam/core';
import type { Metric, Registry } from 'prom-client';

export interface TenantLabels {
  /** The tenant's own label, or `other`; counts as one more use of it. `none`: no tenant. */
  of(tenantId: TenantId | undefined): string;
  /** The same without counting. */
  peek(tenantId: TenantId): string;
}

export interface TenantLabelOptions {
  /** Tenants with a label of their own at most. */
  readonly max: number;
  /** A tenant gave up its label: drop its series. */
  readonly onDropped: (label: string) => void;
  readonly now?: () => number;
  /** Between looks at who is busiest. Default 60 s. */
  readonly reviewMs?: number;
}

/** Tenants without a label whose use is counted at most. */
const candidatesMax = 1_000;

/**
 * Bounds the series of metrics by tenant (tenancy §11.1): the busiest have a label of their own, the rest share `other`.
 * While there is room, every tenant gets one. A tenant that is at least twice as busy as the least busy with a label takes
 * its place at the next review; series never go backwards, they begin at 0 and end.
 */
export function createTenantLabels(options: TenantLabelOptions): TenantLabels {
  const { max, onDropped, now = () => performance.now(), reviewMs = 60_000 } = options;
  const labelled = new Map<TenantId, number>();
  const candidates = new Map<TenantId, number>();
  let reviewAt = now() + reviewMs;

  const review = (): void => {
    reviewAt = now() + reviewMs;
    const waiting = [...candidates].sort((a, b) => b[1] - a[1]);
    const leaving = [...labelled].sort((a, b) => a[1] - b[1]);
    for (const [i, [id, uses]] of waiting.entries()) {
      const least = leaving[i];
      if (least === undefined || uses < 2 * Math.max(least[1], 1)) break;
      labelled.delete(least[0]);
      onDropped(least[0]);
      labelled.set(id, uses);
    }
    for (const id of labelled.keys()) labelled.set(id, 0);
    candidates.clear();
  };

  return Object.freeze({
    of(id: TenantId | undefined) {
      if (id === undefined) return 'none';
      if (now() >= reviewAt) review();
      const uses = labelled.get(id);
      if (uses !== undefined || labelled.size < max) {
        labelled.set(id, (uses ?? 0) + 1);
        return id;
      }
      if (candidates.size < candidatesMax || candidates.has(id)) candidates.set(id, (candidates.get(id) ?? 0) + 1);
      return 'other';
    },
    peek: (id: TenantId) => (labelled.has(id) ? id : 'other'),
  });
}

/** Ends the series of a tenant in every metric that has them. */
export async function dropTenantSeries(registry: Registry, tenantId: string): Promise<void> {
  for (const metric of registry.getMetricsAsArray() as unknown as (Metric & { readonly labelNames?: string[] })[]) {
    if (!metric.labelNames?.includes('tenant_id')) continue;
    const { values } = await metric.get();
    for (const { labels } of values) if (labels['tenant_id'] === tenantId) metric.remove(labels as never);
  }
}
