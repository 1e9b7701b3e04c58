import { SharedExamples } from './openapi-examples.js';
import { describeOperation, SharedParameters } from './openapi-operation.js';
import { commonHeaderComponents, SharedRefusals } from './openapi-refusals.js';
import { type Json, SharedSchemas } from './openapi-schema.js';
import { ProblemView } from './problem-view.js';
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
  const examples = new SharedExamples();
  const shared = {
    schemas: new SharedSchemas(),
    examples,
    refusals: new SharedRefusals(examples),
    parameters: new SharedParameters(),
  };
  shared.schemas.show(ProblemView);
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    const path = route.url.replace(/:(\w+)/g, '{$1}');
    const item = paths[path] ?? {};
    item[route.method.toLowerCase()] = describeOperation(route, authEnabled, shared);
    paths[path] = item;
  }
  return {
    openapi: '3.1.0',
    info: { title, version, description, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    servers: [{ url: '/' }],
    tags: [...new Set(routes.map((route) => route.tag))].map((name) => ({ name })),
    paths,
    components: {
      schemas: shared.schemas.components,
      parameters: shared.parameters.components,
      headers: commonHeaderComponents,
      responses: shared.refusals.responses,
      examples: examples.components,
      ...(authEnabled && {
        securitySchemes: { accessToken: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      }),
    },
  };
}
