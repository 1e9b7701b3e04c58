import { Type } from 'typebox';
import { defineRoute, type RouteDefinition } from '../../http/route.js';
import { Text } from '../../http/schemas.js';
import { type AccessContext, type Caller, callerOf } from '../access-context.js';
import { AccessError } from '../access-errors.js';
import { decide } from '../permissions/decide.js';

/** One decision about the caller (access-manager §2.6). "No" is a 200 with `authorized: false`. */
export function authorizeRoute(now: () => Date): RouteDefinition<AccessContext> {
  return defineRoute({
    method: 'POST',
    url: '/v1/authorize',
    guard: { authenticated: 'decides about the caller, whoever the body names' },
    operationId: 'authorize',
    tag: 'Permissions',
    summary: 'May the caller do this?',
    description: 'The subject is that of the token. A `sub` in the body that means somebody else is refused.',
    bodyLimit: 16 * 1024,
    body: Type.Object(
      {
        sub: Type.Optional(Text(512)),
        product: Type.Optional(Text(64)),
        resource: Text(256),
        action: Text(64),
      },
      { additionalProperties: false },
    ),
    requestExample: { sub: 'acme/019c96a0-0000-7000-8000-000000000000', resource: 'accounts', action: 'get' },
    success: {
      status: 200,
      description: 'The decision',
      schema: Type.Object({ authorized: Type.Boolean(), timestamp: Type.String({ format: 'date-time' }) }),
      example: { authorized: true, timestamp: '2026-01-31T12:00:00.000Z' },
    },
    errors: [],
    async handler({ body, context }) {
      const caller = callerOf(context);
      const { sub, product, resource, action } = body;
      if (sub !== undefined && !isNameOf(caller, sub))
        throw new AccessError('forbidden', { message: 'The sub of the body is not the subject of the token.' });
      const authorized = decide(caller.roles, { product, resource, action: action.toLowerCase() });
      return { status: 200, body: { authorized, timestamp: now().toISOString() } };
    },
  });
}

/**
 * Existing client libraries call a person `<owner>/<sub>` and every machine `admin/<product>-editor-role`, whatever it may
 * do; both mean the caller, and the decision is made by the caller's own roles.
 */
function isNameOf({ principal, owner, roles }: Caller, sub: string): boolean {
  const names = [principal.subject, `${owner}/${principal.subject}`];
  if (principal.kind === 'person') return names.includes(sub);
  return (
    names.includes(sub) ||
    /^admin\/[a-z0-9-]{1,64}-editor-role$/.test(sub) ||
    roles.some((role) => sub === `admin/${role}`)
  );
}
