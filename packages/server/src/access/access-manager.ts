import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import type pg from 'pg';
import { createAuthenticate } from '../http/authenticate.js';
import type { DirectoryFeed } from '../http/directory-feed.js';
import { createKeySource } from '../http/jwks.js';
import { createListener, registerRoutes } from '../http/listener.js';
import type { PermissionSource, Principal } from '../http/principal.js';
import { createRevocationList, type RevocationList } from '../http/revocation-list.js';
import type { RouteDefinition } from '../http/route.js';
import type { TokenRules } from '../http/verify-token.js';
import { type AccessContext, createAccessAdmission } from './access-context.js';
import { type AccessSeeder, createAccessSeeder } from './access-seeder.js';
import { type ClientSecrets, createClientSecrets } from './credentials/client-secrets.js';
import { deriveKey } from './credentials/derived-key.js';
import { createPasswords, type Passwords, type PasswordsOptions } from './credentials/passwords.js';
import { createSecretMaker, type SecretMaker } from './credentials/secret-maker.js';
import { deriveServiceKey } from './credentials/service-key.js';
import type { TokenAlgorithm } from './directory/tables.js';
import { type AccessStore, createAccessStore } from './directory/with-directory.js';
import { createAuditRetention } from './identity/audit-retention.js';
import { createChangeDirectory, createCommitChange } from './identity/change-directory.js';
import type { Identity } from './identity/identity-context.js';
import { type KeyRing, openKeyRing } from './keys/key-ring.js';
import { createAccountGuard } from './login/account-guard.js';
import { createAuditTrail } from './login/audit-trail.js';
import { createClientAuthentication } from './login/client-authentication.js';
import { createFailureLimiter } from './login/failure-limiter.js';
import { createHousekeeping } from './login/housekeeping.js';
import { createIntrospect } from './login/introspect.js';
import { createLogin } from './login/login.js';
import { createLogout } from './login/logout.js';
import { createPasswordReset } from './login/password-reset.js';
import { createRefresh } from './login/refresh.js';
import { createRevoke } from './login/revoke.js';
import { createSecondFactor } from './login/second-factor.js';
import type { SendCode } from './login/send-code.js';
import type { TenantStatusPort } from './login/tenant-status.js';
import { createMfaSecrets } from './mfa/mfa-secrets.js';
import { createMfaSettings, type MfaSettings } from './mfa/mfa-settings.js';
import { createExchangeCode } from './oidc/exchange-code.js';
import { mountAuthorization } from './oidc/mount-authorization.js';
import { mountPasswordReset, passwordResetPageUrl } from './oidc/mount-password-reset.js';
import { createLocalPermissionSource } from './permissions/local-permission-source.js';
import type { Subjects } from './permissions/subjects.js';
import { createWatchedSubjects } from './permissions/watched-subjects.js';
import { renderAccessError } from './render-access-error.js';
import { authorizeRoute } from './routes/authorize.js';
import { getDirectoryChangesRoute } from './routes/get-directory-changes.js';
import { getPermissionsRoute } from './routes/get-permissions.js';
import { getRevocationsRoute } from './routes/get-revocations.js';
import { getUserinfoRoute } from './routes/get-userinfo.js';
import { healthRoutes } from './routes/health.js';
import { identityRoutes } from './routes/identity/index.js';
import { introspectRoute } from './routes/introspect.js';
import { issueOauthTokenRoute } from './routes/issue-oauth-token.js';
import { logInRoute } from './routes/log-in.js';
import { logOutRoute } from './routes/log-out.js';
import { challengeMfaRoute, verifyMfaRoute } from './routes/mfa-login.js';
import { passwordResetRoutes } from './routes/password-reset.js';
import { refreshTokenRoute } from './routes/refresh-token.js';
import { revokeOauthTokenRoute } from './routes/revoke-oauth-token.js';
import { listSigningKeysRoute, rotateSigningKeyRoute } from './routes/signing-keys.js';
import { getJwksRoute, getOpenidConfigurationRoute } from './routes/well-known.js';
import type { SendMail } from './senders/send-mail.js';
import { createAccessTokenReader } from './tokens/read-access-token.js';
import { readRevocations } from './tokens/read-revocations.js';
import { createTokenIssuer, tokenAudience } from './tokens/token-issuer.js';

