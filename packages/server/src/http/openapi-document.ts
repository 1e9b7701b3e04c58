import { STATUS_CODES } from 'node:http';
import { type ErrorName, errorCatalogue } from '@cofferdam/core';
import { type Json, publicSchema } from './openapi-schema.js';
import { problemTypeBase, statusOf } from './problem.js';
import type { RouteDefinition } from './route.js';

export interface OpenApiOptions {
  readonly title: string;
  readonly version: string;
  readonly description: string;
  readonly routes: readonly RouteDefinition<never>[];
  /** Only adds `security` and `securitySchemes`: the rest is the same with auth on and off. */
  readonly authEnabled: boolean;
}

/** The OpenAPI 3.1 document of a route table with the ledger's refusals. Pure; the same table gives the same document. */
export function buildOpenApiDocument(options: OpenApiOptions): Json {
  const { title, version, description, routes, authEnabled } = options;
  const paths: Record<string, Json> = {};
  const shared = new SharedRefusals();
  for (const route of routes) {
    const path = route.url.replace(/:(\w+)/g, '{$1}');
    const item = paths[path] ?? {};
    item[route.method.toLowerCase()] = operation(route, authEnabled, shared);
    paths[path] = item;
  }
  return {
    openapi: '3.1.0',
    info: { title, version, description, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    servers: [{ url: '/' }],
    tags: [...new Set(routes.map((route) => route.tag))].map((name) => ({ name })),
    paths,
    components: {
      schemas: { Problem: problemSchema },
      examples: refusalExamples(routes),
      responses: shared.responses,
      ...(authEnabled && {
        securitySchemes: { accessToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      }),
    },
  };
}

function operation(route: RouteDefinition<never>, authEnabled: boolean, shared: SharedRefusals): Json {
  const parameters = [...pathParameters(route), ...queryParameters(route), ...headerParameters(route)];
  return {
    operationId: route.operationId,
    tags: [route.tag],
    summary: route.summary,
    ...(route.description && { description: route.description }),
    ...(route.deprecated && { deprecated: true }),
    ...(parameters.length > 0 && { parameters }),
    ...(route.body && { requestBody: requestBody(route) }),
    responses: { [String(route.success.status)]: success(route), ...refusals(route, shared) },
    ...(authEnabled && { security: 'public' in route.guard ? [] : [{ accessToken: [] }] }),
  };
}

function pathParameters(route: RouteDefinition<never>): Json[] {
  return [...route.url.matchAll(/:(\w+)/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: route.textParams?.includes(name) ? { type: 'string' } : { type: 'string', format: 'uuid' },
  }));
}

function queryParameters(route: RouteDefinition<never>): Json[] {
  if (!route.query) return [];
  const { properties = {}, required = [] } = route.query as { properties?: Record<string, Json>; required?: string[] };
  return Object.entries(properties).map(([name, schema]) => {
    const { description, ...rest } = publicSchema(schema);
    return {
      name,
      in: 'query',
      required: required.includes(name),
      ...(description !== undefined && { description }),
      schema: rest,
    };
  });
}

function headerParameters({ requestHeaders = {} }: RouteDefinition<never>): Json[] {
  return Object.entries(requestHeaders).map(([name, description]) => ({
    name,
    in: 'header',
    required: false,
    description,
    schema: { type: 'string' },
  }));
}

const mediaTypes = {
  json: 'application/json',
  form: 'application/x-www-form-urlencoded',
  multipart: 'multipart/form-data',
} as const;

function requestBody(route: RouteDefinition<never>): Json {
  return {
    required: true,
    content: {
      [mediaTypes[route.bodyType ?? 'json']]: {
        schema: publicSchema(route.body as never),
        ...(route.requestExample !== undefined && { example: route.requestExample }),
      },
    },
  };
}

function success(route: RouteDefinition<never>): Json {
  const { description, schema, headers, example } = route.success;
  const hasContent = schema !== undefined || example !== undefined;
  return {
    description,
    ...(headers && {
      headers: Object.fromEntries(
        Object.entries(headers).map(([name, text]) => [name, { description: text, schema: { type: 'string' } }]),
      ),
    }),
    ...(hasContent && {
      content: {
        'application/json': {
          ...(schema && { schema: publicSchema(schema) }),
          ...(example !== undefined && { example }),
        },
      },
    }),
  };
}

/** Most routes refuse alike: each distinct refusal stands once in the document, in the order in which it was first met. */
class SharedRefusals {
  readonly responses: Record<string, Json> = {};
  readonly #names = new Map<string, string>();
  readonly #counts = new Map<number, number>();

  refer(status: number, response: Json): Json {
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
}

/** One response for each status, naming its codes: OpenAPI has no room for two responses of one status. */
function refusals(route: RouteDefinition<never>, shared: SharedRefusals): Json {
  const byStatus = new Map<number, ErrorName[]>();
  for (const name of new Set([...commonRefusals(route), ...route.errors])) {
    const status = statusOf(name, route.bodyLimit);
    byStatus.set(status, [...(byStatus.get(status) ?? []), name]);
  }
  const sorted = [...byStatus].sort(([left], [right]) => left - right);
  return Object.fromEntries(
    sorted.map(([status, names]) => [String(status), shared.refer(status, refusal(route, status, names))]),
  );
}

function refusal(route: RouteDefinition<never>, status: number, names: readonly ErrorName[]): Json {
  const listed = names.map((name) => `\`${errorCatalogue[name].code}\` ${errorCatalogue[name].title}`);
  const response: Json = { description: `${STATUS_CODES[status]}: ${listed.join(', ')}` };
  if (status === 401) response['headers'] = { 'WWW-Authenticate': { schema: { type: 'string' } } };
  if (status === 503) response['headers'] = { 'Retry-After': { description: 'Seconds', schema: { type: 'string' } } };
  if (route.method === 'HEAD') return response;
  const media = {
    schema: { $ref: '#/components/schemas/Problem' },
    examples: Object.fromEntries(
      names.map((name) => [name, { $ref: `#/components/examples/${exampleName(name, status)}` }]),
    ),
  };
  return { ...response, content: { 'application/problem+json': media } };
}

/** By name and status, since one refusal may have two (a body too large). Written once: every operation refers to them. */
function refusalExamples(routes: readonly RouteDefinition<never>[]): Json {
  const examples: Json = {};
  for (const route of routes) {
    for (const name of [...commonRefusals(route), ...route.errors]) {
      const status = statusOf(name, route.bodyLimit);
      examples[exampleName(name, status)] = { value: problemExample(name, status) };
    }
  }
  return Object.fromEntries(Object.entries(examples).sort(([left], [right]) => (left < right ? -1 : 1)));
}

function exampleName(name: ErrorName, status: number): string {
  return `${name}_${status}`;
}

function problemExample(name: ErrorName, status: number): Json {
  const { code, title } = errorCatalogue[name];
  const detail = status < 500 ? `${title}: what is wrong, where, and what would be right.` : 'internal error';
  const shownTitle = status < 500 ? title : (STATUS_CODES[status] ?? title);
  return { type: problemTypeBase + code, title: shownTitle, status, detail, code, message: detail };
}

/** What any route of this form can answer, beside the refusals that it lists itself. */
function commonRefusals(route: RouteDefinition<never>): ErrorName[] {
  const uuids = [...route.url.matchAll(/:(\w+)/g)].some(([, name = '']) => !route.textParams?.includes(name));
  const protectedRoute: ErrorName[] = [
    'token_missing',
    'invalid_token',
    'insufficient_privileges',
    'service_suspended',
    'tenant_not_found',
    'tenant_not_provisioned',
    'tenant_service_unavailable',
  ];
  const body: ErrorName[] = [
    'unmarshalling',
    'unexpected_fields_in_the_request',
    'missing_fields_in_request',
    'bad_request',
    'payload_too_large',
  ];
  return [
    ...(uuids ? (['invalid_path_parameter'] as const) : []),
    ...(route.query ? (['invalid_query_parameter'] as const) : []),
    ...(route.body ? body : []),
    ...('permission' in route.guard ? protectedRoute : []),
    'internal_server',
  ];
}

const problemSchema: Json = {
  type: 'object',
  description: 'RFC 9457 problem details, and `message` and `fields` for older clients. Decide by `code`.',
  required: ['type', 'title', 'status', 'detail', 'code', 'message'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string', description: 'The stable contract.' },
    entityType: { type: 'string' },
    reason: { type: 'string', description: 'A word beside the code, such as TENANT_SUSPENDED.' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['location', 'message'],
        properties: { location: { type: 'string' }, message: { type: 'string' }, value: {} },
      },
    },
    fields: { type: 'object', additionalProperties: true },
    message: { type: 'string' },
  },
};
