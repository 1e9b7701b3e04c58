import type { TenantId } from '@cofferdam/core';
import { AccessError } from '../access-errors.js';
import type { ClientSecrets } from '../credentials/client-secrets.js';
import type { Passwords } from '../credentials/passwords.js';
import { type ApplicationRecord, findApplicationByClientId, findSystemApplication } from '../directory/applications.js';
import { insertAuditEvent } from '../directory/audit-events.js';
import { holdClient } from '../directory/client-lock.js';
import { isKnownSource, rememberSource } from '../directory/known-sources.js';
import { findTenant, type TenantRecord } from '../directory/tenants.js';
import { findUserByUsername, holdPassword, type UserRecord } from '../directory/users.js';
import { type AccessStore, withDirectory } from '../directory/with-directory.js';
import { systemTenantId } from '../reserved-tenants.js';
import type { MfaKind } from '../tokens/session-tables.js';
import type { TokenIssuer, TokenSubject } from '../tokens/token-issuer.js';
import { finishTokenSet, openSession, type TokenSet } from '../tokens/token-set.js';
import type { AccountGuard } from './account-guard.js';
import type { AuditTrail } from './audit-trail.js';
import type { FailureLimiter } from './failure-limiter.js';
import { logInMachine, type MachineLoginRequest } from './machine-login.js';
import type { SecondFactor } from './second-factor.js';
import { sourceOf } from './source-of.js';
import { findTenantOfLogin } from './tenant-of-login.js';
import { refuseInactive, type TenantStatusPort } from './tenant-status.js';
import { personSubject } from './token-subject.js';

/** A login as both faces of the token endpoint read it. */
export type LoginRequest = MachineLoginRequest | PersonLoginRequest;

export interface PersonLoginRequest {
  readonly grant: 'password';
  readonly username: string;
  readonly password: string;
  /** Says which tenant; may be absent in single-tenant mode only. */
  readonly clientId: string | undefined;
  /** Checked when given. */
  readonly clientSecret: string | undefined;
  /** Of a device on which the second factor was shown lately. */
  readonly deviceToken: string | undefined;
  /** Only who it is, and no tokens yet: the authorization endpoint gives out a code. */
  readonly forAuthorization?: boolean;
}

export interface LoginOptions {
  readonly store: AccessStore;
  readonly multiTenant: boolean;
  readonly tenantStatus: TenantStatusPort;
  readonly passwords: Passwords;
  readonly secrets: ClientSecrets;
  readonly issuer: TokenIssuer;
  readonly audit: AuditTrail;
  readonly limiter: FailureLimiter;
  /** By address: strangers who name no client of ours; each guess of theirs costs a slow hash, and a line of the audit. */
  readonly strangers: FailureLimiter;
  /** By account, whoever tries it from wherever. */
  readonly accounts: AccountGuard;
  readonly secondFactor: SecondFactor;
  readonly now: () => Date;
  readonly newId: () => string;
}

/** The password was right and a second factor is asked for (access-manager §2.1). */
export interface MfaChallenge {
  readonly mfaToken: string;
  readonly mfaTypes: readonly MfaKind[];
  readonly preferredType: MfaKind;
  readonly expiresInSeconds: number;
}

/** Who it is, by user id: the answer to a login for an authorization. */
export interface Authenticated {
  readonly authenticated: string;
}

export type LoginAnswer = TokenSet | MfaChallenge | Authenticated;

/** @throws AccessError AUT-1002 for whatever is wrong with the credentials, AUT-0016 tenant suspended, AUT-0015, AUT-1099 */
export type Login = (request: LoginRequest, address: string) => Promise<LoginAnswer>;

interface Found {
  readonly tenantId: TenantId;
  readonly tenant: TenantRecord | undefined;
  readonly application: ApplicationRecord | undefined;
  readonly user: UserRecord | undefined;
}

/**
 * Unknown client, unknown user, wrong secret and disabled account walk the same path: the same statements (against the
 * system tenant when the client is unknown), one secret verified, the same answer. Only correct credentials learn that
 * their tenant is suspended.
 */
