import { Type } from 'typebox';
import { defineRoute, type RouteDefinition } from '../../http/route.js';
import { type AccessContext, callerOf } from '../access-context.js';
import { AccessError } from '../access-errors.js';
import { findApplicationByClientId } from '../directory/applications.js';
import { displayNameOf, findUserById } from '../directory/users.js';
import { type AccessStore, withDirectory } from '../directory/with-directory.js';

/** Who the caller is (access-manager §2.4). */
export function getUserinfoRoute(store: AccessStore, now: () => Date): RouteDefinition<AccessContext> {
  const text = Type.Union([Type.String(), Type.Null()]);
  return defineRoute({
    method: 'GET',
    url: '/v1/userinfo',
    guard: { authenticated: 'tells the caller about themselves' },
    operationId: 'getUserinfo',
    tag: 'Login',
    summary: 'Who the caller is',
    success: {
      status: 200,
      description: 'The person, or the application with its name',
      schema: Type.Object({
        sub: Type.String(),
        name: Type.String(),
        preferredUsername: text,
        email: text,
        emailVerified: Type.Boolean(),
        picture: text,
        profile: text,
        preferred_username: Type.Optional(Type.String({ description: 'as OpenID Connect spells it; so is the next' })),
        email_verified: Type.Optional(Type.Boolean()),
      }),
    },
    errors: [],
    async handler({ context }) {
      const { principal, tenantId } = callerOf(context);
      const body = await withDirectory(store, tenantId, async (tx) => {
        const nothing = { preferredUsername: null, email: null, emailVerified: false, picture: null, profile: null };
        if (principal.kind === 'application') {
          const application = await findApplicationByClientId(tx, principal.subject, now());
          return application && { sub: principal.subject, name: application.name, ...nothing };
        }
        const user = await findUserById(tx, principal.subject);
        if (user === undefined) return undefined;
        const { username, email, emailVerified } = user;
        return {
          ...nothing,
          sub: user.id,
          name: displayNameOf(user),
          preferredUsername: username,
          email,
          emailVerified,
          preferred_username: username,
          email_verified: emailVerified,
        };
      });
      if (body === undefined)
        throw new AccessError('user_not_found', { message: 'The subject of this token is gone.' });
      return { status: 200, body };
    },
  });
}
