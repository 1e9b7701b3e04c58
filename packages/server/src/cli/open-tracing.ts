import type { Span } from '@opentelemetry/api';
import type { TraceSpan, Tracing } from '../http/tracing.js';
import { version } from './version.js';

export interface TracingOptions {
  /** Base URL of an OTLP/HTTP collector, `http://127.0.0.1:4318`. */
  readonly endpoint: string;
  readonly serviceName: string;
}

/**
 * OpenTelemetry by OTLP over HTTP; its packages are loaded here and nowhere else, so a server without an exporter does not
 * know them. No global provider, no context of its own and no propagator are installed: nothing goes out but to the
 * collector. Headers, timeouts and sampling follow the OTEL_* variables of the OpenTelemetry specification.
 */
export async function openTracing({ endpoint, serviceName }: TracingOptions): Promise<Tracing> {
  const { ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } = await import('@opentelemetry/api');
  const { BasicTracerProvider, BatchSpanProcessor } = await import('@opentelemetry/sdk-trace-base');
  const { OTLPTraceExporter } = await import('@opentelemetry/exporter-trace-otlp-http');
  const { resourceFromAttributes } = await import('@opentelemetry/resources');
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': serviceName, 'service.version': version }),
    // Bounded: what a collector that stands still does not take is dropped.
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url: `${endpoint}/v1/traces` }))],
  });
  const tracer = provider.getTracer('cofferdam', version);
  const inner = new WeakMap<TraceSpan, Span>();

  const wrap = (span: Span): TraceSpan => {
    const wrapped: TraceSpan = {
      set: (name, value) => void span.setAttribute(name, value),
      end(error) {
        if (error !== undefined)
          span.setStatus({ code: SpanStatusCode.ERROR, message: error instanceof Error ? error.name : 'error' });
        span.end();
      },
    };
    inner.set(wrapped, span);
    return wrapped;
  };

  return {
    startRequest(name, traceparent) {
      const remote = readTraceparent(traceparent);
      const context = remote ? trace.setSpanContext(ROOT_CONTEXT, { ...remote, isRemote: true }) : ROOT_CONTEXT;
      return wrap(tracer.startSpan(name, { kind: SpanKind.SERVER }, context));
    },
    start(name, parent, startedAt) {
      const span = parent && inner.get(parent);
      const context = span ? trace.setSpan(ROOT_CONTEXT, span) : ROOT_CONTEXT;
      return wrap(tracer.startSpan(name, startedAt === undefined ? {} : { startTime: startedAt }, context));
    },
    close: () => provider.shutdown(),
  };
}

/** W3C Trace Context, version 00; anything else begins a trace of its own. */
function readTraceparent(header: string | undefined) {
  const match = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(header ?? '');
  const [, traceId = '', spanId = '', flags = ''] = match ?? [];
  if (match === null || /^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined;
  return { traceId, spanId, traceFlags: Number.parseInt(flags, 16) & 1 };
}
