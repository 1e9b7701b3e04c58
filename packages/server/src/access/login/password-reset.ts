import PQueue from 'p-queue';
import { AccessError } from '../access-errors.js';
import { checkPasswordPolicy } from '../credentials/password-policy.js';
import type { Passwords } from '../credentials/passwords.js';
import { insertAuditEvent } from '../directory/audit-events.js';
import type { CommitChange } from '../directory/commit-change.js';
import { rememberSource } from '../directory/known-sources.js';
import {
  countPasswordResets,
  deletePasswordResets,
  findPasswordReset,
  insertPasswordReset,
} from '../directory/password-resets.js';
import { findTenant } from '../directory/tenants.js';
import { updateUser } from '../directory/user-accounts.js';
import { findUserById, findUserToReset, lockUser } from '../directory/users.js';
import { type AccessStore, type DirectoryTx, withDirectory } from '../directory/with-directory.js';
import { isOfMode } from '../reserved-tenants.js';
import type { SendMail } from '../senders/send-mail.js';
import { endSessionsOfPerson } from '../tokens/end-sessions.js';
import { newOpaqueToken, type OpaqueToken, readOpaqueToken } from '../tokens/opaque-token.js';
import type { AccountGuard } from './account-guard.js';
import type { AccessLog } from './audit-trail.js';
import type { FailureLimiter } from './failure-limiter.js';
import { sourceOf } from './source-of.js';
import { findTenantOfLogin } from './tenant-of-login.js';
import { refuseInactive, type TenantStatusPort } from './tenant-status.js';

export interface PasswordResetOptions {
  readonly store: AccessStore;
  readonly multiTenant: boolean;
  readonly tenantStatus: TenantStatusPort;
  readonly passwords: Passwords;
  readonly commit: CommitChange;
  /** Undefined: nothing can be sent, so nobody can ask. */
  readonly sendMail: SendMail | undefined;
  /** Where the page is on which the code is typed in. */
  readonly pageUrl: string;
  /** By address: how often somebody may ask. */
  readonly askers: FailureLimiter;
  /** By address: codes that are none. */
  readonly strangers: FailureLimiter;
  readonly accounts: AccountGuard;
  readonly log: AccessLog;
  readonly now: () => Date;
  readonly newId: () => string;
}

export interface PasswordReset {
  readonly available: boolean;
  /**
   * A mail goes to the address of the user who has this user name or e-mail, if there is one. Answers before any of it is looked up.
   * @throws AccessError AUT-1099 when no mail can be sent at all, AUT-0001 without a client, AUT-0015
   */
  request(asked: { username: string; clientId: string | undefined }, address: string): void;
  /** @throws AccessError IDE-0105, AUT-1010 whatever is wrong with the code, AUT-0016, AUT-0015, AUT-1099 */
  complete(shown: { resetToken: string; newPassword: string }, address: string): Promise<void>;
  /** Resolves when no mail is under way. */
  settled(): Promise<void>;
}

const validMinutes = 30;
/** Mails to one person within an hour: nobody's mailbox is filled by strangers. */
const mailsPerHour = 3;
/** Requests that wait to be looked at; what comes beyond that is dropped, with a line in the log. */
const waitingMax = 200;

/**
 * A forgotten password, without an administrator. Who asks learns nothing of whether the user exists: the answer is given first.
 * The code in the mail is good once and for half an hour, kept as a hash, and void when the user's e-mail has changed. Whoever
 * reads the mail has shown to be at home at this address: attempts on the account from elsewhere lock them out no more.
 */
