import type { RouteDefinition } from '../../http/route.js';
import type { AccessContext } from '../access-context.js';
import type { AccessStore } from '../directory/with-directory.js';
import type { Identity } from '../identity/identity-context.js';
import type { KeyRing } from '../keys/key-ring.js';
import { authorizeRoute } from '../routes/authorize.js';
import { getDirectoryChangesRoute } from '../routes/get-directory-changes.js';
import { getPermissionsRoute } from '../routes/get-permissions.js';
import { getRevocationsRoute } from '../routes/get-revocations.js';
import { getUserinfoRoute } from '../routes/get-userinfo.js';
import { healthRoutes } from '../routes/health.js';
import { identityRoutes } from '../routes/identity/index.js';
import { introspectRoute } from '../routes/introspect.js';
import { issueOauthTokenRoute } from '../routes/issue-oauth-token.js';
import { logInRoute } from '../routes/log-in.js';
import { logOutRoute } from '../routes/log-out.js';
import { challengeMfaRoute, verifyMfaRoute } from '../routes/mfa-login.js';
import { passwordResetRoutes } from '../routes/password-reset.js';
import { refreshTokenRoute } from '../routes/refresh-token.js';
import { revokeOauthTokenRoute } from '../routes/revoke-oauth-token.js';
import { listSigningKeysRoute, rotateSigningKeyRoute } from '../routes/signing-keys.js';
import { getJwksRoute, getOpenidConfigurationRoute } from '../routes/well-known.js';
import type { AccessManagerOptions } from './access-manager-options.js';
import type { Logins } from './logins.js';

/** The table of routes of this listener; the login page is mounted beside it. */
export function accessRoutes(
  { store, keys, logins, identity }: { store: AccessStore; keys: KeyRing; logins: Logins; identity: Identity },
  { multiTenant, issuer, algorithm, version, now }: AccessManagerOptions,
): RouteDefinition<AccessContext>[] {
  const { login, refresh, exchangeCode, secondFactor } = logins;
  return [
    logInRoute(login, multiTenant),
    issueOauthTokenRoute(login, refresh, exchangeCode, multiTenant),
    refreshTokenRoute(refresh),
    logOutRoute(logins.logout),
    revokeOauthTokenRoute(logins.revoke),
    introspectRoute(logins.introspect),
    challengeMfaRoute(secondFactor),
    verifyMfaRoute(secondFactor),
    ...passwordResetRoutes(logins.passwordReset),
    getPermissionsRoute(),
    authorizeRoute(now),
    getUserinfoRoute(store, now),
    getJwksRoute(keys),
    getOpenidConfigurationRoute(issuer, algorithm),
    getRevocationsRoute(store),
    getDirectoryChangesRoute(store),
    ...identityRoutes(identity),
    listSigningKeysRoute(keys, now),
    rotateSigningKeyRoute(keys, identity.audit, now),
    ...healthRoutes(store, version),
  ];
}
