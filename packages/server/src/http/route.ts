import type { ErrorName } from '@cofferdam/core';
import type { FastifyBaseLogger, FastifyRequest } from 'fastify';
import type { Static, TSchema } from 'typebox';
import type { Permission, Principal } from './principal.js';

/**
 * Who may call a route. There is no default: a route without a guard does not compile, and `registerRoutes`
 * refuses one at start. `public` states why the route needs no guard.
 */
export type Guard =
  | { readonly permission: Permission }
  /** `true`: reading routes are for every operator, others for those that may operate. `bootstrap`: the installation's own key. */
  | { readonly operator: true | 'operate' | 'bootstrap' }
  | { readonly public: string }
  /** Any verified token of this listener; states why no permission is asked (Access Manager: about the caller itself). */
  | { readonly authenticated: string };

/** What a handler is given. `context` is made by the listener's `admit` (ledger: the TenantContext). */
export interface Call<Body, Context> {
  readonly context: Context;
  readonly principal: Principal | undefined;
  /** UUID parameters are already canonical, others percent-decoded. */
  readonly params: Readonly<Record<string, string>>;
  /** Last value wins for repeated keys (ledger-api §10.2). */
  readonly query: Readonly<Record<string, string>>;
  readonly body: Body;
  /** Size of the body as it came, decoded from chunks; 0 without one. */
  readonly bodyBytes: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly log: FastifyBaseLogger;
}

export interface Answer {
  readonly status: number;
  /** Plain data; absent for 204. Written by `stringifyJson`. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An answer as OpenAPI shows it. */
export interface DocumentedAnswer {
  readonly status: number;
  readonly description: string;
  /** Its title is the schema's name in the document, where it stands once (`openapi-schema.ts`). */
  readonly schema?: TSchema;
  /** Beside those of every answer, with what they mean. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly example?: unknown;
  /** Of the body; application/json unless given. */
  readonly mediaType?: string;
}

export interface RouteDefinition<Context = unknown, Body extends TSchema = TSchema> {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Fastify notation: `/v1/organizations/:organization_id`. */
  readonly url: string;
  readonly guard: Guard;
  /** camelCase verb-noun, unique; also the handler's file name in kebab-case: `createOrganization`. */
  readonly operationId: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  /** Path parameters that are free text rather than UUIDs. */
  readonly textParams?: readonly string[];
  /** For OpenAPI; query strings are read by the handlers with the helpers of `http/query.ts`. */
  readonly query?: TSchema;
  /** Strict: unknown members are refused. Absent: the route takes no body. */
  readonly body?: Body;
  /**
   * `form`: application/x-www-form-urlencoded (OAuth endpoints proper); all members are text. `multipart`: the handler is
   * given a `MultipartForm` as it came and checks it itself; `body` is documentation then. Default JSON.
   */
  readonly bodyType?: 'json' | 'form' | 'multipart';
  readonly bodyLimit?: number;
  /** Headers that the route reads, beside those of all routes, with what they mean: for OpenAPI. */
  readonly requestHeaders?: Readonly<Record<string, string>>;
  /** Kept for older clients: every answer, refusals included, says until when, and which route to use instead. */
  readonly deprecated?: {
    /** An HTTP date. */
    readonly sunset: string;
    /** A URL as in `url`, with no other parameters than this route's. */
    readonly successor: string;
  };
  readonly success: DocumentedAnswer;
  /** Answers beside the success that are no refusals, for OpenAPI (readiness: 503 with the same body). */
  readonly otherAnswers?: readonly DocumentedAnswer[];
  readonly requestExample?: unknown;
  /** Refusals of this route beside the common ones, for OpenAPI and for the route-table test. */
  readonly errors: readonly ErrorName[];
  handler(call: Call<Static<Body>, Context>): Promise<Answer>;
}

/** Keeps the body type of one route while the table holds them all as `RouteDefinition<Context>`. */
export function defineRoute<Context, Body extends TSchema = TSchema>(
  route: RouteDefinition<Context, Body>,
): RouteDefinition<Context> {
  return route as unknown as RouteDefinition<Context>;
}

export interface Admitted<Context> {
  readonly context: Context;
  readonly principal: Principal | undefined;
  /** To be called when the request is over; calling it again does nothing. */
  readonly leave?: (() => void) | undefined;
}

/** What a listener does before a handler: authenticate, authorize, resolve. Throws a refusal. */
export interface Admission<Context> {
  admit(request: FastifyRequest, guard: Guard): Promise<Admitted<Context>>;
}
