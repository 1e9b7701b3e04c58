import { LedgerError, parseUuid } from '@cofferdam/core';
import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { stringifyJson } from './json.js';
import type { Principal } from './principal.js';
import type { Admission, Admitted, Answer, Call, Guard, RouteDefinition } from './route.js';
import { compileBody } from './validate-body.js';

const guardKinds = ['permission', 'operator', 'public', 'authenticated'] as const;
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE'] as const;

/** What the onRequest hook leaves for the handler. */
interface Entry<Context> {
  readonly admitted: Admitted<Context>;
  params: Readonly<Record<string, string>>;
  /** From here on the handler says when the request is over. */
  handling: boolean;
}

/**
 * Adds a table of routes. Each request passes, in the order of ledger-api §3.1: admission, UUID path parameters
 * (0065), JSON decoding (0094), the body's rules (`compileBody`), handler. All other methods of a listed URL answer
 * 405 with `Allow`. Call it once for all routes of a listener.
 * @throws Error at start, for a route without guard or a repeated operationId or method and URL.
 */
export function registerRoutes<Context>(
  app: FastifyInstance,
  routes: readonly RouteDefinition<Context>[],
  admission: Admission<Context>,
): void {
  refuseBadTable(routes);
  if (!app.hasRequestDecorator('entry')) app.decorateRequest('entry', null);
  if (!app.hasRequestDecorator('tenantId')) app.decorateRequest('tenantId', undefined);
  if (!app.hasRequestDecorator('bodyBytes')) app.decorateRequest('bodyBytes', 0);
  for (const route of routes) registerRoute(app, route, admission);
  refuseOtherMethods(app, routes);
}

function registerRoute<Context>(
  app: FastifyInstance,
  route: RouteDefinition<Context>,
  admission: Admission<Context>,
): void {
  const checkBody = route.body && (route.bodyType === 'multipart' ? asItCame : compileBody(route.body));
  const readParams = paramReader(route);
  app.route({
    method: route.method,
    url: route.url,
    ...(route.bodyLimit && { bodyLimit: route.bodyLimit }),
    config: { takesBody: route.body !== undefined, bodyType: route.bodyType ?? 'json' },
    onRequest: async (request, reply) => {
      if (route.deprecated)
        reply.headers(deprecationHeaders(route.deprecated, request.params as Record<string, string>));
      const admitted = await admission.admit(request, route.guard);
      const { leave } = admitted;
      const entry: Entry<Context> = { admitted, params: noParams, handling: false };
      // Whoever hangs up is answered no more, but what its handler has begun goes on and counts until it is done.
      if (leave) reply.raw.once('close', () => entry.handling || leave());
      entry.params = readParams(request.params as Record<string, string>);
      request.entry = entry;
    },
    handler: async (request, reply) => {
      const entry = request.entry as Entry<Context>;
      const { leave } = entry.admitted;
      const body = checkBody ? (checkBody(request.body) as never) : (undefined as never);
      entry.handling = true;
      const handled = route.handler(new RequestCall(request, entry, body));
      if (leave) handled.then(leave, leave);
      return send(reply, await handled);
    },
  });
}

/** What a handler is given of a request. A class, since an object with a getter is made slowly. */
class RequestCall<Context> implements Call<never, Context> {
  readonly context: Context;
  readonly principal: Principal | undefined;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: never;
  readonly bodyBytes: number;
  readonly headers: FastifyRequest['headers'];
  readonly #request: FastifyRequest;

  constructor(request: FastifyRequest, { admitted, params }: Entry<Context>, body: never) {
    this.context = admitted.context;
    this.principal = admitted.principal;
    this.params = params;
    this.query = request.query as Record<string, string>;
    this.body = body;
    this.bodyBytes = request.bodyBytes;
    this.headers = request.headers;
    this.#request = request;
  }

  get log(): FastifyBaseLogger {
    const { log, tenantId } = this.#request;
    return tenantId === undefined ? log : log.child({ tenant_id: tenantId });
  }
}

