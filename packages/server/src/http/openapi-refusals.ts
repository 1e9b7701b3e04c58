import { STATUS_CODES } from 'node:http';
import { type ErrorName, errorCatalogue } from '@cofferdam/core';
import type { SharedExamples } from './openapi-examples.js';
import type { Json } from './openapi-schema.js';
import { problemTypeBase, statusOf } from './problem.js';
import type { RouteDefinition } from './route.js';

type Route = RouteDefinition<never>;

/**
 * What routes refuse: one response for each status, naming its codes, since OpenAPI has no room for two responses of
 * one status. Most routes refuse alike, so each distinct refusal and each example stands once in the document.
 */
export class SharedRefusals {
  readonly responses: Record<string, Json> = {};
  readonly #examples: SharedExamples;
  readonly #names = new Map<string, string>();
  readonly #counts = new Map<number, number>();

  constructor(examples: SharedExamples) {
    this.#examples = examples;
  }

  /** Of one route, by status. */
  of(route: Route): Json {
    const byStatus = new Map<number, ErrorName[]>();
    for (const name of new Set([...commonRefusals(route), ...route.errors])) {
      const status = statusOf(name, route.bodyLimit);
      byStatus.set(status, [...(byStatus.get(status) ?? []), name]);
    }
    const sorted = [...byStatus].sort(([left], [right]) => left - right);
    return Object.fromEntries(
      sorted.map(([status, names]) => [String(status), this.#refer(status, this.#response(route, status, names))]),
    );
  }

  #refer(status: number, response: Json): Json {
    const text = JSON.stringify(response);
    let name = this.#names.get(text);
    if (name === undefined) {
      const count = (this.#counts.get(status) ?? 0) + 1;
      this.#counts.set(status, count);
      name = `refusal_${status}_${count}`;
      this.#names.set(text, name);
      this.responses[name] = response;
    }
    return { $ref: `#/components/responses/${name}` };
  }

  #response(route: Route, status: number, names: readonly ErrorName[]): Json {
    const listed = names.map((name) => `\`${errorCatalogue[name].code}\` ${errorCatalogue[name].title}`);
    const headers = {
      ...commonHeaders(route),
      ...(status === 401 && { 'WWW-Authenticate': { schema: { type: 'string' } } }),
      ...((status === 503 || status === 429) && {
        'Retry-After': { description: 'Seconds', schema: { type: 'integer' } },
      }),
    };
    const response = { description: `${STATUS_CODES[status]}: ${listed.join(', ')}`, headers };
    if (route.method === 'HEAD') return response;
    const schema = { $ref: '#/components/schemas/Problem' };
    // By name and status, since one refusal may have two (a body too large).
    const examples = Object.assign(
      {},
      ...names.map((name) => this.#examples.add(`${name}_${status}`, problemExample(name, status))),
    );
    return {
      ...response,
      content: { 'application/problem+json': { schema, examples }, 'application/json': { schema } },
    };
  }
}

/** What every answer of a route has. */
export function commonHeaders({ deprecated }: Route): Json {
  const names = ['X-Request-Id', ...(deprecated ? ['Deprecation', 'Sunset', 'Link'] : [])];
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

const text = { type: 'string' };

export const commonHeaderComponents: Json = {
  'X-Request-Id': { description: 'The id of the request, sent or made.', schema: text },
  Deprecation: { description: 'true', schema: text },
  Sunset: { description: 'When this route goes: an HTTP date.', schema: text },
  Link: { description: 'The route to use instead, rel="successor-version".', schema: text },
};

function problemExample(name: ErrorName, status: number): Json {
  const { code, title } = errorCatalogue[name];
  const detail = status < 500 ? `${title}: what is wrong, where, and what would be right.` : 'internal error';
  const shownTitle = status < 500 ? title : (STATUS_CODES[status] ?? title);
  return { type: problemTypeBase + code, title: shownTitle, status, detail, code, message: detail };
}

const protectedRoute = [
  'token_missing',
  'invalid_token',
  'insufficient_privileges',
  'service_suspended',
  'tenant_not_found',
  'tenant_not_provisioned',
  'tenant_service_unavailable',
  'tenant_quota_exceeded',
] as const satisfies readonly ErrorName[];

const anyBody = [
  'unmarshalling',
  'unexpected_fields_in_the_request',
  'missing_fields_in_request',
  'bad_request',
  'payload_too_large',
] as const satisfies readonly ErrorName[];

/** What any route of this form can answer, beside the refusals that it lists itself. */
function commonRefusals(route: Route): ErrorName[] {
  return [
    // Also of routes without parameters: a URL must not contain U+0000.
    'invalid_path_parameter',
    ...(route.query ? (['invalid_query_parameter'] as const) : []),
    ...(route.body ? [...anyBody, ...schemaRefusals(route.body)] : []),
    ...('permission' in route.guard ? protectedRoute : []),
    'internal_server',
  ];
}

const keywordRefusals: Readonly<Record<string, readonly ErrorName[]>> = {
  'x-metadata': ['metadata_key_length_exceeded', 'metadata_value_length_exceeded', 'invalid_metadata_nesting'],
  'x-free-form': ['json_nesting_depth_exceeded', 'json_key_count_exceeded'],
  'x-address': ['invalid_country_code'],
};

/** What the check of a body refuses under a code of its own: it is written in the schema (`schemas.ts`). */
function schemaRefusals(value: unknown): ErrorName[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === 'x-error' ? [inner as ErrorName] : [...(keywordRefusals[key] ?? []), ...schemaRefusals(inner)],
  );
}
