import { AccessError } from '../access-errors.js';
import type { ClientSecrets } from '../credentials/client-secrets.js';
import { admitsAddress } from '../directory/allowed-addresses.js';
import { insertAuditEvent } from '../directory/audit-events.js';
import { type AccessStore, type DirectoryTx, withDirectory } from '../directory/with-directory.js';
import { isOfMode } from '../reserved-tenants.js';
import { endSessions } from '../tokens/end-sessions.js';
import { newOpaqueToken, readOpaqueToken } from '../tokens/opaque-token.js';
import { lockRefreshToken, rotateRefreshToken, type Session } from '../tokens/session-store.js';
import type { TokenIssuer, TokenPlan, TokenSubject } from '../tokens/token-issuer.js';
import { finishTokenSet, type TokenSet } from '../tokens/token-set.js';
import type { FailureLimiter } from './failure-limiter.js';
import { sourceOf } from './source-of.js';
import { refuseInactive, type TenantStatusPort } from './tenant-status.js';
import { findTokenSubject } from './token-subject.js';

export interface RefreshRequest {
  readonly refreshToken: string;
  /** Checked when given: the token is bound to the client of its login. */
  readonly clientId: string | undefined;
  readonly clientSecret: string | undefined;
}

export interface RefreshOptions {
  readonly store: AccessStore;
  readonly multiTenant: boolean;
  readonly tenantStatus: TenantStatusPort;
  readonly secrets: ClientSecrets;
  readonly issuer: TokenIssuer;
  /** By address: random guesses are hopeless, but cost the database a look each. */
  readonly strangers: FailureLimiter;
  /** A family has ended: other processes read it in the feed, this one need not wait. */
  readonly onRevoked: () => Promise<void>;
  readonly now: () => Date;
  readonly newId: () => string;
}

/** @throws AccessError AUT-1005 whatever is wrong with the token, AUT-0016 tenant suspended, AUT-0015, AUT-1099 */
export type Refresh = (request: RefreshRequest, address: string) => Promise<TokenSet>;

type Outcome =
  | { readonly subject: TokenSubject; readonly session: Session; readonly refreshToken: string }
  | { readonly refused: true; readonly ended: boolean };

/**
 * One use of a refresh token (access-manager §2.2): it is spent, and the family goes on with a new one. A spent one that
 * comes again ends its family, since two must hold it. Tenant, client and user are read anew. Refusals are decided in the
 * transaction and thrown after it, so that what they ended stays ended.
 */
export function createRefresh(options: RefreshOptions): Refresh {
  const { store, multiTenant, issuer, strangers, onRevoked, now } = options;

  return async (request, address) => {
    strangers.check(sourceOf(address));
    const token = readOpaqueToken('refresh', request.refreshToken);
    const known = token !== undefined && isOfMode(token.tenantId, multiTenant);
    if (!known) throw refuse(strangers, address);
    await issuer.ready();
    const plan = issuer.plan();
    const outcome = await withDirectory(store, token.tenantId, (tx) =>
      useToken(tx, options, { ...request, hash: token.hash, address, plan, at: now() }),
    );
    if ('refused' in outcome) {
      if (outcome.ended) await onRevoked();
      throw refuse(strangers, address);
    }
    const { subject, session, refreshToken } = outcome;
    return finishTokenSet(issuer, subject, plan, {
      refreshToken,
      session: { id: session.id, startedAt: session.createdAt },
    });
  };
}

interface Use extends RefreshRequest {
  readonly hash: Buffer;
  readonly address: string;
  readonly plan: TokenPlan;
  readonly at: Date;
}

async function useToken(tx: DirectoryTx, options: RefreshOptions, use: Use): Promise<Outcome> {
  const { multiTenant, tenantStatus, secrets, newId } = options;
  const { hash, address, plan, at } = use;
  const found = await lockRefreshToken(tx, hash);
  if (found === undefined) return { refused: true, ended: false };
  const { session, expiresAt, used } = found;
  const audit = (result: 'ok' | 'failed', reason?: string) =>
    insertAuditEvent(tx, newId(), at, {
      kind: 'refresh',
      result,
      actor: session.subject,
      address,
      ...(reason !== undefined && { reason }),
    });
  if (session.endedAt !== undefined) return { refused: true, ended: false };
  if (used) {
    await audit('failed', 'reuse');
    return { refused: true, ended: (await endSessions(tx, [session.id], 'reuse', at)) > 0 };
  }
  if (expiresAt <= at) return { refused: true, ended: false };

  const verdict = await findTokenSubject(tx, session, at);
  if ('problem' in verdict) {
    const reason = verdict.problem === 'subject_gone_or_disabled' ? 'subject_disabled' : 'client_disabled';
    await audit('failed', verdict.problem);
    return { refused: true, ended: (await endSessions(tx, [session.id], reason, at)) > 0 };
  }
  const { allowedAddresses } = verdict.application;
  if (session.kind === 'application' && !admitsAddress(allowedAddresses, address)) {
    await audit('failed', 'address_not_allowed');
    return { refused: true, ended: false };
  }
  if (!isOfClient(use, session.clientId, secrets, verdict.application.secretHmacs)) {
    await audit('failed', 'wrong_client');
    return { refused: true, ended: false };
  }
  // The token is proven by now. Thrown inside: nothing is spent, and after the reactivation it works again.
  if (multiTenant) await refuseInactive(tenantStatus, tx.tenantId);
  const next = newOpaqueToken('refresh', tx.tenantId);
  await rotateRefreshToken(tx, hash, { hash: next.hash, sessionId: session.id, at: plan.issuedAt, access: plan });
  await audit('ok');
  return { subject: verdict.subject, session, refreshToken: next.text };
}

function isOfClient(
  { clientId, clientSecret }: RefreshRequest,
  sessionClientId: string,
  secrets: ClientSecrets,
  secretHmacs: readonly Buffer[],
): boolean {
  if (clientId !== undefined && clientId !== sessionClientId) return false;
  return clientSecret === undefined || secrets.matches(secretHmacs, clientSecret);
}

function refuse(strangers: FailureLimiter, address: string): AccessError {
  strangers.countFailure(sourceOf(address));
  return new AccessError('invalid_refresh_token', {
    message: 'The refresh token is not valid: it is unknown, spent, expired or revoked. Log in again.',
  });
}