export interface AccessManagerOptions {
  /** Of the service login, search path `access` (access-database.ts). The caller ends it, after `close`. */
  readonly pool: pg.Pool;
  /** 32 bytes. */
  readonly encryptionKey: Buffer;
  readonly multiTenant: boolean;
  /** Claim `iss`, and the base of the URLs in discovery. */
  readonly issuer: string;
  /** Claim `env`. */
  readonly environmentName: string;
  readonly algorithm: TokenAlgorithm;
  readonly tenantStatus: TenantStatusPort;
  readonly trustedProxies: readonly string[];
  readonly version: string;
  readonly logger: FastifyBaseLogger;
  readonly now: () => Date;
  readonly newId: () => string;
  /** Delivers codes by e-mail and SMS; absent: those second factors are not offered at a login. */
  readonly sendCode?: SendCode;
  /** Delivers e-mails; absent: nobody can ask for a new password. */
  readonly sendMail?: SendMail;
  /** What services in other processes send in `X-API-Key`. Default: derived from the encryption key. */
  readonly serviceKey?: string;
  /** How long audit events are kept, at least 30 days. Default 365. */
  readonly auditRetentionDays?: number;
  /** How much of the machine password hashes may take. */
  readonly passwords?: PasswordsOptions;
}

export interface AccessManager {
  /** Not listening yet. */
  readonly app: FastifyInstance;
  readonly routes: readonly RouteDefinition<AccessContext>[];
  readonly store: AccessStore;
  readonly keys: KeyRing;
  readonly subjects: Subjects;
  readonly passwords: Passwords;
  readonly secrets: ClientSecrets;
  /** For the routes by which a person sets second factors up. */
  readonly mfaSettings: MfaSettings;
  /** For tenant provisioning. */
  readonly secretMaker: SecretMaker;
  readonly seeder: AccessSeeder;
  /** For a ledger in the same process, as the next. */
  readonly permissions: PermissionSource;
  readonly revocations: RevocationList;
  /** Hears of changes made by other processes. */
  readonly changes: DirectoryFeed;
  /** Ends the listener, then waits until every audit event is kept. */
  close(): Promise<void>;
}

/** What was known may be used so long while the database cannot be reached (contract, "Fail-static"). */
const failStaticMs = 15 * 60_000;

/**
 * Puts the Access Manager together. The database must have been prepared. Throws when it cannot be reached, or when the
 * signing key was sealed with another encryption key.
 */
