import type { AccessStore } from '../directory/with-directory.js';
import { createAccountGuard } from '../login/account-guard.js';
import { createClientAuthentication } from '../login/client-authentication.js';
import { createFailureLimiter } from '../login/failure-limiter.js';
import { createIntrospect, type Introspect } from '../login/introspect.js';
import { createLogin, type Login } from '../login/login.js';
import { createLogout, type Logout } from '../login/logout.js';
import { createPasswordReset, type PasswordReset } from '../login/password-reset.js';
import { createRefresh, type Refresh } from '../login/refresh.js';
import { createRevoke, type Revoke } from '../login/revoke.js';
import { createSecondFactor, type SecondFactor } from '../login/second-factor.js';
import { createExchangeCode, type ExchangeCode } from '../oidc/exchange-code.js';
import { passwordResetPageUrl } from '../oidc/mount-password-reset.js';
import type { AccessManagerOptions } from './access-manager-options.js';
import type { DirectoryServices } from './directory-services.js';
import type { TokenCore } from './token-core.js';

/** Every way in and out, each with its own limits. */
export interface Logins {
  readonly login: Login;
  readonly secondFactor: SecondFactor;
  readonly refresh: Refresh;
  readonly exchangeCode: ExchangeCode;
  readonly revoke: Revoke;
  readonly introspect: Introspect;
  readonly logout: Logout;
  readonly passwordReset: PasswordReset;
}

export function createLogins(
  store: AccessStore,
  { keys, issuer, onRevoked, readAccessToken }: TokenCore,
  { passwords, secrets, mfaSecrets, audit, commit }: DirectoryServices,
  options: AccessManagerOptions,
): Logins {
  const { multiTenant, tenantStatus, sendCode, sendMail, logger, now, newId } = options;
  const shared = { store, multiTenant, tenantStatus, issuer, secrets, audit, onRevoked, readAccessToken, now, newId };
  /** Failures a minute, by whatever key the service counts them. */
  const perMinute = (failuresMax: number, what?: string) =>
    createFailureLimiter({ now, failuresMax, ...(what !== undefined && { what }) });
  const accounts = createAccountGuard({ now });
  const secondFactor = createSecondFactor({
    ...shared,
    secrets: mfaSecrets,
    sendCode,
    strangers: perMinute(30, 'unknown MFA tokens from this address'),
  });
  return {
    secondFactor,
    login: createLogin({
      ...shared,
      passwords,
      limiter: perMinute(10),
      strangers: perMinute(30, 'failed logins of unknown clients from this address'),
      accounts,
      secondFactor,
    }),
    refresh: createRefresh({ ...shared, strangers: perMinute(30, 'wrong refresh tokens from this address') }),
    exchangeCode: createExchangeCode({
      ...shared,
      limiter: perMinute(10, 'wrong codes of this client from this address'),
    }),
    revoke: createRevoke({
      ...shared,
      authenticateClient: createClientAuthentication({ ...shared, limiter: perMinute(10) }),
    }),
    introspect: createIntrospect(shared),
    logout: createLogout({ store, keys, issuer: options.issuer, multiTenant, onRevoked, now, newId }),
    passwordReset: createPasswordReset({
      ...shared,
      passwords,
      commit,
      sendMail,
      pageUrl: `${options.issuer.replace(/\/+$/, '')}${passwordResetPageUrl}`,
      askers: perMinute(10, 'requests for a new password from this address'),
      strangers: perMinute(30, 'wrong codes from this address'),
      accounts,
      log: logger,
    }),
  };
}
