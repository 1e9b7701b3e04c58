import { sql } from 'kysely';
import { Type } from 'typebox';
import { defineRoute, type RouteDefinition } from '../../http/route.js';
import type { AccessContext } from '../access-context.js';
import { AccessError } from '../access-errors.js';
import type { AccessStore } from '../directory/with-directory.js';

const guard = { public: 'probed by load balancers and client libraries' };

export function healthRoutes(store: AccessStore, version: string): RouteDefinition<AccessContext>[] {
  return [
    defineRoute({
      method: 'GET',
      url: '/health',
      guard,
      operationId: 'getHealth',
      tag: 'Health',
      summary: 'The process is alive',
      success: { status: 200, description: 'The text `healthy`', schema: Type.String() },
      errors: [],
      async handler() {
        return { status: 200, body: 'healthy', headers: { 'content-type': 'text/plain; charset=utf-8' } };
      },
    }),
    defineRoute({
      method: 'GET',
      url: '/readyz',
      guard,
      operationId: 'getReadiness',
      tag: 'Health',
      summary: 'Logins can be served',
      success: { status: 200, description: 'Ready', schema: Type.Object({ status: Type.Literal('ready') }) },
      errors: [],
      async handler() {
        await sql`select 1`.execute(store.installation).catch((error: unknown) => {
          throw new AccessError('unavailable', { message: 'The access database cannot be reached.', log: error });
        });
        return { status: 200, body: { status: 'ready' } };
      },
    }),
    defineRoute({
      method: 'GET',
      url: '/version',
      guard,
      operationId: 'getVersion',
      tag: 'Health',
      summary: 'Version of the program',
      success: { status: 200, description: 'Version', schema: Type.Object({ version: Type.String() }) },
      errors: [],
      async handler() {
        return { status: 200, body: { version } };
      },
    }),
  ];
}