export async function createAccessManager(options: AccessManagerOptions): Promise<AccessManager> {
  const { encryptionKey, multiTenant, issuer, environmentName, algorithm, tenantStatus, now, newId } = options;
  const store = createAccessStore(options.pool);
  const keys = await openKeyRing({ store, encryptionKey, algorithm, now });
  const passwords = createPasswords(options.passwords);
  const secrets = createClientSecrets(encryptionKey, newId);
  const { subjects, changes } = createWatchedSubjects({
    store,
    now,
    onError: (error) => options.logger.warn({ err: error }, 'the changes of the directory cannot be read'),
  });
  const retention = createAuditRetention({
    store,
    days: options.auditRetentionDays ?? 365,
    now,
    onError: (error) => options.logger.warn({ err: error }, 'old audit events could not be removed'),
  });
  const audit = createAuditTrail({ store, now, newId, log: options.logger });
  const shared = { store, multiTenant, tenantStatus, secrets, now, newId };
  const housekeeping = createHousekeeping({ store, now, log: options.logger });
  const onIssued = housekeeping.visit;
  const tokens = createTokenIssuer({ issuer, environmentName, multiTenant, keys, now, newId, onIssued });
  const revocations = createRevocationList({
    load: (since) => readRevocations(store, since),
    now,
    usableForMs: failStaticMs,
    onError: (error) => options.logger.warn({ err: error }, 'the revocations cannot be read'),
  });
  const onRevoked = () => revocations.refresh();
  const serviceKey = options.serviceKey ?? deriveServiceKey(encryptionKey);
  const mfaSecrets = createMfaSecrets(encryptionKey);
  const secondFactor = createSecondFactor({
    store,
    multiTenant,
    tenantStatus,
    issuer: tokens,
    secrets: mfaSecrets,
    sendCode: options.sendCode,
    strangers: createFailureLimiter({ now, failuresMax: 30, what: 'unknown MFA tokens from this address' }),
    now,
    newId,
  });
  const accounts = createAccountGuard({ now });
  const login = createLogin({
    ...shared,
    passwords,
    issuer: tokens,
    audit,
    limiter: createFailureLimiter({ now }),
    strangers: createFailureLimiter({
      now,
      failuresMax: 30,
      what: 'failed logins of unknown clients from this address',
    }),
    accounts,
    secondFactor,
  });
  const refresh = createRefresh({
    ...shared,
    issuer: tokens,
    strangers: createFailureLimiter({ now, failuresMax: 30, what: 'wrong refresh tokens from this address' }),
    onRevoked,
  });
  const exchangeCode = createExchangeCode({
    ...shared,
    issuer: tokens,
    limiter: createFailureLimiter({ now, what: 'wrong codes of this client from this address' }),
    onRevoked,
  });
  const rules: TokenRules = {
    // From memory: asking again costs nothing, and a token of a key just made is known at once.
    keys: createKeySource({ load: () => keys.publicKeys(), now, freshForMs: 60_000, unknownEveryMs: 0 }),
    issuer,
    audience: tokenAudience,
    environment: environmentName,
    multiTenant,
    now,
  };
  const isRevoked = (principal: Principal) => revocations.isRevoked(principal);
  const readAccessToken = createAccessTokenReader(rules, isRevoked);
  const revoke = createRevoke({
    ...shared,
    authenticateClient: createClientAuthentication({ ...shared, audit, limiter: createFailureLimiter({ now }) }),
    readAccessToken,
    onRevoked,
  });
  const logout = createLogout({ store, keys, issuer, multiTenant, onRevoked, now, newId });

  const mfaSettings = createMfaSettings(mfaSecrets, now);
  const commit = createCommitChange({ store, subjects, onRevoked, now, newId });
  const passwordReset = createPasswordReset({
    store,
    multiTenant,
    tenantStatus,
    passwords,
    commit,
    sendMail: options.sendMail,
    pageUrl: `${issuer.replace(/\/+$/, '')}${passwordResetPageUrl}`,
    askers: createFailureLimiter({ now, what: 'requests for a new password from this address' }),
    strangers: createFailureLimiter({ now, failuresMax: 30, what: 'wrong codes from this address' }),
    accounts,
    log: options.logger,
    now,
    newId,
  });
  const identity: Identity = {
    store,
    change: createChangeDirectory(commit),
    audit,
    passwords,
    secrets,
    limiter: createFailureLimiter({ now, what: 'wrong passwords' }),
    mfa: mfaSettings,
    sendCode: options.sendCode,
    mfaIssuer: new URL(issuer).hostname,
    now,
    newId,
  };

  const routes = [
    logInRoute(login, multiTenant),
    issueOauthTokenRoute(login, refresh, exchangeCode, multiTenant),
    refreshTokenRoute(refresh),
    logOutRoute(logout),
    revokeOauthTokenRoute(revoke),
    introspectRoute(createIntrospect({ ...shared, readAccessToken })),
    challengeMfaRoute(secondFactor),
    verifyMfaRoute(secondFactor),
    ...passwordResetRoutes(passwordReset),
    getPermissionsRoute(),
    authorizeRoute(now),
    getUserinfoRoute(store, now),
    getJwksRoute(keys),
    getOpenidConfigurationRoute(issuer, algorithm),
    getRevocationsRoute(store),
    getDirectoryChangesRoute(store),
    ...identityRoutes(identity),
    listSigningKeysRoute(keys, now),
    rotateSigningKeyRoute(keys, audit, now),
    ...healthRoutes(store, options.version),
  ];
  const verify = createAuthenticate({ ...rules, isRevoked });
  const app = createListener({
    name: 'access',
    logger: options.logger,
    newRequestId: newId,
    renderError: renderAccessError,
    trustedProxies: options.trustedProxies,
  });
  const authenticate = async (request: Parameters<typeof verify>[0]) => (await verify(request)).principal;
  registerRoutes(
    app,
    routes,
    createAccessAdmission({
      authenticate,
      multiTenant,
      tenantStatus,
      subjects,
      audit,
      refusals: createFailureLimiter({ now }),
      serviceKey,
    }),
  );
  mountAuthorization(app, {
    store,
    issuer,
    multiTenant,
    cookieKey: deriveKey(encryptionKey, 'cookie-signing').toString('base64url'),
    trustsProxy: options.trustedProxies.length > 0,
    login: { login, secondFactor },
    offersPasswordReset: passwordReset.available,
    beginners: createFailureLimiter({ now, failuresMax: 300, what: 'logins begun from this address' }),
    onBegun: housekeeping.visit,
    now,
  });
  mountPasswordReset(app, passwordReset);

  revocations.start();
  changes.start();
  retention.start();
  return Object.freeze({
    app,
    revocations,
    changes,
    routes,
    store,
    keys,
    subjects,
    passwords,
    secrets,
    secretMaker: createSecretMaker(passwords, secrets),
    mfaSettings,
    seeder: createAccessSeeder({ store, now, newId, subjects }),
    permissions: createLocalPermissionSource(subjects, { multiTenant }),
    async close() {
      await app.close();
      await revocations.stop();
      await changes.stop();
      await retention.stop();
      await passwordReset.settled();
      await audit.settled();
      await housekeeping.settled();
    },
  });
}
