import type { FastifyInstance } from 'fastify';
import { Histogram, type Registry } from 'prom-client';

/** Requests by route pattern, never by path: a label per id would grow without end, and name what belongs to a tenant. */
export function countRequests(app: FastifyInstance, metrics: Registry): void {
  const seconds = new Histogram({
    name: 'http_request_seconds',
    help: 'Time from the request to the end of its answer, by route and status.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5],
    registers: [metrics],
  });
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown';
    seconds.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1000);
    done();
  });
}
