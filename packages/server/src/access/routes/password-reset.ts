import { Type } from 'typebox';
import { defineRoute, type RouteDefinition } from '../../http/route.js';
import { Text } from '../../http/schemas.js';
import type { AccessContext } from '../access-context.js';
import type { PasswordReset } from '../login/password-reset.js';
import { noStore } from './token-answer.js';

const common = { method: 'POST', tag: 'Login', bodyLimit: 16 * 1024, errors: [] } as const;
const message = 'If there is such a user, a code is on its way by e-mail.';

/** A forgotten password, without an administrator: ask, then show the code from the mail. */
export function passwordResetRoutes(reset: PasswordReset): RouteDefinition<AccessContext>[] {
  return [
    defineRoute({
      ...common,
      url: '/v1/login/password-reset',
      guard: { public: 'whoever asks gets nothing but a mail to the address of the directory' },
      operationId: 'requestPasswordReset',
      summary: 'Ask for a new password by e-mail',
      description:
        '`username` or e-mail; `clientId` says which tenant, as at a login. The answer is the same whether the user exists or not. Three mails an hour to one person.',
      body: Type.Object({ username: Text(256), clientId: Type.Optional(Text(256)) }, { additionalProperties: false }),
      requestExample: { username: 'ana', clientId: '…' },
      success: {
        status: 202,
        description: 'Asked',
        schema: Type.Object({ message: Type.String() }),
        example: { message },
      },
      async handler({ body, context }) {
        reset.request({ username: body.username, clientId: body.clientId }, context.address);
        return { status: 202, body: { message }, headers: noStore };
      },
    }),
    defineRoute({
      ...common,
      url: '/v1/login/password-reset/complete',
      guard: { public: 'the code from the mail is in the body' },
      operationId: 'completePasswordReset',
      summary: 'Set a new password with the code from the e-mail',
      description: 'The code is good once and for half an hour. All logins of the user end; a second factor stays.',
      body: Type.Object({ resetToken: Text(512), newPassword: Text(1_024) }, { additionalProperties: false }),
      requestExample: { resetToken: 'cfp_…', newPassword: '…' },
      success: { status: 204, description: 'Set' },
      async handler({ body, context }) {
        await reset.complete(body, context.address);
        return { status: 204, headers: noStore };
      },
    }),
  ];
}
