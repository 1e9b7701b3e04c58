import { Counter, Histogram, type Registry } from 'prom-client';

/** What a ledger process's view of the control database tells Prometheus (tenancy §11.1). */
export interface CatalogueMetrics {
  /** A look that the cache alone could not answer; those it could are `tenant_resolution_seconds{outcome="known"}`. */
  cache(result: 'miss' | 'unknown' | 'stale'): void;
  /** A change that the feed brought. */
  event(type: 'changed' | 'reset', result: 'applied' | 'old' | 'unreadable'): void;
}

export function createCatalogueMetrics(registry: Registry): CatalogueMetrics {
  const registers = [registry];
  const cache = new Counter({
    name: 'tenant_config_cache_total',
    help: 'Looks at tenant configurations that were not simply known: miss, unknown (no such tenant, remembered), stale (the control database does not answer).',
    labelNames: ['result'],
    registers,
  });
  const events = new Counter({
    name: 'tenant_events_total',
    help: 'Changes that the feed of the control database brought.',
    labelNames: ['type', 'result'],
    registers,
  });
  return Object.freeze({
    cache: (result: 'miss' | 'unknown' | 'stale') => cache.inc({ result }),
    event: (type: 'changed' | 'reset', result: 'applied' | 'old' | 'unreadable') => events.inc({ type, result }),
  });
}

/** How long it took from verified claims to a tenant's store, by how it went. */
export function resolutionSeconds(
  registry: Registry,
): (outcome: 'known' | 'opened' | 'refused', seconds: number) => void {
  const histogram = new Histogram({
    name: 'tenant_resolution_seconds',
    help: 'From verified claims to the store of the tenant: known, opened (looked up or connected to), refused.',
    labelNames: ['outcome'],
    buckets: [0.00001, 0.0001, 0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 5],
    registers: [registry],
  });
  const known = histogram.labels('known');
  return (outcome, seconds) => (outcome === 'known' ? known.observe(seconds) : histogram.observe({ outcome }, seconds));
}
