import { createHash, timingSafeEqual } from 'node:crypto';
import { AccessError } from '../access-errors.js';
import type { ClientSecrets } from '../credentials/client-secrets.js';
import { insertAuditEvent } from '../directory/audit-events.js';
import { holdClient } from '../directory/client-lock.js';
import { type AccessStore, type DirectoryTx, withDirectory } from '../directory/with-directory.js';
import type { FailureLimiter } from '../login/failure-limiter.js';
import { sourceOf } from '../login/source-of.js';
import { findTenantOfLogin } from '../login/tenant-of-login.js';
import { refuseInactive, type TenantStatusPort } from '../login/tenant-status.js';
import { findTokenSubject } from '../login/token-subject.js';
import { endSessions } from '../tokens/end-sessions.js';
import type { TokenIssuer, TokenPlan, TokenSubject } from '../tokens/token-issuer.js';
import { finishTokenSet, openSession, type TokenSet } from '../tokens/token-set.js';
import { hashOfRecord } from './record-store.js';

export interface CodeExchange {
  readonly code: string;
  readonly redirectUri: string;
  readonly codeVerifier: string;
  readonly clientId: string;
  /** Checked when given; PKCE binds the code to whoever asked for it in any case. */
  readonly clientSecret: string | undefined;
}

export interface ExchangeCodeOptions {
  readonly store: AccessStore;
  readonly multiTenant: boolean;
  readonly tenantStatus: TenantStatusPort;
  readonly secrets: ClientSecrets;
  readonly issuer: TokenIssuer;
  /** By client and address. */
  readonly limiter: FailureLimiter;
  readonly onRevoked: () => Promise<void>;
  readonly now: () => Date;
  readonly newId: () => string;
}

/** @throws AccessError invalid_code whatever is wrong with it, AUT-0016, AUT-0015, AUT-1099 */
export type ExchangeCode = (exchange: CodeExchange, address: string) => Promise<TokenSet>;

type Outcome =
  | { readonly subject: TokenSubject; readonly opened: Opened; readonly withIdToken: boolean }
  | { readonly refused: true; readonly ended: boolean };
type Opened = Awaited<ReturnType<typeof openSession>> & { session: { nonce?: string } };

/** What oidc-provider has written into a code. */
interface CodePayload {
  readonly clientId?: string;
  readonly accountId?: string;
  readonly redirectUri?: string;
  readonly codeChallenge?: string;
  readonly codeChallengeMethod?: string;
  readonly nonce?: string;
  readonly scope?: string;
}

/**
 * The second half of the authorization code flow (OAuth 2.1 §4.1.3): a code becomes a login of our token core, like every
 * other. One that comes a second time ends the login that it became.
 */
export function createExchangeCode(options: ExchangeCodeOptions): ExchangeCode {
  const { store, multiTenant, issuer, limiter, onRevoked } = options;
  return async (exchange, address) => {
    const limitKey = `${exchange.clientId.slice(0, 64)}|${sourceOf(address)}`;
    limiter.check(limitKey);
    const tenantId = await findTenantOfLogin(store, exchange.clientId, multiTenant);
    await issuer.ready();
    const plan = issuer.plan();
    const outcome: Outcome =
      tenantId === undefined
        ? { refused: true, ended: false }
        : await withDirectory(store, tenantId, (tx) => useCode(tx, options, exchange, address, plan));
    if ('refused' in outcome) {
      limiter.countFailure(limitKey);
      if (outcome.ended) await onRevoked();
      throw new AccessError('invalid_code', {
        message:
          'The code is not valid: it is unknown, used or expired, or client, redirect_uri or code_verifier differ.',
      });
    }
    const tokens = await finishTokenSet(issuer, outcome.subject, plan, outcome.opened);
    if (outcome.withIdToken) return tokens;
    const { idToken: _, scope: __, ...rest } = tokens;
    return rest;
  };
}

async function useCode(
  tx: DirectoryTx,
  { multiTenant, tenantStatus, secrets, now, newId }: ExchangeCodeOptions,
  exchange: CodeExchange,
  address: string,
  plan: TokenPlan,
): Promise<Outcome> {
  const { db, tenantId } = tx;
  const at = now();
  const hash = hashOfRecord(exchange.code);
  const row = await db
    .selectFrom('oidc_record')
    .select(['payload', 'expires_at', 'consumed_at', 'session_id'])
    .where('tenant_id', '=', tenantId)
    .where('kind', '=', 'AuthorizationCode')
    .where('id_hash', '=', hash)
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined) return { refused: true, ended: false };
  const payload = JSON.parse(row.payload) as CodePayload;
  const { clientId, accountId, nonce, scope = '' } = payload;
  if (clientId === undefined || accountId === undefined) return { refused: true, ended: false };
  const event = { kind: 'login', actor: accountId, address } as const;
  /** Whoever shows a code of ours and is refused may have stolen it: its tenant is to know. */
  const refuse = async (reason: string): Promise<Outcome> => {
    await insertAuditEvent(tx, newId(), at, { ...event, result: 'failed', reason });
    return { refused: true, ended: false };
  };
  if (clientId !== exchange.clientId) return refuse('code_of_another_client');
  if (row.consumed_at !== null) {
    await insertAuditEvent(tx, newId(), at, { ...event, result: 'failed', reason: 'code_reuse' });
    const ids = row.session_id === null ? [] : [row.session_id];
    return { refused: true, ended: (await endSessions(tx, ids, 'reuse', at)) > 0 };
  }
  if (new Date(row.expires_at) <= at) return refuse('code_expired');
  if (!fits(payload, exchange)) return refuse('code_mismatch');
  await holdClient(tx, clientId);
  const verdict = await findTokenSubject(tx, { kind: 'person', subject: accountId, clientId }, at);
  if ('problem' in verdict) return refuse(verdict.problem);
  const { clientSecret } = exchange;
  if (clientSecret !== undefined && !secrets.matches(verdict.application.secretHmacs, clientSecret))
    return refuse('wrong_client_secret');
  if (multiTenant) await refuseInactive(tenantStatus, tenantId);

  const sessionId = newId();
  await db
    .updateTable('oidc_record')
    .set({ consumed_at: at, session_id: sessionId })
    .where('tenant_id', '=', tenantId)
    .where('kind', '=', 'AuthorizationCode')
    .where('id_hash', '=', hash)
    .execute();
  const { session, refreshToken } = await openSession(tx, sessionId, verdict.subject, plan);
  await insertAuditEvent(tx, newId(), at, { ...event, result: 'ok', reason: 'code' });
  return {
    subject: verdict.subject,
    opened: { refreshToken, session: { ...session, ...(nonce !== undefined && { nonce }) } },
    withIdToken: scope.split(' ').includes('openid'),
  };
}

/** The redirect URI to the letter, and the verifier of the challenge (RFC 7636 §4.6, S256 only). */
function fits(payload: CodePayload, { redirectUri, codeVerifier }: CodeExchange): boolean {
  if (payload.redirectUri !== redirectUri || payload.codeChallengeMethod !== 'S256') return false;
  if (!/^[\w.~-]{43,128}$/.test(codeVerifier)) return false;
  const challenge = createHash('sha256').update(codeVerifier, 'ascii').digest('base64url');
  const wanted = payload.codeChallenge ?? '';
  return challenge.length === wanted.length && timingSafeEqual(Buffer.from(challenge), Buffer.from(wanted));
}
