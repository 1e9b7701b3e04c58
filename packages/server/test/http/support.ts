import type { FastifyInstance } from 'fastify';
import pino from 'pino';
import { createListener, type ListenerOptions, registerRoutes } from '../../src/http/listener.js';
import { renderProblem } from '../../src/http/problem.js';
import type { Admission, RouteDefinition } from '../../src/http/route.js';

/** Lets everybody in, with no context. */
export const openDoor: Admission<unknown> = {
  admit: async () => ({ context: undefined, principal: undefined }),
};

/** A listener as the ledger has it, with the given routes. */
export function listenerWith(
  routes: readonly RouteDefinition<unknown>[],
  options: Partial<ListenerOptions> & { admission?: Admission<unknown> } = {},
): FastifyInstance {
  const { admission = openDoor, ...listenerOptions } = options;
  const app = createListener({
    name: 'test',
    logger: pino({ level: 'silent' }),
    newRequestId: () => 'request-1',
    renderError: renderProblem,
    ...listenerOptions,
  });
  registerRoutes(app, routes, admission);
  return app;
}

/** A public route with what nobody looks at here filled in. */
export function route(
  given: Partial<RouteDefinition> & Pick<RouteDefinition, 'method' | 'url' | 'handler'>,
): RouteDefinition {
  return {
    guard: { public: 'test' },
    operationId: `${given.method}${given.url}`,
    tag: 'Test',
    summary: 'test',
    success: { status: 200, description: 'done' },
    errors: [],
    ...given,
  };
}
