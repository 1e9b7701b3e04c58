import { Type } from 'typebox';
import { defineRoute, type RouteDefinition } from '../../../http/route.js';
import { Text } from '../../../http/schemas.js';
import { type AccessContext, callerOf } from '../../access-context.js';
import { AccessError } from '../../access-errors.js';
import { checkPasswordPolicy } from '../../credentials/password-policy.js';
import { deletePasswordResets } from '../../directory/password-resets.js';
import { updateUser, userNotFound } from '../../directory/user-accounts.js';
import { findUserById, lockPassword, type UserRecord } from '../../directory/users.js';
import { withDirectory } from '../../directory/with-directory.js';
import type { Identity } from '../../identity/identity-context.js';
import { sourceOf } from '../../login/source-of.js';
import { endSessionsOfPerson } from '../../tokens/end-sessions.js';

const common = { tag: 'Users', errors: [] } as const;
const password = () => Text(1_024);

export function passwordRoutes(identity: Identity): RouteDefinition<AccessContext>[] {
  return [updatePassword(identity), resetPassword(identity)];
}

/** Self service. Whoever has a stolen token still lacks the old password. */
function updatePassword(identity: Identity): RouteDefinition<AccessContext> {
  const { store, passwords, limiter, audit } = identity;
  return defineRoute({
    ...common,
    method: 'PATCH',
    url: '/v1/users/:id/update-password',
    guard: { permission: { resource: 'update-password', action: 'patch' } },
    operationId: 'updatePassword',
    summary: "Change one's own password",
    description: 'All logins of the user end, this one included: log in again with the new password.',
    body: Type.Object({ oldPassword: password(), newPassword: password() }, { additionalProperties: false }),
    requestExample: { oldPassword: '…', newPassword: '…' },
    success: { status: 204, description: 'Changed' },
    async handler({ params, body, context }) {
      const { principal, tenantId } = callerOf(context);
      const id = params['id'] as string;
      // Whether the id is anybody's is not told either.
      if (principal.kind !== 'person' || principal.subject !== id)
        throw new AccessError('forbidden', {
          message: 'This changes one’s own password only; an administrator uses reset-password.',
        });
      checkPasswordPolicy(body.newPassword);
      const limitKey = `${tenantId}/${id}|${sourceOf(context.address)}`;
      limiter.check(limitKey);
      const user = await withDirectory(store, tenantId, (tx) => findUserById(tx, id));
      if (user === undefined) throw userNotFound();
      const right = await passwords.matches(user.passwordHash, body.oldPassword, () => limiter.check(limitKey));
      if (!right) {
        limiter.countFailure(limitKey);
        const event = { kind: 'password', result: 'failed', reason: 'wrong_old_password' } as const;
        audit.recordLater(tenantId, { ...event, actor: id, target: id, address: context.address });
        throw new AccessError('old_password_wrong', { message: 'The old password is not right.' });
      }
      await setPassword(identity, context, id, body.newPassword, { reason: 'changed', was: user });
      return { status: 204 };
    },
  });
}

function resetPassword(identity: Identity): RouteDefinition<AccessContext> {
  return defineRoute({
    ...common,
    method: 'PATCH',
    url: '/v1/users/:id/reset-password',
    guard: { permission: { resource: 'reset-password', action: 'patch' } },
    operationId: 'resetPassword',
    summary: "Set a user's password, as an administrator",
    description: 'All logins of the user end.',
    body: Type.Object({ newPassword: password() }, { additionalProperties: false }),
    requestExample: { newPassword: '…' },
    success: { status: 204, description: 'Set' },
    async handler({ params, body, context }) {
      checkPasswordPolicy(body.newPassword);
      const { tenantId } = callerOf(context);
      const id = params['id'] as string;
      // Before the slow hash: ids that are nobody's cost nothing.
      if ((await withDirectory(identity.store, tenantId, (tx) => findUserById(tx, id))) === undefined)
        throw userNotFound();
      await setPassword(identity, context, id, body.newPassword, { reason: 'reset' });
      return { status: 204 };
    },
  });
}

async function setPassword(
  { change, passwords }: Identity,
  context: AccessContext,
  id: string,
  newPassword: string,
  { reason, was }: { reason: string; was?: UserRecord },
): Promise<void> {
  const passwordHash = await passwords.hash(newPassword);
  await change(context, async (tx, now) => {
    // The password that was verified must still be the one that is replaced: of two changes at once one is refused.
    if (was !== undefined && !(await lockPassword(tx, was)))
      throw new AccessError('old_password_wrong', { message: 'The password was changed meanwhile.' });
    await updateUser(tx, id, { password_hash: passwordHash }, now);
    await deletePasswordResets(tx, id);
    const subject = { kind: 'person', subject: id } as const;
    await endSessionsOfPerson(tx, id, 'password_changed', now);
    return { answer: undefined, event: { kind: 'password', reason, target: id }, changed: subject };
  });
}