export function createLogin(options: LoginOptions): Login {
  const { store, multiTenant, tenantStatus, issuer, audit, limiter, strangers, accounts, secondFactor, newId } =
    options;

  return async (request, address) => {
    const source = sourceOf(address);
    const limitKey = `${request.clientId?.slice(0, 64) ?? ''}|${source}`;
    limiter.check(limitKey);
    const tenantId = await findTenantOfLogin(store, request.clientId, multiTenant);
    const refuseGuessing = () => {
      limiter.check(limitKey);
      // Whoever makes client ids up has a new key for each: the address alone counts, or logins of all would wait for them.
      if (tenantId === undefined) strangers.check(source);
    };
    const failed = (reason: string, actor: string | undefined) => {
      limiter.countFailure(limitKey);
      const event = { kind: 'login', result: 'failed', address } as const;
      if (tenantId !== undefined)
        audit.recordLater(tenantId, { ...event, reason, ...(actor !== undefined && { actor }) });
      else if (strangers.countFailure(source))
        audit.recordLater(systemTenantId, { ...event, reason: 'unknown_client' });
      return badCredentials();
    };
    refuseGuessing();

    if (request.grant === 'client_credentials') {
      await issuer.ready();
      const plan = issuer.plan();
      const outcome = await withDirectory(store, tenantId ?? systemTenantId, (tx) =>
        logInMachine(tx, options, request, { address, plan }),
      );
      if ('refusal' in outcome) throw outcome.refusal;
      if ('subject' in outcome) return finishTokenSet(issuer, outcome.subject, plan, outcome.opened);
      // Others may have failed meanwhile.
      refuseGuessing();
      throw failed(outcome.problem, outcome.actor);
    }

    const account = accounts.of(tenantId, request.username, address);
    const found = await withDirectory(store, tenantId ?? systemTenantId, async (tx): Promise<Found> => {
      const now = options.now();
      const application =
        request.clientId === undefined
          ? await findSystemApplication(tx, now)
          : await findApplicationByClientId(tx, request.clientId, now);
      const user = await findUserByUsername(tx, request.username);
      // Another process, or this one before it was started anew, may have let them in from there.
      if (account.isRefused() && (await isKnownSource(tx, user?.id, source, now))) account.succeeded();
      return { tenantId: tx.tenantId, tenant: await findTenant(tx), application, user };
    });
    const beforeTurn = () => {
      refuseGuessing();
      account.check();
    };
    beforeTurn();

    const verdict = await judge(options, request, found, beforeTurn);
    if (tenantId === undefined || 'problem' in verdict) {
      account.countFailure();
      const problem = 'problem' in verdict ? verdict.problem : 'unknown_client';
      throw failed(problem, found.user?.id ?? found.application?.clientId);
    }

    account.succeeded();
    const event = { kind: 'login', actor: verdict.subject, address } as const;
    try {
      if (multiTenant) await refuseInactive(tenantStatus, tenantId);
    } catch (error) {
      await audit.record(tenantId, { ...event, result: 'refused', reason: 'tenant_not_active' });
      throw error;
    }
    await issuer.ready();
    const plan = issuer.plan();
    const { forAuthorization = false, deviceToken } = request;
    // No token without its record: one commit.
    const opened = await withDirectory(store, tenantId, async (tx) => {
      if (found.user !== undefined) {
        if (!(await holdPassword(tx, found.user))) throw badCredentials();
        await rememberSource(tx, found.user.id, source, options.now());
      }
      // While the slow hash was computed, the client may have been disabled.
      await holdClient(tx, verdict.clientId);
      const client = await findApplicationByClientId(tx, verdict.clientId, options.now());
      if (client === undefined || client.unusable) throw badCredentials();
      const challenge = await secondFactor.begin(tx, verdict, deviceToken);
      const outcome = challenge === undefined ? {} : { reason: 'second_factor_asked' };
      await insertAuditEvent(tx, newId(), options.now(), { ...event, ...outcome, result: 'ok' });
      return challenge ?? (forAuthorization ? undefined : openSession(tx, newId(), verdict, plan));
    });
    if (opened !== undefined && 'mfaToken' in opened) return opened;
    return forAuthorization ? { authenticated: verdict.subject } : finishTokenSet(issuer, verdict, plan, opened);
  };
}

function badCredentials(): AccessError {
  return new AccessError('bad_credentials', {
    message: 'The credentials are not valid. Check the client, the user name and the secret.',
  });
}

type Verdict = TokenSubject | { readonly problem: string };

/** Verifies the secrets first and always; only then looks at what else may be wrong. */
async function judge(
  { passwords, secrets }: LoginOptions,
  { clientSecret, password }: PersonLoginRequest,
  { tenantId, tenant, application, user }: Found,
  beforeTurn: () => void,
): Promise<Verdict> {
  const secretMatches = clientSecret === undefined || secrets.matches(application?.secretHmacs, clientSecret);
  const passwordMatches = await passwords.matches(user?.passwordHash, password, beforeTurn);

  if (tenant === undefined || application === undefined) return { problem: 'unknown_client' };
  if (!secretMatches) return { problem: 'wrong_client_secret' };
  if (user === undefined) return { problem: 'unknown_user' };
  if (!passwordMatches) return { problem: 'wrong_password' };
  if (user.disabled) return { problem: 'user_disabled' };
  if (application.unusable) return { problem: 'client_disabled_or_expired' };
  return personSubject({ tenantId }, tenant, application, user);
}