const noParams = Object.freeze({});
const asItCame = (body: unknown): unknown => body ?? {};

/** Text bodies with a media type of their own go out as they are (`/health`, `/metrics`), all else as JSON. */
function send(reply: FastifyReply, answer: Answer): FastifyReply {
  reply.code(answer.status);
  if (answer.headers) reply.headers(answer.headers);
  if (answer.body === undefined) return reply.send();
  if (typeof answer.body === 'string' && reply.hasHeader('content-type')) return reply.send(answer.body);
  if (!reply.hasHeader('content-type')) reply.header('content-type', 'application/json; charset=utf-8');
  return reply.send(stringifyJson(answer.body));
}

/** Set before anything can refuse the request: an older client is to learn of it from its failures too. */
function deprecationHeaders(
  { sunset, successor }: NonNullable<RouteDefinition['deprecated']>,
  params: Readonly<Record<string, string>>,
): Record<string, string> {
  const path = successor.replace(/:(\w+)/g, (_, name: string) => encodeURIComponent(params[name] ?? ''));
  return { deprecation: 'true', sunset, link: `<${path}>; rel="successor-version"` };
}

/** Path parameters are UUIDs, read leniently, except those that the route lists as text. */
function paramReader(route: RouteDefinition<never>): (raw: Record<string, string>) => Record<string, string> {
  const names = paramNames(route.url);
  const text = new Set(route.textParams);
  return (raw) => {
    const params: Record<string, string> = {};
    for (const name of names) {
      const value = raw[name] ?? '';
      const read = text.has(name) ? value : parseUuid(value);
      if (read === undefined) {
        throw new LedgerError('invalid_path_parameter', {
          detail: `The path parameter "${name}" must be a UUID, such as 019c96a0-0000-7000-8000-000000000000.`,
        });
      }
      params[name] = read;
    }
    return params;
  };
}

function paramNames(url: string): string[] {
  return [...url.matchAll(/:(\w+)/g)].map((match) => match[1] as string);
}

function refuseBadTable(routes: readonly RouteDefinition<never>[]): void {
  const seen = new Set<string>();
  for (const route of routes) {
    const where = `route ${route.method} ${route.url}`;
    const guard = route.guard as Guard | undefined;
    if (!guard || !guardKinds.some((kind) => kind in guard)) {
      throw new Error(`${where} has no guard: say which permission it needs, or why it needs none`);
    }
    for (const text of route.textParams ?? []) {
      if (!paramNames(route.url).includes(text)) throw new Error(`${where} has no path parameter "${text}"`);
    }
    for (const key of [`operationId ${route.operationId}`, `${route.method} ${shapeOf(route.url)}`]) {
      if (seen.has(key)) throw new Error(`${where}: ${key} is already registered`);
      seen.add(key);
    }
  }
}

/** The URL with its parameters' names left out: what decides whether two routes are the same. */
function shapeOf(url: string): string {
  return url.replace(/:\w+/g, ':');
}

function refuseOtherMethods(app: FastifyInstance, routes: readonly RouteDefinition<never>[]): void {
  const byShape = new Map<string, { url: string; allowed: string[] }>();
  for (const route of routes) {
    const entry = byShape.get(shapeOf(route.url)) ?? { url: route.url, allowed: [] };
    entry.allowed.push(route.method);
    byShape.set(shapeOf(route.url), entry);
  }
  for (const { url, allowed } of byShape.values()) {
    const refused = methods.filter((method) => !allowed.includes(method));
    if (refused.length === 0) continue;
    const allow = [...allowed, 'OPTIONS'].join(', ');
    const refuse = (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void) => {
      reply.header('allow', allow);
      done(new LedgerError('method_not_allowed', { detail: `${request.method} is not allowed here, only ${allow}.` }));
    };
    app.route({ method: refused, url, onRequest: refuse, handler: async () => undefined });
  }
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the onRequest hook of a registered route; read by its handler only. */
    entry: unknown;
    /** Set by the body parser. */
    bodyBytes: number;
    /** Of the verified token; for log lines. */
    tenantId: string | undefined;
  }
}
