import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { buildOpenApiDocument, type OpenApiOptions } from './openapi-document.js';
import { registerRoutes } from './register-routes.js';
import { defineRoute } from './route.js';

const docsPolicy =
  "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'self'; " +
  "frame-ancestors 'none'";

/**
 * Serves the document at `/openapi.json` and a page to browse it at `/docs`, all of it from this process. Public: it
 * says nothing that the source does not. Call it once, with the routes that were given to `registerRoutes`.
 */
export function registerOpenApi(app: FastifyInstance, options: OpenApiOptions): void {
  const document = buildOpenApiDocument({ ...options, routes: [...options.routes, openApiRoute(undefined)] as never });
  registerRoutes(app, [openApiRoute(document)], {
    admit: async () => ({ context: undefined, principal: undefined }),
  });
  app.register(swagger, { mode: 'static', specification: { document: document as never } });
  app.register(swaggerUi, {
    routePrefix: '/docs',
    // The page's scripts and styles are files of this server: the policy of the other routes would refuse them. The
    // plugin's own policy upgrades to https, which leaves the page empty on a server that speaks http.
    staticCSP: docsPolicy,
    uiConfig: { deepLinking: true, docExpansion: 'none' },
  });
}

function openApiRoute(document: unknown) {
  return defineRoute({
    method: 'GET',
    url: '/openapi.json',
    guard: { public: 'The description of the API is no secret, and clients read it before they have a token.' },
    operationId: 'getOpenApiDocument',
    tag: 'Operations',
    summary: 'Get this document',
    success: {
      status: 200,
      description: 'The OpenAPI 3.1 document.',
      schema: Type.Object(
        { openapi: Type.String(), info: Type.Unknown(), paths: Type.Unknown() },
        { additionalProperties: true },
      ),
    },
    errors: [],
    handler: async () => ({ status: 200, body: document }),
  });
}
