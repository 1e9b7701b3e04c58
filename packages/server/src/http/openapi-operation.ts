import type { SharedExamples } from './openapi-examples.js';
import { commonHeaders, type SharedRefusals } from './openapi-refusals.js';
import type { Json, SharedSchemas } from './openapi-schema.js';
import type { DocumentedAnswer, RouteDefinition } from './route.js';

type Route = RouteDefinition<never>;

/** What the operations of one document share. */
export interface Shared {
  readonly schemas: SharedSchemas;
  readonly refusals: SharedRefusals;
  readonly examples: SharedExamples;
  readonly parameters: SharedParameters;
}

/** One route as OpenAPI shows it. */
export function describeOperation(route: Route, authEnabled: boolean, shared: Shared): Json {
  const parameters = [...pathParameters(route), ...queryParameters(route, shared), ...headerParameters(route)];
  return {
    operationId: route.operationId,
    tags: [route.tag],
    summary: route.summary,
    ...(route.description && { description: route.description }),
    ...(route.deprecated && { deprecated: true }),
    parameters: parameters.map((parameter) => shared.parameters.refer(parameter)),
    ...(route.body && { requestBody: requestBody(route, shared) }),
    responses: {
      [String(route.success.status)]: answer(route, route.success, shared),
      ...shared.refusals.of(route),
      ...Object.fromEntries(
        (route.otherAnswers ?? []).map((other) => [String(other.status), answer(route, other, shared)]),
      ),
    },
    ...(authEnabled && { security: 'public' in route.guard ? [] : [{ accessToken: [] }] }),
  };
}

interface Parameter extends Json {
  readonly name: string;
}

/** Each distinct parameter stands once; the first of its name has the bare name. */
export class SharedParameters {
  readonly components: Record<string, Json> = {};
  readonly #names = new Map<string, string>();

  refer(parameter: Parameter): Json {
    const text = JSON.stringify(parameter);
    let name = this.#names.get(text);
    if (name === undefined) {
      name = parameter.name;
      for (let count = 2; name in this.components; count++) name = `${parameter.name}_${count}`;
      this.#names.set(text, name);
      this.components[name] = parameter;
    }
    return { $ref: `#/components/parameters/${name}` };
  }
}

function pathParameters(route: Route): Parameter[] {
  return [...route.url.matchAll(/:(\w+)/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: route.textParams?.includes(name) ? { type: 'string', minLength: 1 } : { type: 'string', format: 'uuid' },
  }));
}

function queryParameters(route: Route, { schemas }: Shared): Parameter[] {
  if (!route.query) return [];
  const { properties = {}, required = [] } = route.query as { properties?: Record<string, Json>; required?: string[] };
  return Object.entries(properties).map(([name, schema]) => {
    if (name === 'metadata.{key}') return metadataFilter(schema['description']);
    const { description, ...rest } = schemas.show(schema);
    return {
      name,
      in: 'query',
      required: required.includes(name),
      ...(description !== undefined && { description }),
      schema: rest,
    };
  });
}

/** The exact way to say in OpenAPI that parameters named `metadata.<anything>` are taken: an exploded object. */
function metadataFilter(description: unknown): Parameter {
  return {
    name: 'metadata',
    in: 'query',
    required: false,
    description,
    style: 'form',
    explode: true,
    schema: {
      type: 'object',
      maxProperties: 1,
      patternProperties: { '^metadata\\..': { type: 'string' } },
      additionalProperties: false,
    },
    example: { 'metadata.color': 'blue' },
  };
}

const requestIdDescription =
  'Correlates the request with the answer and the log, 1 to 128 visible characters; made when absent.';

function headerParameters({ requestHeaders = {} }: Route): Parameter[] {
  return Object.entries({ ...requestHeaders, 'X-Request-Id': requestIdDescription }).map(([name, description]) => ({
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

function requestBody(route: Route, { schemas }: Shared): Json {
  const name = `${route.operationId[0]?.toUpperCase()}${route.operationId.slice(1)}Body`;
  return {
    required: true,
    content: {
      [mediaTypes[route.bodyType ?? 'json']]: {
        schema: schemas.show(route.body as never, name),
        ...(route.requestExample !== undefined && { example: route.requestExample }),
      },
    },
  };
}

function answer(route: Route, documented: DocumentedAnswer, { schemas, examples }: Shared): Json {
  const { description, schema, headers, example, mediaType } = documented;
  const hasContent = schema !== undefined || example !== undefined;
  return {
    description,
    headers: {
      ...Object.fromEntries(
        Object.entries(headers ?? {}).map(([name, text]) => [name, { description: text, schema: { type: 'string' } }]),
      ),
      ...commonHeaders(route),
    },
    ...(hasContent && {
      content: {
        [mediaType ?? 'application/json']: {
          ...(schema && { schema: schemas.show(schema) }),
          ...(example !== undefined && examples.of(documented, example)),
        },
      },
    }),
  };
}
