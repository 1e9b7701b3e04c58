import type { TenantId } from '@cofferdam/core';
import type { FastifyInstance } from 'fastify';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Throttle } from '../../http/throttle.js';
import type { TenantLabels } from '../../tenancy/tenant-labels.js';

/** Requests by route pattern, never by path: a label per id would grow without end, and name what belongs to a tenant. */
export function countRequests(app: FastifyInstance, metrics: Registry, labels?: TenantLabels): void {
  const seconds = new Histogram({
    name: 'http_request_seconds',
    help: 'Time from the request to the end of its answer, by route and status.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
    registers: [metrics],
  });
  const byTenant =
    labels &&
    new Counter({
      name: 'tenant_requests_total',
      help: 'Requests by tenant and class of status; tenants beyond the busiest share the label "other".',
      labelNames: ['tenant_id', 'status'],
      registers: [metrics],
    });
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown';
    seconds.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1000);
    // Refused before the token was verified: of no tenant.
    if (byTenant)
      byTenant.inc({
        tenant_id: labels.of(request.tenantId as TenantId | undefined),
        status: `${Math.floor(reply.statusCode / 100)}xx`,
      });
    done();
  });
}

/** How many requests of tenants beyond their quotas wait for their turn at this moment. */
export function watchThrottle(metrics: Registry, throttle: Pick<Throttle, 'waiting'>): void {
  new Gauge({
    name: 'tenant_throttled_requests',
    help: 'Requests of tenants beyond their quota of requests that wait for their turn.',
    registers: [metrics],
    collect() {
      this.set(throttle.waiting);
    },
  });
}