export function createPasswordReset(options: PasswordResetOptions): PasswordReset {
  const { store, multiTenant, tenantStatus, passwords, commit, sendMail, askers, strangers, log, now, newId } = options;
  const queue = new PQueue({ concurrency: 2 });

  async function look(username: string, clientId: string | undefined, address: string, send: SendMail): Promise<void> {
    const tenantId = await findTenantOfLogin(store, clientId, multiTenant);
    if (tenantId === undefined) return;
    if (multiTenant && (await tenantStatus(tenantId)) !== 'active') return;
    const mail = await withDirectory(store, tenantId, async (tx) => {
      const user = await findUserToReset(tx, username);
      const tenant = await findTenant(tx);
      if (user === undefined || user.disabled || tenant === undefined) return undefined;
      await lockUser(tx, user.id);
      const at = now();
      if ((await countPasswordResets(tx, user.id, new Date(at.getTime() - 3_600_000))) >= mailsPerHour)
        return undefined;
      const { text, hash } = newOpaqueToken('reset', tenantId);
      const expiresAt = new Date(at.getTime() + validMinutes * 60_000);
      await insertPasswordReset(tx, { hash, userId: user.id, email: user.email, at, expiresAt });
      const event = { kind: 'password', result: 'ok', reason: 'reset_asked', target: user.id, address } as const;
      await insertAuditEvent(tx, newId(), at, event);
      const page = clientId === undefined ? options.pageUrl : `${options.pageUrl}?client_id=${clientId}`;
      return { to: user.email, ...wording(user.username, tenant.ownerOrganization, text, page) };
    });
    if (mail !== undefined) await send(mail);
  }

  async function findUserOfCode(tx: DirectoryTx, { hash }: OpaqueToken) {
    const reset = await findPasswordReset(tx, hash, now());
    const user = reset && (await findUserById(tx, reset.userId));
    return user === undefined || user.disabled || user.email !== reset?.email ? undefined : user;
  }

  return Object.freeze({
    available: sendMail !== undefined,
    request({ username, clientId }: { username: string; clientId: string | undefined }, address: string) {
      if (sendMail === undefined)
        throw new AccessError('unavailable', {
          message: 'No e-mail can be sent from here. Ask an administrator for a new password.',
          retryAfterSeconds: 3_600,
        });
      if (multiTenant && clientId === undefined)
        throw new AccessError('missing_fields', { message: 'The client is missing: it says which tenant is meant.' });
      askers.check(sourceOf(address));
      askers.countFailure(sourceOf(address));
      const lost = (error: unknown) => log.error({ err: error }, 'a request for a new password was not answered');
      if (queue.size >= waitingMax) lost(new Error('too many requests wait'));
      else queue.add(() => look(username, clientId, address, sendMail)).catch(lost);
    },
    async complete({ resetToken, newPassword }: { resetToken: string; newPassword: string }, address: string) {
      checkPasswordPolicy(newPassword);
      strangers.check(sourceOf(address));
      const token = readOpaqueToken('reset', resetToken.trim());
      const isOurs = token !== undefined && isOfMode(token.tenantId, multiTenant);
      // Before the slow hash: codes that are none cost nothing.
      if (!isOurs || (await withDirectory(store, token.tenantId, (tx) => findUserOfCode(tx, token))) === undefined) {
        strangers.countFailure(sourceOf(address));
        throw resetRefused();
      }
      const { tenantId } = token;
      if (multiTenant) await refuseInactive(tenantStatus, tenantId);
      const passwordHash = await passwords.hash(newPassword);
      const username = await commit({ tenantId, actor: undefined, address }, async (tx, at) => {
        const user = await findUserOfCode(tx, token);
        if (user === undefined) throw resetRefused();
        // The mail has arrived there.
        await updateUser(tx, user.id, { password_hash: passwordHash, email_verified: true }, at);
        // Of two who show the code at once, the second finds it gone.
        if ((await deletePasswordResets(tx, user.id)) === 0) throw resetRefused();
        await rememberSource(tx, user.id, sourceOf(address), at);
        const subject = { kind: 'person', subject: user.id } as const;
        await endSessionsOfPerson(tx, user.id, 'password_changed', at);
        return {
          answer: user.username,
          event: { kind: 'password', reason: 'reset_by_mail', target: user.id },
          changed: subject,
        };
      });
      options.accounts.of(tenantId, username, address).succeeded();
    },
    settled: () => queue.onIdle(),
  });
}

function wording(username: string, organization: string, code: string, page: string) {
  return {
    subject: 'A new password',
    text: `Somebody, we hope you, asked for a new password for the user ${username} of ${organization}.

The code, good once and for ${validMinutes} minutes:

${code}

Enter it at ${page}

If it was not you, do nothing: your password stays as it is.
`,
  };
}

function resetRefused(): AccessError {
  return new AccessError('reset_token_invalid', {
    message: 'The code is not valid: it is unknown, used or older than half an hour. Ask for another one.',
  });
}
