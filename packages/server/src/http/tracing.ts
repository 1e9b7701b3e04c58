import type { FastifyInstance, FastifyRequest } from 'fastify';

/** One thing that takes time, as a trace shows it. */
export interface TraceSpan {
  set(name: string, value: string | number): void;
  /** @param error what made it fail, if anything */
  end(error?: unknown): void;
}

/** Where spans go. Made by `cli/` when an exporter is configured; without one nothing of this is loaded or called. */
export interface Tracing {
  /** @param traceparent header of the caller; its trace is continued. Nothing else of the caller's is taken. */
  startRequest(name: string, traceparent: string | undefined): TraceSpan;
  /** A part of what `parent` shows, or a trace of its own; beginning now or at `startedAt` (`Date.now()`). */
  start(name: string, parent?: TraceSpan, startedAt?: number): TraceSpan;
  close(): Promise<void>;
}

/**
 * A span for each request and, inside it, one for its handler. `tenant.id` is of the verified token; a `baggage` header is
 * not read, and nothing is added to requests that go out (tenancy §11.1).
 */
export function traceRequests(app: FastifyInstance, tracing: Tracing): void {
  const spans = new WeakMap<FastifyRequest, { readonly request: TraceSpan; handling?: TraceSpan }>();
  app.addHook('onRequest', (request, _reply, done) => {
    const route = request.routeOptions.url ?? 'unknown';
    const { traceparent } = request.headers;
    const span = tracing.startRequest(
      `${request.method} ${route}`,
      typeof traceparent === 'string' ? traceparent : undefined,
    );
    span.set('http.request.method', request.method);
    span.set('http.route', route);
    span.set('request.id', request.id);
    spans.set(request, { request: span });
    done();
  });
  app.addHook('preHandler', (request, _reply, done) => {
    const held = spans.get(request);
    if (held) held.handling = tracing.start('handle', held.request);
    done();
  });
  app.addHook('onSend', (request, _reply, payload, done) => {
    spans.get(request)?.handling?.end();
    done(null, payload);
  });
  app.addHook('onResponse', (request, reply, done) => {
    const span = spans.get(request)?.request;
    if (span) {
      span.set('http.response.status_code', reply.statusCode);
      if (request.tenantId !== undefined) span.set('tenant.id', request.tenantId);
      span.end(reply.statusCode >= 500 ? new Error(`answered ${reply.statusCode}`) : undefined);
    }
    done();
  });
}
