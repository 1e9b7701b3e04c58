import { Type } from 'typebox';
import { defineRoute, type RouteDefinition } from '../../../http/route.js';
import { Text } from '../../../http/schemas.js';
import { type AccessContext, callerOf } from '../../access-context.js';
import { AccessError } from '../../access-errors.js';
import { withDirectory } from '../../directory/with-directory.js';
import type { Identity } from '../../identity/identity-context.js';
import { isRedirectUri, listRedirectUris, setRedirectUris } from '../../oidc/login-clients.js';
import { noStore } from './lists.js';

const url = '/v1/applications/:id/redirect-uris';
const schema = Type.Object({ redirectUris: Type.Array(Type.String()) });
const example = { redirectUris: ['https://app.example.com/callback'] };
const common = { url, tag: 'Applications', errors: [] } as const;

/** Where the login page may send a browser back to: an application without any has no login page. */
export function redirectUriRoutes({ change, store }: Identity): RouteDefinition<AccessContext>[] {
  return [
    defineRoute({
      ...common,
      method: 'GET',
      guard: { permission: { resource: 'applications', action: 'get' } },
      operationId: 'getRedirectUris',
      summary: 'Where the login page may send a browser back to',
      success: { status: 200, description: 'Redirect URIs', schema, example },
      async handler({ params, context }) {
        const id = params['id'] as string;
        const found = await withDirectory(store, callerOf(context).tenantId, (tx) => listRedirectUris(tx, id));
        if (found === undefined) throw notFound();
        return { status: 200, body: { redirectUris: found }, headers: noStore };
      },
    }),
    defineRoute({
      ...common,
      method: 'PUT',
      guard: { permission: { resource: 'applications', action: 'patch' } },
      operationId: 'setRedirectUris',
      summary: 'Set where the login page may send a browser back to',
      description: 'Compared to the letter. https, or http to this machine; none switches the login page off.',
      body: Type.Object({ redirectUris: Type.Array(Text(512), { maxItems: 10 }) }, { additionalProperties: false }),
      requestExample: example,
      success: { status: 200, description: 'Set', schema, example },
      async handler({ params, body, context }) {
        const id = params['id'] as string;
        const { redirectUris } = body;
        if (!redirectUris.every(isRedirectUri))
          throw new AccessError('bad_request', {
            message: 'Each redirect URI must be absolute, https (or http to localhost) and without fragment.',
          });
        await change(context, async (tx, now) => {
          if (!(await setRedirectUris(tx, id, redirectUris, now))) throw notFound();
          return { answer: undefined, event: { kind: 'application', reason: 'redirect_uris_set', target: id } };
        });
        return { status: 200, body: { redirectUris }, headers: noStore };
      },
    }),
  ];
}

function notFound(): AccessError {
  return new AccessError('application_not_found', { message: 'There is no application with this id.' });
}
