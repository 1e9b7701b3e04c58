import type { TenantId } from '@cofferdam/core';
import { AccessError } from '../access-errors.js';
import { insertAuditEvent } from '../directory/audit-events.js';
import { holdClient } from '../directory/client-lock.js';
import { type AccessStore, type DirectoryTx, withDirectory } from '../directory/with-directory.js';
import type { MfaSecrets } from '../mfa/mfa-secrets.js';
import {
  countWrongCodes,
  insertMfaSession,
  listEnabledFactors,
  lockMfaSession,
  type MfaSession,
  updateMfaSession,
} from '../mfa/mfa-store.js';
import { isRememberedDevice, rememberDevice } from '../mfa/remembered-devices.js';
import { isOfMode } from '../reserved-tenants.js';
import { newOpaqueToken, type OpaqueToken, readOpaqueToken } from '../tokens/opaque-token.js';
import type { MfaKind } from '../tokens/session-tables.js';
import type { TokenIssuer, TokenPlan, TokenSubject } from '../tokens/token-issuer.js';
import { finishTokenSet, openSession, type TokenSet } from '../tokens/token-set.js';
import { checkCode, type ShownCode } from './check-code.js';
import type { FailureLimiter } from './failure-limiter.js';
import type { Authenticated, MfaChallenge } from './login.js';
import { deliverCode, type SendCode } from './send-code.js';
import { sourceOf } from './source-of.js';
import { refuseInactive, type TenantStatusPort } from './tenant-status.js';
import { findTokenSubject } from './token-subject.js';

/** access-manager §2.7. */
export const mfaLimits = {
  sessionSeconds: 300,
  attempts: 5,
  /** The first, and three more. */
  sends: 4,
  /** Wrong codes of one person within an hour over all sessions. It ends by itself: nobody is locked out for good. */
  attemptsPerHour: 15,
} as const;

export interface SecondFactorOptions {
  readonly store: AccessStore;
  readonly multiTenant: boolean;
  readonly tenantStatus: TenantStatusPort;
  readonly issuer: TokenIssuer;
  readonly secrets: MfaSecrets;
  /** Undefined: codes by e-mail and SMS cannot be had, and are not offered. */
  readonly sendCode: SendCode | undefined;
  /** By address: random guesses of tokens. */
  readonly strangers: FailureLimiter;
  readonly now: () => Date;
  readonly newId: () => string;
}

export interface SecondFactor {
  /**
   * After a right password, in the transaction of the login: undefined when the password is enough, because the person has
   * no second factor or the device is remembered.
   */
  begin(tx: DirectoryTx, subject: TokenSubject, deviceToken: string | undefined): Promise<MfaChallenge | undefined>;
  /** @throws AccessError AUT-1006, AUT-1008, AUT-0009 not switched on, AUT-1099 the sender failed */
  challenge(request: { mfaToken: string; mfaType: MfaKind }, address: string): Promise<void>;
  /** @throws AccessError AUT-1006 token, AUT-1007 code, AUT-1008 too many tries, AUT-0016 */
  verify(request: ShownCode & { mfaToken: string; rememberDevice: boolean }, address: string): Promise<VerifiedLogin>;
  /** The same without tokens, for a login of that client: the authorization endpoint gives out a code. */
  authenticate(request: ShownCode & { mfaToken: string }, of: OfClient, address: string): Promise<Authenticated>;
}

/** The client that a login is for. */
export interface OfClient {
  readonly tenantId: TenantId;
  readonly clientId: string;
}

export interface VerifiedLogin {
  readonly tokens: TokenSet;
  /** When the device is to be remembered: sent along at its next login. */
  readonly deviceToken: string | undefined;
}

interface Verified {
  readonly subject: TokenSubject;
  readonly opened: Awaited<ReturnType<typeof openSession>>;
  readonly deviceToken: string | undefined;
}

/** A refusal decided in a transaction that must commit all the same; thrown after it. */
type Refused = { readonly refusal: AccessError };

