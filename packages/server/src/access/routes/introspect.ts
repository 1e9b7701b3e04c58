import { Type } from 'typebox';
import { defineRoute, type RouteDefinition } from '../../http/route.js';
import { Text } from '../../http/schemas.js';
import type { AccessContext } from '../access-context.js';
import type { Introspect } from '../login/introspect.js';
import { noStore } from './token-answer.js';

/** RFC 7662, for services of this installation only: whoever may ask about any token could try tokens out. */
export function introspectRoute(introspect: Introspect): RouteDefinition<AccessContext> {
  return defineRoute({
    method: 'POST',
    url: '/v1/introspect',
    guard: { operator: true },
    operationId: 'introspect',
    tag: 'Services',
    summary: 'Is this token good now, and whose is it? (RFC 7662)',
    description: 'For services of this installation, with their key in X-API-Key.',
    bodyType: 'form',
    bodyLimit: 16 * 1024,
    body: Type.Object(
      { token: Text(8_192), token_type_hint: Type.Optional(Text(64, { description: 'accepted and ignored' })) },
      { additionalProperties: false },
    ),
    success: {
      status: 200,
      description: 'Its state; of a token that is not good nothing but `active: false`',
      schema: Type.Object({ active: Type.Boolean() }, { additionalProperties: true }),
      example: { active: false },
    },
    errors: [],
    async handler({ body }) {
      return { status: 200, body: await introspect(body.token), headers: noStore };
    },
  });
}
