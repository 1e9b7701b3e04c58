import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import { LedgerError } from '@cofferdam/core';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyRequest, LogController } from 'fastify';
import { installBodyParser } from './body-parser.js';
import { answerError, installErrorHandler, type RenderError } from './error-handler.js';
import { stringifyJson } from './json.js';
import { readQueryString } from './read-query-string.js';
import { RequestLog } from './request-log.js';

export { registerRoutes } from './register-routes.js';

export interface ListenerOptions {
  /** For the log lines: `ledger`, `access`, `tenants`. */
  readonly name: string;
  readonly logger: FastifyBaseLogger;
  /** Makes an `X-Request-Id` when the caller sent none. */
  readonly newRequestId: () => string;
  readonly renderError: RenderError;
  /** Bytes; 1 MiB unless given. A route may have its own. */
  readonly bodyLimit?: number;
  /** Addresses or ranges whose `X-Forwarded-*` headers are believed; none unless given. */
  readonly trustedProxies?: readonly string[];
}

const requestIdPattern = /^[\x21-\x7e]{1,128}$/;
/** Room for a token of 8 KiB and the rest (access-manager §6.3). */
const maxHeaderBytes = 16 * 1024;

/** The caller's own, when it is one. */
export function requestIdOf(headers: IncomingHttpHeaders, newRequestId: () => string): string {
  const given = headers['x-request-id'];
  return typeof given === 'string' && requestIdPattern.test(given) ? given : newRequestId();
}

export const commonHeaders = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': '*',
  'cache-control': 'private, no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'cross-origin',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000',
  vary: 'Authorization',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;

const preflightHeaders = {
  'access-control-allow-methods': 'GET, HEAD, POST, PUT, PATCH, DELETE',
  'access-control-allow-headers':
    'Authorization, Content-Type, X-Idempotency, X-TTL, X-Request-Id, X-API-Key, X-API-Version, traceparent',
  'access-control-max-age': '86400',
} as const;

/**
 * What every listener shares: strict JSON, limits, request ids, security and CORS headers (ledger-api §12), one error
 * handler. Routes are added with `registerRoutes`. Requests that arrive while the listener drains are still served.
 */
export function createListener(options: ListenerOptions): FastifyInstance {
  const { renderError } = options;
  const app = Fastify({
    loggerInstance: options.logger.child({ listener: options.name }),
    // Two lines for each request would cost more than the request's own JSON.
    logController: new LogController({ disableRequestLogging: true }),
    childLoggerFactory: (logger, bindings) => new RequestLog(logger, bindings) as FastifyBaseLogger,
    bodyLimit: options.bodyLimit ?? 1024 * 1024,
    trustProxy: options.trustedProxies?.length ? [...options.trustedProxies] : false,
    requestIdHeader: false,
    genReqId: (raw) => requestIdOf(raw.headers, options.newRequestId),
    http: { maxHeaderSize: maxHeaderBytes },
    requestTimeout: 60_000,
    keepAliveTimeout: 72_000,
    return503OnClosing: false,
    exposeHeadRoutes: false,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 1024, querystringParser: readQueryString },
    frameworkErrors: (error, request, reply) => {
      reply.headers(commonHeaders).header('x-request-id', request.id);
      answerError(error, request as FastifyRequest, reply, renderError);
    },
    clientErrorHandler: (error, socket) => answerUnparsed(error.code, socket, renderError),
  }) as unknown as FastifyInstance;
  installBodyParser(app);
  installErrorHandler(app, renderError);
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(commonHeaders).header('x-request-id', request.id);
    if (request.method === 'OPTIONS') {
      reply.code(204).headers(preflightHeaders).send();
    } else if (request.is404) {
      done(new LedgerError('route_not_found', { detail: `There is no route ${request.method} ${pathOf(request)}.` }));
    } else if (request.raw.url?.includes('%00')) {
      // Decoded it would be U+0000, which PostgreSQL cannot take.
      done(new LedgerError('invalid_path_parameter', { detail: 'The URL must not contain the null character (%00).' }));
    } else {
      done();
    }
  });
  return app;
}

function pathOf(request: FastifyRequest): string {
  return (request.url.split('?', 1)[0] ?? '').slice(0, 200);
}

/** Node could not parse the request: there is neither request nor reply, only the socket. */
function answerUnparsed(code: string, socket: Socket, renderError: RenderError): void {
  if (code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [refusal, status] =
    code === 'HPE_HEADER_OVERFLOW'
      ? [
          new LedgerError('request_header_fields_too_large', {
            detail: `All headers together may have ${maxHeaderBytes} bytes.`,
          }),
          431,
        ]
      : code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? [new LedgerError('bad_request', { detail: 'The request did not arrive in time.' }), 408]
        : [new LedgerError('bad_request', { detail: 'This is no valid HTTP/1.1 request.' }), 400];
  const rendered = renderError(refusal, undefined);
  const body = stringifyJson(rendered.body);
  const headers = { ...rendered.headers, 'content-length': String(Buffer.byteLength(body)), connection: 'close' };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${reasonPhrase[status]}\r\n${lines.join('')}\r\n${body}`);
}

const reasonPhrase: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
};