export function createSecondFactor(options: SecondFactorOptions): SecondFactor {
  const { store, multiTenant, tenantStatus, issuer, secrets, sendCode, strangers, now, newId } = options;

  async function withSession<T extends object>(
    mfaToken: string,
    address: string,
    work: (tx: DirectoryTx, session: MfaSession, hash: Buffer) => Promise<T | Refused>,
  ): Promise<T> {
    strangers.check(sourceOf(address));
    const token = readOpaqueToken('mfa', mfaToken);
    const known = token !== undefined && isOfMode(token.tenantId, multiTenant);
    const outcome = known ? await inTenant(token, work) : { refusal: invalidToken() };
    if (!('refusal' in outcome)) return outcome;
    if (outcome.refusal.reasonName === 'mfa_token_invalid') strangers.countFailure(sourceOf(address));
    throw outcome.refusal;
  }

  function inTenant<T extends object>(
    { tenantId, hash }: OpaqueToken,
    work: (tx: DirectoryTx, session: MfaSession, hash: Buffer) => Promise<T | Refused>,
  ): Promise<T | Refused> {
    return withDirectory(store, tenantId, async (tx): Promise<T | Refused> => {
      const session = await lockMfaSession(tx, hash);
      if (session === undefined || session.ended || session.expiresAt <= now()) return { refusal: invalidToken() };
      const hourAgo = new Date(now().getTime() - 3_600_000);
      const exhausted =
        session.attempts >= mfaLimits.attempts ||
        (await countWrongCodes(tx, session.userId, hourAgo)) >= mfaLimits.attemptsPerHour;
      return exhausted ? { refusal: tooMany('wrong codes') } : work(tx, session, hash);
    });
  }

  /** Checks the code and ends the session between the steps; `then` goes on in the same transaction. */
  async function useCode<T extends object>(
    tx: DirectoryTx,
    session: MfaSession,
    hash: Buffer,
    shown: ShownCode,
    address: string,
    then: (verdict: { subject: TokenSubject }, at: Date) => Promise<T>,
  ): Promise<T | Refused> {
    const { userId, clientId } = session;
    const at = now();
    const audit = (result: 'ok' | 'failed', reason: string) =>
      insertAuditEvent(tx, newId(), at, { kind: 'mfa', result, reason, actor: userId, address });
    if (!(await checkCode(tx, secrets, session, shown, at))) {
      await updateMfaSession(tx, hash, { attempts: session.attempts + 1 });
      await audit('failed', 'wrong_code');
      return {
        refusal: new AccessError('mfa_code_wrong', { message: 'The code is not right, or was used before.' }),
      };
    }
    await holdClient(tx, clientId);
    const verdict = await findTokenSubject(tx, { kind: 'person', subject: userId, clientId }, at);
    if ('problem' in verdict) return { refusal: invalidToken() };
    if (multiTenant) await refuseInactive(tenantStatus, tx.tenantId);
    await updateMfaSession(tx, hash, { endedAt: at });
    await audit('ok', shown.recoveryCode === undefined ? shown.mfaType : 'recovery_code');
    return then(verdict, at);
  }

  return Object.freeze({
    async begin(tx: DirectoryTx, { subject, clientId }: TokenSubject, deviceToken: string | undefined) {
      const factors = await listEnabledFactors(tx, subject);
      const usable = factors.filter(({ kind }) => kind === 'app' || sendCode !== undefined);
      const preferred = usable[0] ?? factors[0];
      if (preferred === undefined) return undefined;
      if (deviceToken !== undefined && (await isRememberedDevice(tx, subject, deviceToken, now()))) return undefined;
      const { text, hash } = newOpaqueToken('mfa', tx.tenantId);
      const createdAt = now();
      const expiresAt = new Date(createdAt.getTime() + mfaLimits.sessionSeconds * 1_000);
      await insertMfaSession(tx, hash, { userId: subject, clientId, createdAt, expiresAt });
      return {
        mfaToken: text,
        // A factor that cannot be used now is still asked for: recovery codes remain.
        mfaTypes: (usable.length > 0 ? usable : factors).map(({ kind }) => kind),
        preferredType: preferred.kind,
        expiresInSeconds: mfaLimits.sessionSeconds,
      };
    },

    async challenge({ mfaToken, mfaType }: { mfaToken: string; mfaType: MfaKind }, address: string) {
      const sent = await withSession(mfaToken, address, async (tx, session, hash) => {
        const factor = (await listEnabledFactors(tx, session.userId)).find(({ kind }) => kind === mfaType);
        if (factor === undefined) return { refusal: notSwitchedOn() };
        if (mfaType === 'app') return { message: undefined };
        if (session.sends >= mfaLimits.sends) return { refusal: tooMany('codes have been sent') };
        const passcode = secrets.newPasscode();
        const codeHmac = secrets.passcodeHmac({ tenantId: tx.tenantId, userId: session.userId }, passcode);
        await updateMfaSession(tx, hash, { sends: session.sends + 1, codeKind: mfaType, codeHmac });
        const event = { kind: 'mfa', result: 'ok', reason: `${mfaType}_code_sent`, actor: session.userId } as const;
        await insertAuditEvent(tx, newId(), now(), { ...event, address });
        const expiresInSeconds = Math.ceil((session.expiresAt.getTime() - now().getTime()) / 1_000);
        const { userId } = session;
        const to = { tenantId: tx.tenantId, userId, kind: mfaType, destination: factor.destination };
        return { message: { ...to, code: passcode, expiresInSeconds } };
      });
      // After the commit: a sender may take seconds, and no lock waits for it.
      if (sent.message !== undefined) await deliverCode(store, sendCode, sent.message);
    },

    async verify(
      request: ShownCode & { mfaToken: string; rememberDevice: boolean },
      address: string,
    ): Promise<VerifiedLogin> {
      await issuer.ready();
      const plan: TokenPlan = issuer.plan();
      const verified = await withSession<Verified>(request.mfaToken, address, (tx, session, hash) =>
        useCode(tx, session, hash, request, address, async ({ subject }, at) => {
          const opened = await openSession(tx, newId(), subject, plan);
          const deviceToken = request.rememberDevice ? await rememberDevice(tx, session.userId, at) : undefined;
          return { subject, opened, deviceToken };
        }),
      );
      const tokens = await finishTokenSet(issuer, verified.subject, plan, verified.opened);
      return { tokens, deviceToken: verified.deviceToken };
    },

    async authenticate(request: ShownCode & { mfaToken: string }, { tenantId, clientId }: OfClient, address: string) {
      return withSession<Authenticated>(request.mfaToken, address, async (tx, session, hash) => {
        if (tx.tenantId !== tenantId || session.clientId !== clientId) return { refusal: invalidToken() };
        return useCode(tx, session, hash, request, address, async ({ subject }) => ({
          authenticated: subject.subject,
        }));
      });
    },
  });
}

function invalidToken(): AccessError {
  return new AccessError('mfa_token_invalid', {
    message: 'The MFA token is not valid: it is unknown, used or expired. Log in again.',
  });
}

function notSwitchedOn(): AccessError {
  return new AccessError('bad_request', { message: 'This second factor is not switched on: use one of mfaTypes.' });
}

function tooMany(what: string): AccessError {
  return new AccessError('mfa_exhausted', {
    message: `Too many ${what}. Log in again later; a recovery code does not help before.`,
    retryAfterSeconds: 300,
  });
}
